/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* MobileNet and MobileNetV3 of timm and torchvision. Which layers there are, and how wide, the arrays tell; strides and
 * activations are rows of a table. Layers are called as their arrays are. torchvision/models/mobilenetv3.py;
 * timm/models/mobilenetv3.py and efficientnet.py (_gen_mobilenet_v1). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "torch/matching.h"

enum { MAX_STAGES = 7, MAX_BLOCKS = 64 /* of one stage */, MAX_SIZE = 7 /* of a kernel */ };

typedef struct stage {
    int32_t blocks, stride; /* as published; timm's names tell how many there are */
    bool hard;              /* hard swish, not ReLU */
} stage;

typedef struct family {
    const char *name, *library;
    const char *anchor; /* an array that only it has */
    bool staged;        /* timm's names; else torchvision's */
    bool first;         /* MobileNet: ReLU6, also behind the second convolution of a block, and no shortcuts */
    float epsilon, momentum;
    int32_t stages;
    stage stage[MAX_STAGES];
    const char *last; /* the convolution behind the blocks; NULL: none */
} family;

/* Stages of the paper's tables 1 and 2. */
#define LARGE                                                                                                          \
    {1, 1, false}, {2, 2, false}, {3, 2, false}, {4, 2, true}, {2, 1, true}, { 3, 2, true }
#define SMALL                                                                                                          \
    {1, 2, false}, {2, 2, false}, {3, 2, true}, {2, 1, true}, { 3, 2, true }

static const family families[] = {
    {"MobileNetV3 large",
     "torchvision",
     "features.16.0.weight",
     false,
     false,
     1e-3f,
     0.99f,
     6,
     {LARGE},
     "features.16.0"},
    {"MobileNetV3 small",
     "torchvision",
     "features.12.0.weight",
     false,
     false,
     1e-3f,
     0.99f,
     5,
     {SMALL},
     "features.12.0"},
    {"MobileNetV3 large", "timm", "blocks.6.0.conv.weight", true, false, 1e-5f, 0.9f, 6, {LARGE}, "blocks.6"},
    {"MobileNetV3 small", "timm", "blocks.5.0.conv.weight", true, false, 1e-5f, 0.9f, 5, {SMALL}, "blocks.5"},
    {"MobileNet",
     "timm",
     "blocks.4.0.conv_pw.weight",
     true,
     true,
     1e-5f,
     0.9f,
     5,
     {{1, 1, false}, {2, 2, false}, {2, 2, false}, {6, 2, false}, {2, 2, false}},
     NULL},
};

typedef struct building {
    mn_torch_matching *m;
    const family *f;
    int32_t last; /* the layer added last */
} building;

/* ---- Layers ------------------------------------------------------------------------------------------ */

static mn_status add(building *b, const char *name, mn_layer layer, bool with_bias) {
    layer.name = name;
    layer.inputs[0] = b->last;
    return mn_net_add(b->m->net, &layer, with_bias, &b->last);
}

/* A layer without weights, called NAME_SUFFIX. */
static mn_status add_plain(building *b, const char *name, const char *suffix, mn_layer layer) {
    char full[MN_TORCH_NAME_CHARS + 16];
    snprintf(full, sizeof full, "%s_%s", name, suffix);
    return add(b, full, layer, false);
}

static mn_status add_activation(building *b, const char *name, bool hard) {
    mn_layer relu = {.kind = MN_LAYER_RELU, .max_value = b->f->first ? 6 : INFINITY};
    mn_layer swish = {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_HARD_SWISH};
    return add_plain(b, name, "act", hard ? swish : relu);
}

