/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net/mobilenet_v3.h"

#include <math.h>
#include <stdio.h>

#include "net/build.h"

static const float norm[2] = {1e-3f, 0.999f}; /* epsilon and momentum */

/* Tables 1 and 2 of the paper. */
typedef struct block {
    double expansion; /* of the input's channels; the first block has none */
    int32_t filters, size, stride;
    bool squeezes, hard; /* has squeeze-excite; hard swish, not ReLU */
} block;

static const block large_blocks[] = {
    {1, 16, 3, 1, false, false},  {4, 24, 3, 2, false, false},  {3, 24, 3, 1, false, false},
    {3, 40, 5, 2, true, false},   {3, 40, 5, 1, true, false},   {3, 40, 5, 1, true, false},
    {6, 80, 3, 2, false, true},   {2.5, 80, 3, 1, false, true}, {2.3, 80, 3, 1, false, true},
    {2.3, 80, 3, 1, false, true}, {6, 112, 3, 1, true, true},   {6, 112, 3, 1, true, true},
    {6, 160, 5, 2, true, true},   {6, 160, 5, 1, true, true},   {6, 160, 5, 1, true, true},
};

static const block small_blocks[] = {
    {1, 16, 3, 2, true, false}, {72.0 / 16, 24, 3, 2, false, false}, {88.0 / 24, 24, 3, 1, false, false},
    {4, 40, 5, 2, true, true},  {6, 40, 5, 1, true, true},           {6, 40, 5, 1, true, true},
    {3, 48, 5, 1, true, true},  {3, 48, 5, 1, true, true},           {6, 96, 5, 2, true, true},
    {6, 96, 5, 1, true, true},  {6, 96, 5, 1, true, true},
};

typedef struct variant {
    const char *name; /* as Keras calls its model */
    const block *blocks;
    int32_t block_count, last_filters;
    bool minimalistic;
} variant;

int32_t mn_v3_channels(int32_t filters, double width) { return mn_build_divisible(filters * width); }

static void add_activation(mn_building *b, const char *name, bool hard) {
    mn_layer swish = {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_HARD_SWISH};
    if (hard) mn_build_add(b, name, swish, false);
    if (!hard) mn_build_relu(b, name, INFINITY);
}

/* The gate is min(max(x + 3, 0), 6) / 6. */
static void add_squeeze(mn_building *b, int32_t channels) {
    int32_t in = b->last;
    mn_layer pool = {.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = true};
    mn_build_add(b, "squeeze_excite_avg_pool", pool, false);
    mn_build_conv(b, "squeeze_excite_conv", 1, 1, mn_build_divisible(channels * 0.25), true);
    mn_build_relu(b, "squeeze_excite_relu", INFINITY);
    mn_build_conv(b, "squeeze_excite_conv_1", 1, 1, channels, true);
    mn_build_add(b, "squeeze_excite_shifted", (mn_layer){.kind = MN_LAYER_RESCALING, .scale = 1, .offset = 3}, false);
    mn_build_relu(b, "squeeze_excite_relu6", 6);
    mn_build_add(b, "squeeze_excite_gate", (mn_layer){.kind = MN_LAYER_RESCALING, .scale = 1.0F / 6}, false);
    int32_t gate = b->last;
    b->last = in;
    mn_build_add(b, "squeeze_excite_mul", (mn_layer){.kind = MN_LAYER_MULTIPLY, .inputs = {in, gate}}, false);
}

/* With stride 2 Keras pads by hand, one less before an even size (correct_pad). */
static void add_depthwise(mn_building *b, const block *k, bool minimalistic) {
    int32_t size[2], filter = minimalistic ? 3 : k->size, half = filter / 2;
    mn_build_size(b, size);
    const int32_t before[2] = {half - 1 + size[0] % 2, half - 1 + size[1] % 2}, after[2] = {half, half};
    mn_build_depthwise(b, "depthwise", filter, k->stride, "depthwise_pad", before, after);
    mn_build_norm(b, "depthwise_bn");
    add_activation(b, "depthwise_activation", k->hard && !minimalistic);
}

