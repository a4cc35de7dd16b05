/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net/build.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void mn_net_spec_defaults(mn_net_spec *spec) {
    *spec = (mn_net_spec){.width = 1, .height = 224, .width_px = 224, .classes = 1000, .softmax = true};
}

int32_t mn_build_divisible(double channels) {
    int32_t rounded = (int32_t)(channels + 4) / 8 * 8;
    if (rounded < 8) rounded = 8;
    return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

/* ---- Layers ------------------------------------------------------------------------------------------ */

void mn_build_add(mn_building *b, const char *name, mn_layer layer, bool with_bias) {
    char full[64];
    snprintf(full, sizeof full, "%s%s", b->prefix, name);
    layer.name = b->prefix[0] != '\0' ? full : name;
    layer.inputs[0] = b->last;
    if (b->status == MN_OK) b->status = mn_net_add(b->net, &layer, with_bias, &b->last);
}

void mn_build_norm(mn_building *b, const char *name) {
    mn_build_add(b, name, (mn_layer){.kind = MN_LAYER_BATCH_NORM, .epsilon = b->norm[0], .momentum = b->norm[1]},
                 false);
}

void mn_build_relu(mn_building *b, const char *name, float max_value) {
    mn_build_add(b, name, (mn_layer){.kind = MN_LAYER_RELU, .max_value = max_value}, false);
}

void mn_build_conv(mn_building *b, const char *name, int32_t size, int32_t stride, int32_t units, bool with_bias) {
    mn_layer conv = {
        .kind = MN_LAYER_CONV, .k_h = size, .k_w = size, .stride = stride, .padding = MN_PAD_SAME, .units = units};
    mn_build_add(b, name, conv, with_bias);
}

void mn_build_depthwise(mn_building *b, const char *name, int32_t size, int32_t stride, const char *pad_name,
                        const int32_t before[2], const int32_t after[2]) {
    mn_layer depthwise = {
        .kind = MN_LAYER_DEPTHWISE, .k_h = size, .k_w = size, .stride = stride, .padding = MN_PAD_SAME};
    if (stride == 2) {
        mn_layer pad = {.kind = MN_LAYER_ZERO_PADDING, .pad = {before[0], after[0], before[1], after[1]}};
        mn_build_add(b, pad_name, pad, false);
        depthwise.padding = MN_PAD_VALID;
    }
    mn_build_add(b, name, depthwise, false);
}

int32_t mn_build_channels(const mn_building *b) { return b->status == MN_OK ? b->net->layers[b->last].c : 1; }

void mn_build_size(const mn_building *b, int32_t size[2]) {
    size[0] = b->status == MN_OK ? b->net->layers[b->last].h : 1;
    size[1] = b->status == MN_OK ? b->net->layers[b->last].w : 1;
}

void mn_build_input(mn_building *b, const mn_net_spec *spec) {
    b->last = -1;
    mn_build_add(b, "input_1", (mn_layer){.kind = MN_LAYER_INPUT, .h = spec->height, .w = spec->width_px, .c = 3},
                 false);
    if (spec->rescaling) mn_build_add(b, spec->rescaling->name, *spec->rescaling, false);
}

/* ---- Tops -------------------------------------------------------------------------------------------- */

void mn_build_probabilities(mn_building *b, const char *name, const mn_net_spec *spec) {
    mn_layer softmax = {.kind = MN_LAYER_SOFTMAX};
    mn_layer sigmoid = {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_SIGMOID};
    if (spec->softmax) mn_build_add(b, name, spec->classes == 1 ? sigmoid : softmax, false);
}

void mn_build_dense_top(mn_building *b, const mn_net_spec *spec) {
    mn_build_add(b, "global_average_pooling2d", (mn_layer){.kind = MN_LAYER_GLOBAL_POOL}, false);
    if (spec->dropout > 0) {
        mn_build_add(b, "dropout", (mn_layer){.kind = MN_LAYER_DROPOUT, .rate = spec->dropout}, false);
    }
    mn_build_add(b, "predictions", (mn_layer){.kind = MN_LAYER_DENSE, .units = spec->classes}, true);
    mn_build_probabilities(b, spec->classes == 1 ? "predictions_sigmoid" : "predictions_softmax", spec);
}

/* ---- Nets -------------------------------------------------------------------------------------------- */

static mn_status check_spec(const mn_net_spec *spec, const char *family) {
    if (!(spec->width > 0 && spec->width <= MN_NET_MAX_WIDTH)) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: width %g is not above 0 and up to %d", family, spec->width,
                       MN_NET_MAX_WIDTH);
    }
    if (spec->height < 1 || spec->width_px < 1) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: an input of %dx%d is empty", family, spec->height, spec->width_px);
    }
    if (spec->classes >= 0) return MN_OK;
    return mn_fail(MN_ERROR_ARGUMENT, "%s: %d classes are too few; give 0 to leave the classifier out", family,
                   spec->classes);
}

mn_status mn_build_net(const mn_net_spec *spec, const char *family, const char *name, const float norm[2],
                       void (*fill)(mn_building *b, const mn_net_spec *spec), mn_net *out) {
    mn_net net = {0};
    mn_building b = {.net = &net, .prefix = "", .spec = spec, .norm = norm};
    MN_TRY(check_spec(spec, family));
    net.name = mn_region_string(&net.region, name, strlen(name));
    b.status = net.name ? MN_OK : mn_fail_memory("a network");
    fill(&b, spec);
    if (b.status == MN_OK) {
        *out = net;
    } else {
        mn_net_free(&net);
    }
    return b.status;
}