/* A convolution as its array is; PyTorch pads half the kernel on every side. */
static mn_status add_conv(building *b, const char *name, int32_t stride) {
    const mn_array *weight = mn_torch_find(b->m, name, "weight");
    int32_t channels = b->m->net->layers[b->last].c;
    if (!weight) return mn_torch_missing(b->m, name, "weight");
    int32_t size = weight->rank == 4 ? weight->dims[2] : 0;
    if (size < 1 || size > MAX_SIZE || size % 2 == 0) {
        return mn_fail(MN_ERROR_FORMAT, "%s: array '%.200s' is not that of a convolution in a %s", b->m->state->file,
                       weight->name, b->m->network);
    }
    bool depthwise = weight->dims[1] == 1 && weight->dims[0] == channels && channels > 1;
    int32_t half = size / 2;
    mn_layer layer = {.kind = depthwise ? MN_LAYER_DEPTHWISE : MN_LAYER_CONV,
                      .k_h = size,
                      .k_w = size,
                      .stride = stride,
                      .padding = stride > 1 ? MN_PAD_VALID : MN_PAD_SAME,
                      .units = weight->dims[0]};
    if (stride > 1) {
        MN_TRY(add_plain(b, name, "pad", (mn_layer){.kind = MN_LAYER_ZERO_PADDING, .pad = {half, half, half, half}}));
    }
    /* Its other dimension decides how much memory is taken. */
    if (!depthwise && weight->dims[1] != channels) {
        return mn_fail(MN_ERROR_FORMAT, "%s: array '%.200s' is for %d channels, but %d come in a %s", b->m->state->file,
                       weight->name, weight->dims[1], channels, b->m->network);
    }
    MN_TRY(add(b, name, layer, mn_torch_find(b->m, name, "bias") != NULL));
    return mn_torch_load(b->m, &b->m->net->layers[b->last], name);
}

static mn_status add_norm(building *b, const char *name) {
    mn_layer layer = {.kind = MN_LAYER_BATCH_NORM, .epsilon = b->f->epsilon, .momentum = b->f->momentum};
    MN_TRY(add(b, name, layer, false));
    return mn_torch_load(b->m, &b->m->net->layers[b->last], name);
}

static mn_status add_dense(building *b, const char *name) {
    const mn_array *weight = mn_torch_find(b->m, name, "weight");
    if (!weight || weight->rank != 2) return mn_torch_missing(b->m, name, "weight");
    if (weight->dims[1] != b->m->net->layers[b->last].c) {
        return mn_fail(MN_ERROR_FORMAT, "%s: array '%.200s' is for %d channels, but %d come in a %s", b->m->state->file,
                       weight->name, weight->dims[1], b->m->net->layers[b->last].c, b->m->network);
    }
    MN_TRY(add(b, name, (mn_layer){.kind = MN_LAYER_DENSE, .units = weight->dims[0]}, true));
    return mn_torch_load(b->m, &b->m->net->layers[b->last], name);
}

/* ---- Blocks ------------------------------------------------------------------------------------------ */

/* Names of a block's layers: convolution and batch norm of each step, and the two of the gate. */
typedef struct block_names {
    char expand[2][MN_TORCH_NAME_CHARS], depthwise[2][MN_TORCH_NAME_CHARS], gate[2][MN_TORCH_NAME_CHARS],
        project[2][MN_TORCH_NAME_CHARS];
    bool expands, gates;
} block_names;

static bool has(const building *b, const char *name) { return mn_torch_find(b->m, name, "weight") != NULL; }

static void name_timm(const building *b, int32_t s, int32_t i, block_names *n) {
    snprintf(n->project[0], MN_TORCH_NAME_CHARS, "blocks.%d.%d.conv_pwl", s, i);
    n->expands = has(b, n->project[0]);
    snprintf(n->expand[0], MN_TORCH_NAME_CHARS, "blocks.%d.%d.conv_pw", s, i);
    snprintf(n->expand[1], MN_TORCH_NAME_CHARS, "blocks.%d.%d.bn1", s, i);
    snprintf(n->depthwise[0], MN_TORCH_NAME_CHARS, "blocks.%d.%d.conv_dw", s, i);
    snprintf(n->depthwise[1], MN_TORCH_NAME_CHARS, "blocks.%d.%d.bn%d", s, i, n->expands ? 2 : 1);
    if (!n->expands) snprintf(n->project[0], MN_TORCH_NAME_CHARS, "blocks.%d.%d.conv_pw", s, i);
    snprintf(n->project[1], MN_TORCH_NAME_CHARS, "blocks.%d.%d.bn%d", s, i, n->expands ? 3 : 2);
    snprintf(n->gate[0], MN_TORCH_NAME_CHARS, "blocks.%d.%d.se.conv_reduce", s, i);
    snprintf(n->gate[1], MN_TORCH_NAME_CHARS, "blocks.%d.%d.se.conv_expand", s, i);
}

