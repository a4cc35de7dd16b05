/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net/mobilenet_v2.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const mn_v2_variant mn_v2_variants[MN_V2_VARIANTS] = {
    {1.4, 224},  {1.3, 224},  {1.0, 224},  {1.0, 192},  {1.0, 160},  {1.0, 128}, {1.0, 96},  {0.75, 224},
    {0.75, 192}, {0.75, 160}, {0.75, 128}, {0.75, 96},  {0.5, 224},  {0.5, 192}, {0.5, 160}, {0.5, 128},
    {0.5, 96},   {0.35, 224}, {0.35, 192}, {0.35, 160}, {0.35, 128}, {0.35, 96},
};

/* Table 2 of the paper: t, c, n, s. */
static const struct stage {
    int32_t expansion, filters, blocks, stride;
} stages[MN_V2_STAGES] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                          {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};

enum { STEM_FILTERS = 32, HEAD_FILTERS = 1280 };

static const struct norm {
    float epsilon, momentum;
} norms[] = {[MN_V2_KERAS] = {1e-3f, 0.999f}, [MN_V2_TORCH] = {1e-5f, 0.9f}};

/* ---- Channels ---------------------------------------------------------------------------------------- */

static int32_t make_divisible(double channels) {
    int32_t rounded = (int32_t)(channels + 4) / 8 * 8;
    if (rounded < 8) rounded = 8;
    return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

int32_t mn_v2_stem_channels(double width) { return make_divisible(STEM_FILTERS * width); }

/* Keras cuts the product to a whole number first, here and not in the stem: 8.96 gives 8, not 16. */
int32_t mn_v2_channels(int32_t filters, double width) { return make_divisible(floor(filters * width)); }

int32_t mn_v2_head_channels(double width) { return width > 1 ? make_divisible(HEAD_FILTERS * width) : HEAD_FILTERS; }

void mn_v2_plan_of(double width, mn_v2_plan *out) {
    *out = (mn_v2_plan){.stem = mn_v2_stem_channels(width), .head = mn_v2_head_channels(width)};
    for (int32_t i = 0; i < MN_V2_STAGES; i++) {
        out->filters[i] = mn_v2_channels(stages[i].filters, width);
        out->blocks[i] = stages[i].blocks;
    }
}

double mn_v2_width_of(const mn_v2_plan *plan) {
    for (int32_t i = 0; i < MN_V2_VARIANTS + 100 * MN_V2_MAX_WIDTH; i++) {
        double width = i < MN_V2_VARIANTS ? mn_v2_variants[i].width : (i - MN_V2_VARIANTS + 1) / 100.0;
        mn_v2_plan tried;
        mn_v2_plan_of(width, &tried);
        if (memcmp(&tried, plan, sizeof tried) == 0) return width;
    }
    return 0;
}

/* ---- Building ---------------------------------------------------------------------------------------- */

typedef struct building {
    mn_net *net;
    mn_v2_style style;
    const char *prefix; /* of the names of the block's layers */
    int32_t last;       /* the layer added last */
    mn_status status;   /* of the first failure; after it nothing is added */
} building;

/* Appends a layer called prefix + name that reads the last one. */
static void add(building *b, const char *name, mn_layer layer, bool with_bias) {
    char full[64];
    snprintf(full, sizeof full, "%s%s", b->prefix, name);
    layer.name = b->prefix[0] != '\0' ? full : name;
    layer.inputs[0] = b->last;
    if (b->status == MN_OK) b->status = mn_net_add(b->net, &layer, with_bias, &b->last);
}

static void add_norm(building *b, const char *name) {
    const struct norm *norm = &norms[b->style];
    add(b, name, (mn_layer){.kind = MN_LAYER_BATCH_NORM, .epsilon = norm->epsilon, .momentum = norm->momentum}, false);
}

static void add_relu6(building *b, const char *name) {
    add(b, name, (mn_layer){.kind = MN_LAYER_RELU, .max_value = 6}, false);
}

static void add_conv(building *b, const char *name, mn_layer conv) {
    conv.kind = MN_LAYER_CONV;
    add(b, name, conv, false);
}

static void add_pointwise(building *b, const char *name, int32_t units) {
    add_conv(b, name, (mn_layer){.k_h = 1, .k_w = 1, .stride = 1, .padding = MN_PAD_SAME, .units = units});
}

/* Padding by hand before a 3x3 convolution of stride 2: Keras takes one less before an even size (correct_pad). */
static void add_padding(building *b, const char *name) {
    if (b->status != MN_OK) return;
    const mn_layer *in = &b->net->layers[b->last];
    bool even = b->style == MN_V2_KERAS;
    int32_t top = even ? in->h % 2 : 1, left = even ? in->w % 2 : 1;
    add(b, name, (mn_layer){.kind = MN_LAYER_ZERO_PADDING, .pad = {top, 1, left, 1}}, false);
}

/* Keras leaves the padding of this one to the convolution. */
static void add_stem(building *b, int32_t units) {
    bool keras = b->style == MN_V2_KERAS;
    if (!keras) add_padding(b, "Conv1_pad");
    mn_padding padding = keras ? MN_PAD_SAME : MN_PAD_VALID;
    add_conv(b, "Conv1", (mn_layer){.k_h = 3, .k_w = 3, .stride = 2, .padding = padding, .units = units});
    add_norm(b, "bn_Conv1");
    add_relu6(b, "Conv1_relu");
}

static void add_depthwise(building *b, int32_t stride) {
    mn_layer depthwise = {.kind = MN_LAYER_DEPTHWISE, .k_h = 3, .k_w = 3, .stride = stride, .padding = MN_PAD_SAME};
    if (stride == 2) {
        add_padding(b, "pad");
        depthwise.padding = MN_PAD_VALID;
    }
    add(b, "depthwise", depthwise, false);
    add_norm(b, "depthwise_BN");
    add_relu6(b, "depthwise_relu");
}

static int32_t channels_of_last(const building *b) { return b->status == MN_OK ? b->net->layers[b->last].c : 1; }

static void add_block(building *b, int32_t number, int32_t expansion, int32_t stride, int32_t units) {
    char prefix[32] = "expanded_conv_";
    int32_t in = b->last, in_channels = channels_of_last(b);
    if (number > 0) snprintf(prefix, sizeof prefix, "block_%d_", number);
    b->prefix = prefix;
    if (expansion > 1) {
        add_pointwise(b, "expand", expansion * in_channels);
        add_norm(b, "expand_BN");
        add_relu6(b, "expand_relu");
    }
    add_depthwise(b, stride);
    add_pointwise(b, "project", units);
    add_norm(b, "project_BN");
    if (stride == 1 && in_channels == units) {
        int32_t projected = b->last;
        b->last = in; /* Keras: Add()([inputs, x]) */
        add(b, "add", (mn_layer){.kind = MN_LAYER_ADD, .inputs = {in, projected}}, false);
    }
    b->prefix = "";
}

static void add_top(building *b, const mn_v2_spec *spec) {
    add(b, "global_average_pooling2d", (mn_layer){.kind = MN_LAYER_GLOBAL_POOL}, false);
    if (spec->dropout > 0) add(b, "dropout", (mn_layer){.kind = MN_LAYER_DROPOUT, .rate = spec->dropout}, false);
    add(b, "predictions", (mn_layer){.kind = MN_LAYER_DENSE, .units = spec->classes}, true);
    if (spec->softmax) add(b, "predictions_softmax", (mn_layer){.kind = MN_LAYER_SOFTMAX}, false);
}

static void add_all(building *b, const mn_v2_spec *spec, const mn_v2_plan *plan) {
    b->last = -1;
    add(b, "input_1", (mn_layer){.kind = MN_LAYER_INPUT, .h = spec->height, .w = spec->width_px, .c = 3}, false);
    if (spec->rescaling) add(b, spec->rescaling->name, *spec->rescaling, false);
    add_stem(b, plan->stem);
    int32_t number = 0;
    for (int32_t s = 0; s < MN_V2_STAGES; s++) {
        for (int32_t i = 0; i < plan->blocks[s]; i++) {
            add_block(b, number++, stages[s].expansion, i == 0 ? stages[s].stride : 1, plan->filters[s]);
        }
    }
    add_pointwise(b, "Conv_1", plan->head);
    add_norm(b, "Conv_1_bn");
    add_relu6(b, "out_relu");
    if (spec->classes > 0) add_top(b, spec);
}

static mn_status check_spec(const mn_v2_spec *spec) {
    if (!(spec->width > 0 && spec->width <= MN_V2_MAX_WIDTH)) {
        return mn_fail(MN_ERROR_ARGUMENT, "MobileNetV2: width %g is not above 0 and up to %d", spec->width,
                       MN_V2_MAX_WIDTH);
    }
    if (spec->height < 1 || spec->width_px < 1) {
        return mn_fail(MN_ERROR_ARGUMENT, "MobileNetV2: an input of %dx%d is empty", spec->height, spec->width_px);
    }
    if (spec->classes >= 0) return MN_OK;
    return mn_fail(MN_ERROR_ARGUMENT, "MobileNetV2: %d classes are too few; 0 leaves the classifier out",
                   spec->classes);
}

void mn_v2_defaults(mn_v2_spec *spec) {
    *spec = (mn_v2_spec){.width = 1, .height = 224, .width_px = 224, .classes = 1000, .softmax = true};
}

mn_status mn_v2_build(const mn_v2_spec *spec, mn_net *out) {
    mn_net net = {0};
    mn_v2_plan plan;
    building b = {.net = &net, .style = spec->style, .prefix = ""};
    MN_TRY(check_spec(spec));
    mn_v2_plan_of(spec->width, &plan);
    char name[64]; /* as Keras calls its model */
    int length = snprintf(name, sizeof name, "mobilenetv2_%.2f_%d", spec->width, spec->height);
    net.name = mn_pool_string(&net.pool, name, (size_t)length);
    b.status = net.name ? MN_OK : mn_fail_memory("a network");
    add_all(&b, spec, spec->plan ? spec->plan : &plan);
    if (b.status == MN_OK) {
        *out = net;
    } else {
        mn_net_free(&net);
    }
    return b.status;
}
