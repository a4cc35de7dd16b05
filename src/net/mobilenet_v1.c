/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net/mobilenet_v1.h"

#include <stdio.h>

#include "net/build.h"

/* Table 1 of the paper: pairs of a depthwise convolution with this stride and a pointwise one with these filters. */
static const struct pair {
    int32_t filters, stride;
} pairs[] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
             {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};

static const float norm[2] = {1e-3f, 0.99f}; /* epsilon and momentum */

int32_t mn_v1_channels(int32_t filters, double width) {
    int32_t channels = (int32_t)(filters * width);
    return channels > 0 ? channels : 1;
}

static void add_pair(mn_building *b, int32_t number, int32_t stride, int32_t units) {
    static const int32_t before[2] = {0, 0}, after[2] = {1, 1};
    static const char *const forms[] = {"conv_pad_%d", "conv_dw_%d",    "conv_dw_%d_bn",  "conv_dw_%d_relu",
                                        "conv_pw_%d",  "conv_pw_%d_bn", "conv_pw_%d_relu"};
    enum { PAD, DEPTHWISE, DEPTHWISE_NORM, DEPTHWISE_RELU, POINTWISE, POINTWISE_NORM, POINTWISE_RELU, NAMES };
    char names[NAMES][24];
    for (int i = 0; i < NAMES; i++) snprintf(names[i], sizeof names[i], forms[i], number);
    mn_build_depthwise(b, names[DEPTHWISE], 3, stride, names[PAD], before, after);
    mn_build_norm(b, names[DEPTHWISE_NORM]);
    mn_build_relu(b, names[DEPTHWISE_RELU], 6);
    mn_build_conv(b, names[POINTWISE], 1, 1, units, false);
    mn_build_norm(b, names[POINTWISE_NORM]);
    mn_build_relu(b, names[POINTWISE_RELU], 6);
}

static void add_top(mn_building *b, const mn_net_spec *spec) {
    mn_layer pool = {.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = true};
    mn_build_add(b, "global_average_pooling2d", pool, false);
    if (spec->dropout > 0) {
        mn_build_add(b, "dropout", (mn_layer){.kind = MN_LAYER_DROPOUT, .rate = spec->dropout}, false);
    }
    mn_build_conv(b, "conv_preds", 1, 1, spec->classes, true);
    mn_build_add(b, "reshape_2", (mn_layer){.kind = MN_LAYER_RESHAPE}, false);
    mn_build_probabilities(b, "predictions", spec);
}

static void add_all(mn_building *b, const mn_net_spec *spec) {
    mn_build_input(b, spec);
    mn_build_conv(b, "conv1", 3, 2, mn_v1_channels(32, spec->width), false);
    mn_build_norm(b, "conv1_bn");
    mn_build_relu(b, "conv1_relu", 6);
    for (int32_t i = 0; i < (int32_t)(sizeof pairs / sizeof pairs[0]); i++) {
        add_pair(b, i + 1, pairs[i].stride, mn_v1_channels(pairs[i].filters, spec->width));
    }
    if (spec->classes > 0 && spec->dense) mn_build_dense_top(b, spec);
    if (spec->classes > 0 && !spec->dense) add_top(b, spec);
}

mn_status mn_v1_build(const mn_net_spec *spec, mn_net *out) {
    char name[64]; /* as Keras calls its model */
    snprintf(name, sizeof name, "mobilenet_%.2f_%d", spec->width, spec->height);
    return mn_build_net(spec, "MobileNet", name, norm, add_all, out);
}
