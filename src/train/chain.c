/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/chain.h"

#include <math.h>
#include <stdlib.h>

#include "base/checked.h"

/* ---- Units ------------------------------------------------------------------------------------------- */

/* How far the gates of a unit are computed: means, two dense layers with their activations, of which the second may
 * consist of adding 3, ReLU6 and multiplying by 1/6. */
typedef enum gate_stage {
    GATE_NONE,
    GATE_POOLED,
    GATE_SQUEEZED,
    GATE_BENT,
    GATE_EXCITED,
    GATE_SHIFTED,
    GATE_CLIPPED,
    GATE_COMPLETE
} gate_stage;

typedef struct gate_part {
    gate_stage stage;
    int32_t unit;
} gate_part;

/* Reading the layers in their order. */
typedef struct chain {
    mn_train_net *t;
    const mn_net *net;
    int32_t *unit_of; /* [layer_count]: the unit that ends there; -1: the pictures */
    int32_t *padding; /* [layer_count]: the ZERO_PADDING layer between; -1: none */
    gate_part *gates; /* [layer_count]: of layers that compute gates */
    bool pooled;      /* global pooling has been seen */
} chain;

static mn_status refuse(const chain *c, const mn_layer *layer, const char *why) {
    return mn_net_fail(c->net, layer, MN_ERROR_UNSUPPORTED, "%s; training knows MobileNet V1 to V3 and nets like them",
                       why);
}

static mn_unit *unit_at(const chain *c, int32_t layer) {
    return c->unit_of[layer] < 0 ? NULL : &c->t->units[c->unit_of[layer]];
}

/* The value of `layer` is complete: later layers only read it. */
static bool ends(const chain *c, int32_t layer) {
    const mn_unit *unit = unit_at(c, layer);
    return !unit || (unit->last == layer && unit->norm >= 0);
}

static int32_t pad_before(const chain *c, const mn_layer *layer, int32_t in, int32_t k, int32_t out, int side) {
    int32_t padding = c->padding[layer->inputs[0]];
    if (padding >= 0) return c->net->layers[padding].pad[side];
    return layer->padding == MN_PAD_SAME ? mn_max_i32(0, (out - 1) * layer->stride + k - in) / 2 : 0;
}

static mn_status add_unit(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    int32_t from = layer->inputs[0], padding = c->padding[from];
    const mn_layer *in = &c->net->layers[padding >= 0 ? c->net->layers[padding].inputs[0] : from];
    bool depthwise = layer->kind == MN_LAYER_DEPTHWISE, picture = c->unit_of[from] < 0;
    bool pointwise = !depthwise && layer->k_h == 1 && layer->k_w == 1 && layer->stride == 1;
    if (layer->stride != layer->stride_w || layer->dilation_h != 1 || layer->dilation_w != 1 || layer->groups != 1 ||
        layer->multiplier != 1) {
        return refuse(c, layer, "a stride of two numbers, a dilation, groups or a multiplier");
    }
    if (layer->bias) return refuse(c, layer, "a convolution with a bias");
    if (picture && depthwise) return refuse(c, layer, "the first convolution must not be a depthwise one");
    if (!picture && !depthwise && !pointwise) return refuse(c, layer, "a full convolution behind the first");
    if (depthwise && (layer->k_h != layer->k_w || (layer->k_h != 3 && layer->k_h != 5) || layer->stride > 2)) {
        return refuse(c, layer, "a depthwise kernel that is not 3x3 or 5x5 with stride 1 or 2");
    }
    for (int side = 0; padding >= 0 && side < 4; side++) {
        if (c->net->layers[padding].pad[side] >= layer->k_h) return refuse(c, layer, "padding as wide as the kernel");
    }
    if (!picture && c->unit_of[from] != c->t->unit_count - 1) return refuse(c, layer, "a branch");
    if (padding < 0 && !ends(c, from)) return refuse(c, layer, "a convolution without batch norm before it");
    mn_unit unit = {.kind = picture     ? MN_UNIT_STEM
                            : depthwise ? MN_UNIT_DEPTHWISE
                                        : MN_UNIT_POINTWISE,
                    .conv = index,
                    .norm = -1,
                    .last = index,
                    .source = c->unit_of[from],
                    .skip = -1,
                    .in_h = in->h,
                    .in_w = in->w,
                    .in_c = in->c,
                    .in_p = picture ? in->c : mn_train_padded(in->c),
                    .out_h = layer->h,
                    .out_w = layer->w,
                    .out_c = layer->c,
                    .out_p = mn_train_padded(layer->c),
                    .k_h = layer->k_h,
                    .k_w = layer->k_w,
                    .stride = layer->stride,
                    .linear = true,
                    .stored = true,
                    .high = INFINITY,
                    .clip = {-INFINITY, INFINITY}};
    unit.pad_top = pad_before(c, layer, in->h, layer->k_h, layer->h, 0);
    unit.pad_left = pad_before(c, layer, in->w, layer->k_w, layer->w, 2);
    unit.kernel_rows = layer->k_h * layer->k_w * (depthwise ? 1 : in->c);
    c->unit_of[index] = c->t->unit_count;
    c->t->units[c->t->unit_count++] = unit;
    return MN_OK;
}