/* Steps are numbered as far as there are any. */
static void name_torchvision(const building *b, int32_t number, block_names *n) {
    int32_t step = 0;
    snprintf(n->expand[0], MN_TORCH_NAME_CHARS, "features.%d.block.0.0", number + 1);
    const mn_array *first = mn_torch_find(b->m, n->expand[0], "weight");
    n->expands = first && first->rank == 4 && first->dims[2] == 1;
    step += n->expands;
    for (int32_t k = 0; k < 2; k++) {
        snprintf(n->expand[k], MN_TORCH_NAME_CHARS, "features.%d.block.0.%d", number + 1, k);
        snprintf(n->depthwise[k], MN_TORCH_NAME_CHARS, "features.%d.block.%d.%d", number + 1, step, k);
        snprintf(n->gate[k], MN_TORCH_NAME_CHARS, "features.%d.block.%d.fc%d", number + 1, step + 1, k + 1);
    }
    step += 1 + has(b, n->gate[0]);
    for (int32_t k = 0; k < 2; k++) {
        snprintf(n->project[k], MN_TORCH_NAME_CHARS, "features.%d.block.%d.%d", number + 1, step, k);
    }
}

/* Squeeze-excite; the gate is min(max(x + 3, 0), 6) / 6. */
static mn_status add_gate(building *b, const block_names *n) {
    int32_t in = b->last;
    const char *squeeze = n->gate[0], *excite = n->gate[1];
    MN_TRY(add_plain(b, squeeze, "pool", (mn_layer){.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = true}));
    MN_TRY(add_conv(b, squeeze, 1));
    MN_TRY(add_activation(b, squeeze, false));
    MN_TRY(add_conv(b, excite, 1));
    MN_TRY(add_plain(b, excite, "shift", (mn_layer){.kind = MN_LAYER_RESCALING, .scale = 1, .offset = 3}));
    MN_TRY(add_plain(b, excite, "clip", (mn_layer){.kind = MN_LAYER_RELU, .max_value = 6}));
    MN_TRY(add_plain(b, excite, "gate", (mn_layer){.kind = MN_LAYER_RESCALING, .scale = 1.0f / 6}));
    mn_layer product = {.kind = MN_LAYER_MULTIPLY, .inputs = {in, b->last}};
    b->last = in;
    return add_plain(b, excite, "mul", product);
}

static mn_status add_block(building *b, const block_names *n, int32_t stride, bool hard) {
    int32_t in = b->last;
    if (n->expands) {
        MN_TRY(add_conv(b, n->expand[0], 1));
        MN_TRY(add_norm(b, n->expand[1]));
        MN_TRY(add_activation(b, n->expand[0], hard));
    }
    MN_TRY(add_conv(b, n->depthwise[0], stride));
    MN_TRY(add_norm(b, n->depthwise[1]));
    MN_TRY(add_activation(b, n->depthwise[0], hard));
    if (has(b, n->gate[0])) MN_TRY(add_gate(b, n));
    MN_TRY(add_conv(b, n->project[0], 1));
    MN_TRY(add_norm(b, n->project[1]));
    if (b->f->first) return add_activation(b, n->project[0], false);
    if (stride > 1 || b->m->net->layers[in].c != b->m->net->layers[b->last].c) return MN_OK;
    mn_layer sum = {.kind = MN_LAYER_ADD, .inputs = {in, b->last}};
    b->last = in;
    return add_plain(b, n->project[0], "add", sum);
}

static mn_status add_stages(building *b) {
    int32_t number = 0;
    for (int32_t s = 0; s < b->f->stages; s++) {
        const stage *row = &b->f->stage[s];
        for (int32_t i = 0; i < (b->f->staged ? MAX_BLOCKS : row->blocks); i++, number++) {
            block_names n;
            if (b->f->staged) name_timm(b, s, i, &n);
            if (!b->f->staged) name_torchvision(b, number, &n);
            if (b->f->staged && i > 0 && !has(b, n.depthwise[0])) break;
            MN_TRY(add_block(b, &n, i == 0 ? row->stride : 1, row->hard));
        }
    }
    return MN_OK;
}

/* ---- Ends -------------------------------------------------------------------------------------------- */

static mn_status add_pair(building *b, const char *conv, const char *norm, int32_t stride) {
    MN_TRY(add_conv(b, conv, stride));
    MN_TRY(add_norm(b, norm));
    return add_activation(b, conv, !b->f->first);
}

static mn_status add_stem(building *b) {
    mn_net *net = b->m->net;
    int32_t size = mn_torch_size(b->m);
    mn_layer input = {.name = "input", .kind = MN_LAYER_INPUT, .h = size, .w = size, .c = 3};
    MN_TRY(mn_net_add(net, &input, false, &b->last));
    return b->f->staged ? add_pair(b, "conv_stem", "bn1", 2) : add_pair(b, "features.0.0", "features.0.1", 2);
}