static void add_block(mn_building *b, int32_t number, const block *k, bool minimalistic, double width) {
    char prefix[32] = "expanded_conv_";
    int32_t in = b->last, in_channels = mn_build_channels(b);
    int32_t expanded = mn_build_divisible(in_channels * k->expansion), units = mn_v3_channels(k->filters, width);
    if (number > 0) snprintf(prefix, sizeof prefix, "expanded_conv_%d_", number);
    b->prefix = prefix;
    if (number > 0) {
        mn_build_conv(b, "expand", 1, 1, expanded, false);
        mn_build_norm(b, "expand_bn");
        add_activation(b, "expand_activation", k->hard && !minimalistic);
    }
    add_depthwise(b, k, minimalistic);
    if (k->squeezes && !minimalistic) add_squeeze(b, expanded);
    mn_build_conv(b, "project", 1, 1, units, false);
    mn_build_norm(b, "project_bn");
    if (k->stride == 1 && in_channels == units) {
        int32_t projected = b->last;
        b->last = in; /* Keras: Add()([shortcut, x]) */
        mn_build_add(b, "add", (mn_layer){.kind = MN_LAYER_ADD, .inputs = {in, projected}}, false);
    }
    b->prefix = "";
}

static void add_top(mn_building *b, const variant *v, const mn_net_spec *spec) {
    mn_layer pool = {.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = true};
    int32_t units = spec->width > 1 ? mn_v3_channels(v->last_filters, spec->width) : v->last_filters;
    mn_build_add(b, "global_average_pooling2d", pool, false);
    mn_build_conv(b, "conv_2", 1, 1, units, true);
    add_activation(b, "conv_2_activation", !v->minimalistic);
    if (spec->dropout > 0) {
        mn_build_add(b, "dropout", (mn_layer){.kind = MN_LAYER_DROPOUT, .rate = spec->dropout}, false);
    }
    mn_build_conv(b, "logits", 1, 1, spec->classes, true);
    mn_build_add(b, "flatten", (mn_layer){.kind = MN_LAYER_RESHAPE}, false);
    mn_build_probabilities(b, "predictions", spec);
}

static void add_all(mn_building *b, const variant *v, const mn_net_spec *spec) {
    mn_build_input(b, spec);
    mn_build_conv(b, "conv", 3, 2, 16, false);
    mn_build_norm(b, "conv_bn");
    add_activation(b, "conv_activation", !v->minimalistic);
    for (int32_t i = 0; i < v->block_count; i++) add_block(b, i, &v->blocks[i], v->minimalistic, spec->width);
    mn_build_conv(b, "conv_1", 1, 1, mn_build_divisible(mn_build_channels(b) * 6), false);
    mn_build_norm(b, "conv_1_bn");
    add_activation(b, "conv_1_activation", !v->minimalistic);
    if (spec->classes > 0 && spec->dense) mn_build_dense_top(b, spec);
    if (spec->classes > 0 && !spec->dense) add_top(b, v, spec);
}

/* ---- Variants ---------------------------------------------------------------------------------------- */

enum {
    LARGE_BLOCKS = sizeof large_blocks / sizeof large_blocks[0],
    SMALL_BLOCKS = sizeof small_blocks / sizeof small_blocks[0]
};

static const variant small = {"MobileNetV3Small", small_blocks, SMALL_BLOCKS, 1024, false};
static const variant large = {"MobileNetV3Large", large_blocks, LARGE_BLOCKS, 1280, false};
static const variant small_minimalistic = {"MobileNetV3Small", small_blocks, SMALL_BLOCKS, 1024, true};
static const variant large_minimalistic = {"MobileNetV3Large", large_blocks, LARGE_BLOCKS, 1280, true};

static void add_small(mn_building *b, const mn_net_spec *spec) { add_all(b, &small, spec); }
static void add_large(mn_building *b, const mn_net_spec *spec) { add_all(b, &large, spec); }
static void add_small_minimalistic(mn_building *b, const mn_net_spec *spec) { add_all(b, &small_minimalistic, spec); }
static void add_large_minimalistic(mn_building *b, const mn_net_spec *spec) { add_all(b, &large_minimalistic, spec); }

mn_status mn_v3_small_build(const mn_net_spec *spec, mn_net *out) {
    return mn_build_net(spec, "MobileNetV3", small.name, norm, add_small, out);
}

mn_status mn_v3_large_build(const mn_net_spec *spec, mn_net *out) {
    return mn_build_net(spec, "MobileNetV3", large.name, norm, add_large, out);
}

mn_status mn_v3_small_minimalistic_build(const mn_net_spec *spec, mn_net *out) {
    return mn_build_net(spec, "MobileNetV3", small_minimalistic.name, norm, add_small_minimalistic, out);
}

mn_status mn_v3_large_minimalistic_build(const mn_net_spec *spec, mn_net *out) {
    return mn_build_net(spec, "MobileNetV3", large_minimalistic.name, norm, add_large_minimalistic, out);
}