static mn_status add_norm(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    mn_unit *unit = unit_at(c, layer->inputs[0]);
    if (!unit || unit->last != layer->inputs[0] || unit->norm >= 0) return refuse(c, layer, "batch norm in this place");
    unit->norm = unit->last = index;
    unit->epsilon = layer->epsilon;
    unit->momentum = layer->momentum;
    c->unit_of[index] = c->unit_of[layer->inputs[0]];
    return MN_OK;
}

/* The activation of a layer; false for a layer that is none. */
static bool activation_of(const mn_layer *layer, mn_bend *bend, float *high) {
    *high = INFINITY;
    switch (layer->kind) {
    case MN_LAYER_RELU:
        *bend = MN_BEND_CLIP;
        *high = layer->max_value;
        return true;
    case MN_LAYER_ACTIVATION: *bend = MN_BEND_HARD_SWISH; return layer->function == MN_FUNCTION_HARD_SWISH;
    default: return false;
    }
}

static mn_status add_head_activation(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    mn_dense *dense = c->t->head_count > 0 ? &c->t->head[c->t->head_count - 1] : NULL;
    if (!dense || dense->bend != MN_BEND_NONE) return refuse(c, layer, "an activation in this place");
    return activation_of(layer, &dense->bend, &dense->high) ? MN_OK : refuse(c, layer, "such an activation");
}

static mn_status add_activation(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    mn_unit *unit = unit_at(c, layer->inputs[0]);
    mn_bend bend;
    float high;
    if (c->pooled) return add_head_activation(c, index);
    if (!unit || unit->norm != layer->inputs[0] || unit->last != unit->norm) {
        return refuse(c, layer, "an activation that does not follow batch norm");
    }
    if (!activation_of(layer, &bend, &high)) return refuse(c, layer, "such an activation");
    unit->last = index;
    unit->linear = unit->stored = false;
    unit->hard_swish = bend == MN_BEND_HARD_SWISH;
    if (bend == MN_BEND_CLIP) {
        unit->high = unit->clip[1] = high;
        unit->clip[0] = 0;
    }
    c->unit_of[index] = c->unit_of[layer->inputs[0]];
    return MN_OK;
}

/* Is `unit` the first of the block that unit `newest` ends: an expansion, or a depthwise convolution without one? */
static bool begins_block(const chain *c, int32_t unit, int32_t newest) {
    if (unit < 0) return false;
    return c->t->units[unit].kind == (unit == newest - 2 ? MN_UNIT_POINTWISE : MN_UNIT_DEPTHWISE);
}

/* One input is the unit just read, the other an earlier one, whose only other reader is the block's first unit. */
static mn_status add_sum(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    int32_t a = layer->inputs[0], b = layer->inputs[1], newest = c->t->unit_count - 1;
    int32_t skip = c->unit_of[b] == newest ? a : b, sum = skip == a ? b : a;
    mn_unit *unit = unit_at(c, sum), *other = unit_at(c, skip);
    int32_t first = c->unit_of[skip] + 1;
    if (!unit || !other || c->unit_of[sum] != newest || !unit->linear || unit->skip >= 0 || unit->last != sum ||
        unit->norm < 0 || !ends(c, skip) || other->gate || first > newest - 1 || first < newest - 2 ||
        !begins_block(c, first, newest)) {
        return refuse(c, layer, "an addition that is not that of an inverted residual");
    }
    other->stored = true;
    unit->skip = c->unit_of[skip];
    unit->last = index;
    c->unit_of[index] = newest;
    return MN_OK;
}

/* ---- The head ---------------------------------------------------------------------------------------- */

static bool is_one_pixel(const mn_layer *layer) {
    return layer->kind == MN_LAYER_DENSE || (layer->kind == MN_LAYER_CONV && layer->k_h == 1 && layer->k_w == 1 &&
                                             layer->h == 1 && layer->w == 1 && layer->groups == 1);
}