/* The last convolutions before pooling. */
static mn_status add_last(building *b) {
    char conv[MN_TORCH_NAME_CHARS], norm[MN_TORCH_NAME_CHARS];
    if (b->f->first) return has(b, "conv_head") ? add_pair(b, "conv_head", "bn2", 1) : MN_OK;
    for (int32_t i = 0; b->f->staged && i < MAX_BLOCKS; i++) {
        snprintf(conv, sizeof conv, "%s.%d.conv", b->f->last, i);
        snprintf(norm, sizeof norm, "%s.%d.bn1", b->f->last, i);
        if (i > 0 && !has(b, conv)) return MN_OK;
        MN_TRY(add_pair(b, conv, norm, 1));
    }
    snprintf(norm, sizeof norm, "%.*s1", (int)strlen(b->f->last) - 1, b->f->last);
    return add_pair(b, b->f->last, norm, 1);
}

/* Pooling, MobileNetV3's convolution or dense layer behind it, and the classifier. */
static mn_status add_top(building *b, mn_origin *origin) {
    static const char *const vision[] = {"classifier.0", "classifier.3"};
    char classifier[MN_TORCH_NAME_CHARS];
    int32_t classes;
    bool two = !b->f->staged && has(b, vision[0]) && has(b, vision[1]);
    if (two) snprintf(classifier, sizeof classifier, "%s", vision[1]);
    if (!two) MN_TRY(mn_torch_classifier(b->m, classifier, &classes));
    if (classifier[0] == '\0') return MN_OK;
    bool conv = b->f->staged && !b->f->first && has(b, "conv_head");
    MN_TRY(add_plain(b, "global", "pool", (mn_layer){.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = conv}));
    if (conv) MN_TRY(add_conv(b, "conv_head", 1));
    if (conv) MN_TRY(add_activation(b, "conv_head", true));
    if (conv) MN_TRY(add_plain(b, "conv_head", "flatten", (mn_layer){.kind = MN_LAYER_RESHAPE}));
    if (two) MN_TRY(add_dense(b, vision[0]));
    if (two) MN_TRY(add_activation(b, vision[0], true));
    MN_TRY(add_dense(b, classifier));
    origin->assumed_softmax = true;
    return b->m->options->no_softmax ? MN_OK
                                     : add_plain(b, classifier, "softmax", (mn_layer){.kind = MN_LAYER_SOFTMAX});
}

static mn_status build(building *b, mn_origin *origin) {
    mn_meaning *meaning = &b->m->net->meaning;
    b->m->net->name = b->m->state->file;
    origin->network = b->f->name;
    origin->untrainable = "of PyTorch's networks only a MobileNetV2 of a usual width can be trained on here";
    mn_meaning_set_imagenet(meaning);
    if (b->f->first) mn_meaning_set_range(meaning, -1, 1); /* timm trains MobileNet on a mean and deviation of 0.5 */
    MN_TRY(add_stem(b));
    MN_TRY(add_stages(b));
    MN_TRY(add_last(b));
    return add_top(b, origin);
}

mn_status mn_torch_match_others(mn_torch_matching *m, mn_origin *origin, bool *found) {
    char network[64];
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        const family *f = &families[i];
        building b = {.m = m, .f = f};
        if (!mn_torch_anchor(m, f->anchor)) continue;
        /* Blocks tell MobileNets from each other. */
        bool v3 = !f->staged ? has(&b, "features.2.block.1.0") : has(&b, "blocks.1.0.conv_pwl");
        bool v1 = !has(&b, "blocks.1.0.conv_pwl") && has(&b, "blocks.1.0.conv_pw");
        if (f->first ? !v1 : !v3) continue;
        if (strstr(m->state->file, "tf_mobilenet")) {
            return mn_fail(MN_ERROR_UNSUPPORTED,
                           "%s: timm's tf_ models pad as TensorFlow does, which weights do not tell; export it as ONNX",
                           m->state->file);
        }
        *found = true;
        snprintf(network, sizeof network, "%s of %s", f->name, f->library);
        m->network = mn_region_string(&m->region, network, strlen(network));
        if (!m->network) return mn_fail_memory("the list of weights");
        return build(&b, origin);
    }
    return MN_OK;
}
