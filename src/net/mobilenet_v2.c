/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net/mobilenet_v2.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "net/build.h"

const mn_variant mn_v2_variants[MN_V2_VARIANTS] = {
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

/* The layer that only PyTorch's style has. */
static const char torch_padding[] = "Conv1_pad";

mn_v2_style mn_v2_style_of(const mn_net *net) {
    return mn_net_find(net, torch_padding) >= 0 ? MN_V2_TORCH : MN_V2_KERAS;
}

/* ---- Channels ---------------------------------------------------------------------------------------- */

int32_t mn_v2_stem_channels(double width) { return mn_build_divisible(STEM_FILTERS * width); }

/* Keras cuts the product to a whole number first, here and not in the stem: 8.96 gives 8, not 16. */
int32_t mn_v2_channels(int32_t filters, double width) { return mn_build_divisible(floor(filters * width)); }

int32_t mn_v2_head_channels(double width) {
    return width > 1 ? mn_build_divisible(HEAD_FILTERS * width) : HEAD_FILTERS;
}

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

static void add_pointwise(mn_building *b, const char *name, int32_t units) {
    mn_build_conv(b, name, 1, 1, units, false);
}

/* Padding by hand before a 3x3 convolution of stride 2: Keras takes one less before an even size (correct_pad). */
static void add_padding(mn_building *b, const char *name) {
    int32_t size[2];
    mn_build_size(b, size);
    bool even = b->spec->style == MN_V2_KERAS;
    int32_t top = even ? size[0] % 2 : 1, left = even ? size[1] % 2 : 1;
    mn_build_add(b, name, (mn_layer){.kind = MN_LAYER_ZERO_PADDING, .pad = {top, 1, left, 1}}, false);
}

/* Keras leaves the padding of this one to the convolution. */
static void add_stem(mn_building *b, int32_t units) {
    bool keras = b->spec->style == MN_V2_KERAS;
    if (!keras) add_padding(b, torch_padding);
    mn_padding padding = keras ? MN_PAD_SAME : MN_PAD_VALID;
    mn_layer conv = {.kind = MN_LAYER_CONV, .k_h = 3, .k_w = 3, .stride = 2, .padding = padding, .units = units};
    mn_build_add(b, "Conv1", conv, false);
    mn_build_norm(b, "bn_Conv1");
    mn_build_relu(b, "Conv1_relu", 6);
}

static void add_depthwise(mn_building *b, int32_t stride) {
    mn_layer depthwise = {.kind = MN_LAYER_DEPTHWISE, .k_h = 3, .k_w = 3, .stride = stride, .padding = MN_PAD_SAME};
    if (stride == 2) {
        add_padding(b, "pad");
        depthwise.padding = MN_PAD_VALID;
    }
    mn_build_add(b, "depthwise", depthwise, false);
    mn_build_norm(b, "depthwise_BN");
    mn_build_relu(b, "depthwise_relu", 6);
}

static void add_block(mn_building *b, int32_t number, int32_t expansion, int32_t stride, int32_t units) {
    char prefix[32] = "expanded_conv_";
    int32_t in = b->last, in_channels = mn_build_channels(b);
    if (number > 0) snprintf(prefix, sizeof prefix, "block_%d_", number);
    b->prefix = prefix;
    if (expansion > 1) {
        add_pointwise(b, "expand", expansion * in_channels);
        mn_build_norm(b, "expand_BN");
        mn_build_relu(b, "expand_relu", 6);
    }
    add_depthwise(b, stride);
    add_pointwise(b, "project", units);
    mn_build_norm(b, "project_BN");
    if (stride == 1 && in_channels == units) {
        int32_t projected = b->last;
        b->last = in; /* Keras: Add()([inputs, x]) */
        mn_build_add(b, "add", (mn_layer){.kind = MN_LAYER_ADD, .inputs = {in, projected}}, false);
    }
    b->prefix = "";
}

static void add_all(mn_building *b, const mn_net_spec *spec) {
    mn_v2_plan plan_of_width;
    const mn_v2_plan *plan = spec->plan;
    if (!plan) {
        mn_v2_plan_of(spec->width, &plan_of_width);
        plan = &plan_of_width;
    }
    mn_build_input(b, spec);
    add_stem(b, plan->stem);
    int32_t number = 0;
    for (int32_t s = 0; s < MN_V2_STAGES; s++) {
        for (int32_t i = 0; i < plan->blocks[s]; i++) {
            add_block(b, number++, stages[s].expansion, i == 0 ? stages[s].stride : 1, plan->filters[s]);
        }
    }
    add_pointwise(b, "Conv_1", plan->head);
    mn_build_norm(b, "Conv_1_bn");
    mn_build_relu(b, "out_relu", 6);
    if (spec->classes > 0) mn_build_dense_top(b, spec);
}

void mn_v2_defaults(mn_v2_spec *spec) { mn_net_spec_defaults(spec); }

mn_status mn_v2_build(const mn_v2_spec *spec, mn_net *out) {
    char name[64]; /* as Keras calls its model */
    const struct norm *norm = &norms[spec->style];
    snprintf(name, sizeof name, "mobilenetv2_%.2f_%d", spec->width, spec->height);
    return mn_build_net(spec, "MobileNetV2", name, (const float[]){norm->epsilon, norm->momentum}, add_all, out);
}