static mn_dense dense_of(const mn_net *net, int32_t index) {
    const mn_layer *layer = &net->layers[index];
    int32_t inputs = net->layers[layer->inputs[0]].c;
    return (mn_dense){.layer = index,
                      .in_c = inputs,
                      .in_p = mn_train_padded(inputs),
                      .out_c = layer->units,
                      .out_p = mn_train_padded(layer->units),
                      .high = INFINITY};
}

static mn_status add_dense(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    if (!c->pooled || !layer->bias || !is_one_pixel(layer)) {
        return refuse(c, layer, "a dense layer that is not behind global pooling, or has no bias");
    }
    c->t->head[c->t->head_count++] = dense_of(c->net, index);
    return MN_OK;
}

static mn_status add_pool(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    int32_t from = layer->inputs[0];
    if (!unit_at(c, from) || !ends(c, from) || c->unit_of[from] != c->t->unit_count - 1) {
        return refuse(c, layer, "pooling in this place");
    }
    c->pooled = true;
    c->t->pool = index;
    return MN_OK;
}

/* ---- Gates ------------------------------------------------------------------------------------------- */

/* Does a later product join layer `from` with something? Then what pools it computes gates. */
static bool is_gated(const chain *c, int32_t from) {
    for (int32_t i = from + 1; i < c->net->layer_count; i++) {
        const mn_layer *layer = &c->net->layers[i];
        if (layer->kind == MN_LAYER_MULTIPLY && (layer->inputs[0] == from || layer->inputs[1] == from)) return true;
    }
    return false;
}

static mn_status start_gate(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    mn_unit *unit = unit_at(c, layer->inputs[0]);
    if (!unit || !ends(c, layer->inputs[0]) || unit != &c->t->units[c->t->unit_count - 1] || unit->gate ||
        unit->kind != MN_UNIT_DEPTHWISE || unit->linear) {
        return refuse(c, layer, "gates that are not those of an activated depthwise convolution");
    }
    unit->gate = calloc(1, sizeof *unit->gate);
    if (!unit->gate) return mn_fail_memory("the layers to train");
    c->gates[index] = (gate_part){GATE_POOLED, c->unit_of[layer->inputs[0]]};
    return MN_OK;
}

/* What `layer` makes of gates at `stage`; the same for a layer that does nothing, GATE_NONE for one that does not
 * belong there. */
static gate_stage next_stage(const mn_layer *layer, gate_stage stage) {
    mn_bend bend;
    float high;
    switch (stage) {
    case GATE_POOLED: return is_one_pixel(layer) && layer->bias ? GATE_SQUEEZED : GATE_NONE;
    case GATE_SQUEEZED: return activation_of(layer, &bend, &high) ? GATE_BENT : GATE_NONE;
    case GATE_BENT: return is_one_pixel(layer) && layer->bias ? GATE_EXCITED : GATE_NONE;
    case GATE_EXCITED:
        return layer->kind == MN_LAYER_RESCALING && layer->scale == 1 && layer->offset == 3 ? GATE_SHIFTED : GATE_NONE;
    case GATE_SHIFTED: return layer->kind == MN_LAYER_RELU && layer->max_value == 6 ? GATE_CLIPPED : GATE_NONE;
    case GATE_CLIPPED:
        return layer->kind == MN_LAYER_RESCALING && fabsf(layer->scale - 1.0f / 6) < 1e-6f && layer->offset == 0
                   ? GATE_COMPLETE
                   : GATE_NONE;
    default: return GATE_NONE;
    }
}

static mn_status add_gate_layer(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    gate_part part = c->gates[layer->inputs[0]];
    mn_gate *gate = c->t->units[part.unit].gate;
    if (layer->kind != MN_LAYER_RESHAPE) part.stage = next_stage(layer, part.stage);
    switch (part.stage) {
    case GATE_NONE: return refuse(c, layer, "gates that are not two dense layers, ReLU and hard sigmoid");
    case GATE_SQUEEZED: gate->squeeze = dense_of(c->net, index); break;
    case GATE_BENT: (void)activation_of(layer, &gate->squeeze.bend, &gate->squeeze.high); break;
    case GATE_EXCITED: gate->excite = dense_of(c->net, index); break;
    case GATE_COMPLETE: gate->excite.bend = MN_BEND_HARD_SIGMOID; break;
    default: break;
    }
    c->gates[index] = part;
    return MN_OK;
}

static mn_status add_product(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    int32_t a = layer->inputs[0], b = layer->inputs[1];
    int32_t gates = c->gates[a].stage != GATE_NONE ? a : b, values = gates == a ? b : a;
    mn_unit *unit = unit_at(c, values);
    if (c->gates[gates].stage != GATE_COMPLETE || c->gates[values].stage != GATE_NONE || !unit ||
        unit != &c->t->units[c->gates[gates].unit] || unit->last != values || unit->gate->excite.out_c != unit->out_c) {
        return refuse(c, layer, "a product that is not of channels and their gates");
    }
    unit->last = index;
    c->unit_of[index] = c->unit_of[values];
    return MN_OK;
}

/* ---- The whole --------------------------------------------------------------------------------------- */

static mn_status add_layer(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    int32_t from = layer->inputs[0];
    c->padding[index] = -1;
    c->unit_of[index] = from >= 0 ? c->unit_of[from] : -1;
    if (layer->kind == MN_LAYER_MULTIPLY) return add_product(c, index);
    if (from >= 0 && c->gates[from].stage != GATE_NONE) return add_gate_layer(c, index);
    switch (layer->kind) {
    case MN_LAYER_INPUT: return layer->c == 3 ? MN_OK : refuse(c, layer, "pictures that are not RGB");
    case MN_LAYER_RESCALING:
        if (c->unit_of[from] >= 0) return refuse(c, layer, "rescaling behind a convolution");
        c->t->pixel_scale = layer->scale;
        c->t->pixel_offset = layer->offset;
        return MN_OK;
    case MN_LAYER_ZERO_PADDING:
        if (!ends(c, from)) return refuse(c, layer, "padding in this place");
        c->padding[index] = index;
        return MN_OK;
    case MN_LAYER_CONV: return c->pooled ? add_dense(c, index) : add_unit(c, index);
    case MN_LAYER_DEPTHWISE:
        return c->pooled ? refuse(c, layer, "such a layer behind the pooling") : add_unit(c, index);
    case MN_LAYER_BATCH_NORM: return add_norm(c, index);
    case MN_LAYER_RELU:
    case MN_LAYER_ACTIVATION: return add_activation(c, index);
    case MN_LAYER_ADD: return add_sum(c, index);
    case MN_LAYER_GLOBAL_POOL: return is_gated(c, from) ? start_gate(c, index) : add_pool(c, index);
    case MN_LAYER_RESHAPE:
    case MN_LAYER_DROPOUT: return c->pooled ? MN_OK : refuse(c, layer, "such a layer before the pooling");
    case MN_LAYER_DENSE: return add_dense(c, index);
    case MN_LAYER_SOFTMAX: return c->t->head_count > 0 ? MN_OK : refuse(c, layer, "such a layer before the classifier");
    default: return refuse(c, layer, "such a layer");
    }
}

/* What the head and QAT need of the whole. */
static mn_status check_chain(const chain *c) {
    const mn_net *net = c->net;
    const mn_train_net *t = c->t;
    const mn_dense *classifier = t->head_count > 0 ? mn_train_classifier(t) : NULL;
    if (!classifier) return refuse(c, &net->layers[net->layer_count - 1], "no classifier follows");
    if (classifier->bend != MN_BEND_NONE)
        return refuse(c, &net->layers[classifier->layer], "a classifier with an activation function");
    if (t->fake.mode == MN_QAT_NONE) return MN_OK;
    bool plain = t->head_count == 1;
    for (int32_t i = 0; i < t->unit_count; i++) plain = plain && !t->units[i].gate && !t->units[i].hard_swish;
    if (plain) return MN_OK;
    return mn_fail(MN_ERROR_UNSUPPORTED,
                   "%s: --qat knows nets of convolutions, ReLU and one dense layer, but this one has hard swish, gates "
                   "or more dense layers; train it without --qat, and use `quantize --optimize`",
                   net->name);
}

mn_status mn_train_read_layers(mn_train_net *t, const mn_net *net) {
    if (mn_net_output_count(net) > 1) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: the network has %d outputs; one with a single classifier can be trained", net->name,
                       mn_net_output_count(net));
    }
    chain c = {.t = t, .net = net};
    size_t layers = (size_t)net->layer_count;
    t->units = calloc(layers, sizeof *t->units);
    t->head = calloc(layers, sizeof *t->head);
    c.unit_of = calloc(layers, sizeof *c.unit_of);
    c.padding = calloc(layers, sizeof *c.padding);
    c.gates = calloc(layers, sizeof *c.gates);
    mn_status status =
        t->units && t->head && c.unit_of && c.padding && c.gates ? MN_OK : mn_fail_memory("the layers to train");
    for (int32_t i = 0; status == MN_OK && i < net->layer_count; i++) status = add_layer(&c, i);
    if (status == MN_OK) status = check_chain(&c);
    if (status == MN_OK) t->features = t->head[0].in_p;
    free(c.unit_of);
    free(c.padding);
    free(c.gates);
    return status;
}
