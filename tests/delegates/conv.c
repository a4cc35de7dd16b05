/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "delegates/conv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CONV_2D = 3, DEPTHWISE_CONV_2D = 4 };

/* ---- Choosing ------------------------------------------------------------------------------------------------ */

const char *conv_option(const char *const *keys, const char *const *values, size_t count, const char *key) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i], key) == 0) return values[i];
    }
    return NULL;
}

bool conv_takes(tfl_context *context, int index) {
    tfl_node *node;
    tfl_registration *registration;
    if (context->get_node_and_registration(context, index, &node, &registration) != TFL_OK) return false;
    if (registration->builtin_code != CONV_2D && registration->builtin_code != DEPTHWISE_CONV_2D) return false;
    for (int i = 0; i < 3; i++) {
        if (node->inputs->size < 3 || node->inputs->data[i] < 0) return false;
    }
    const tfl_tensor *weights = &context->tensors[node->inputs->data[1]];
    return context->tensors[node->inputs->data[0]].type == TFL_INT8 && weights->type == TFL_INT8 &&
           weights->allocation_type == TFL_MMAP_RO;
}

tfl_int_array *conv_list(tfl_context *context, int most) {
    tfl_int_array *plan;
    if (context->get_execution_plan(context, &plan) != TFL_OK) return NULL;
    tfl_int_array *list = malloc((1 + (size_t)plan->size) * sizeof(int32_t));
    if (!list) return NULL;
    list->size = 0;
    for (int i = 0; i < plan->size && list->size < most; i++) {
        if (conv_takes(context, plan->data[i])) list->data[list->size++] = plan->data[i];
    }
    return list;
}

/* ---- Arithmetic ---------------------------------------------------------------------------------------------- */

typedef struct scaling {
    int32_t multiplier; /* 31 fractional bits */
    int shift;          /* to the left */
} scaling;

static scaling scaling_of(double scale) {
    scaling s;
    const double fraction = frexp(scale, &s.shift);
    const int64_t rounded = llround(fraction * 2147483648.0);
    s.multiplier = rounded == 2147483648 ? 1 << 30 : (int32_t)rounded;
    s.shift += rounded == 2147483648;
    return s;
}

/* The reference's two roundings: after the product, and after the shift. */
static int32_t rescale(int32_t x, scaling s) {
    const int left = s.shift > 0 ? s.shift : 0, right = s.shift > 0 ? 0 : -s.shift;
    const int64_t product = (int64_t)(int32_t)((uint32_t)x << left) * s.multiplier;
    const int64_t nudged = product + (product >= 0 ? 1 << 30 : 1 - (1 << 30));
    const int32_t high = (int32_t)(nudged / ((int64_t)1 << 31));
    const int32_t mask = (int32_t)(((int64_t)1 << right) - 1), rest = high & mask, half = (mask >> 1) + (high < 0);
    return (high >> right) + (rest > half);
}

/* One convolution, ready to run; both kinds in one form. */
typedef struct conv {
    int32_t in, weights, bias, out; /* tensors */
    int32_t multiplier;             /* output channels for each input channel; 0: it is not a depthwise convolution */
    int32_t stride[2], dilation[2];
    int32_t before[2]; /* padding */
    int32_t low, high;
} conv;

static int32_t padding_before(tfl_padding padding, int32_t in, int32_t out, int32_t filter, int32_t stride,
                              int32_t dilation) {
    const int32_t all = (out - 1) * stride + (filter - 1) * dilation + 1 - in;
    return padding == TFL_PADDING_SAME && all > 0 ? all / 2 : 0;
}

static void set_range(const tfl_tensor *out, tfl_activation activation, conv *c) {
    c->low = -128;
    c->high = 127;
    const int32_t zero = out->params.zero_point;
    if ((activation == TFL_ACT_RELU || activation == TFL_ACT_RELU6) && zero > c->low) c->low = zero;
    if (activation != TFL_ACT_RELU6) return;
    const int32_t six = zero + (int32_t)lround(6.0 / (double)out->params.scale);
    if (six < c->high) c->high = six;
}

static void set_conv(tfl_context *context, const tfl_node *node, const tfl_registration *registration, conv *c) {
    const tfl_conv_options *o = node->builtin_data;
    const tfl_depthwise_conv_options *d = node->builtin_data;
    const bool depthwise = registration->builtin_code == DEPTHWISE_CONV_2D;
    *c = (conv){.in = node->inputs->data[0],
                .weights = node->inputs->data[1],
                .bias = node->inputs->data[2],
                .out = node->outputs->data[0],
                .multiplier = depthwise ? d->depth_multiplier : 0,
                .stride = {o->stride_height, o->stride_width},
                .dilation = {depthwise ? d->dilation_height_factor : o->dilation_height_factor,
                             depthwise ? d->dilation_width_factor : o->dilation_width_factor}};
    const tfl_int_array *in = context->tensors[c->in].dims, *out = context->tensors[c->out].dims;
    const tfl_int_array *filter = context->tensors[c->weights].dims;
    for (int i = 0; i < 2; i++) {
        c->before[i] = padding_before(o->padding, in->data[1 + i], out->data[1 + i], filter->data[1 + i], c->stride[i],
                                      c->dilation[i]);
    }
    set_range(&context->tensors[c->out], depthwise ? d->activation : o->activation, c);
}

/* The sum of products for channel `channel` at one place of image `image`. */
static int32_t sum(const tfl_context *context, const conv *c, const int8_t *image, int32_t y, int32_t x,
                   int32_t channel) {
    const tfl_tensor *in = &context->tensors[c->in], *weights = &context->tensors[c->weights];
    const int32_t *size = in->dims->data, *filter = weights->dims->data;
    const int32_t from = c->multiplier ? channel / c->multiplier : 0, count = c->multiplier ? 1 : size[3];
    int32_t total = context->tensors[c->bias].data.int32[channel];
    for (int32_t i = 0; i < filter[1]; i++) {
        for (int32_t k = 0; k < filter[2]; k++) {
            const int32_t row = y * c->stride[0] - c->before[0] + i * c->dilation[0];
            const int32_t column = x * c->stride[1] - c->before[1] + k * c->dilation[1];
            if (row < 0 || column < 0 || row >= size[1] || column >= size[2]) continue;
            const int8_t *values = image + (row * size[2] + column) * size[3] + from;
            const int8_t *taps =
                weights->data.int8 + (c->multiplier ? (i * filter[2] + k) * filter[3] + channel
                                                    : ((channel * filter[1] + i) * filter[2] + k) * size[3]);
            for (int32_t n = 0; n < count; n++) total += (values[n] - in->params.zero_point) * taps[n];
        }
    }
    return total;
}

static void run_conv(const tfl_context *context, const conv *c, const int8_t *from, int8_t *to) {
    const tfl_tensor *in = &context->tensors[c->in], *out = &context->tensors[c->out];
    const tfl_affine_quantization *scales = context->tensors[c->weights].quantization.params;
    const int32_t *size = out->dims->data, *taken = in->dims->data;
    for (int32_t channel = 0; channel < size[3]; channel++) {
        const double weight = (double)scales->scale->data[scales->scale->size > 1 ? channel : 0];
        const scaling s = scaling_of((double)in->params.scale * weight / (double)out->params.scale);
        for (int32_t i = 0; i < size[0] * size[1] * size[2]; i++) {
            const int32_t x = i % size[2], y = i / size[2] % size[1], image = i / size[2] / size[1];
            const int32_t total = sum(context, c, from + image * taken[1] * taken[2] * taken[3], y, x, channel);
            int32_t value = rescale(total, s) + out->params.zero_point;
            if (value < c->low) value = c->low;
            if (value > c->high) value = c->high;
            to[i * size[3] + channel] = (int8_t)value;
        }
    }
}

/* ---- Kernels -------------------------------------------------------------------------------------------------- */

/* A part: convolutions one after another, and memory for what only they see. */
typedef struct state {
    int32_t count, prepared;
    conv *convs;
    int8_t **own; /* [count]: where a convolution writes what has no memory of the runtime's */
} state;

void conv_free(tfl_context *context, void *given) {
    state *s = given;
    (void)context;
    for (int32_t i = 0; i < s->count && s->own; i++) free(s->own[i]);
    free(s->own);
    free(s->convs);
    free(s);
}

void *conv_init(tfl_context *context, const char *buffer, size_t length) {
    const tfl_delegate_params *params = (const tfl_delegate_params *)(const void *)buffer;
    const int32_t count = params->nodes_to_replace->size;
    state *s = calloc(1, sizeof *s);
    if (!s || length != 0) return NULL;
    *s = (state){count, 0, calloc((size_t)count, sizeof *s->convs), calloc((size_t)count, sizeof *s->own)};
    for (int32_t i = 0; i < count && s->convs && s->own; i++) {
        tfl_node *node;
        tfl_registration *registration;
        context->get_node_and_registration(context, params->nodes_to_replace->data[i], &node, &registration);
        set_conv(context, node, registration, &s->convs[i]);
        s->own[i] = malloc(context->tensors[s->convs[i].out].bytes);
    }
    return s;
}

tfl_status conv_prepare(tfl_context *context, tfl_node *node) {
    const tfl_delegate_params *params = node->builtin_data;
    ((state *)node->user_data)->prepared++;
    if (params->delegate != node->delegate) return TFL_ERROR;
    for (int32_t i = 0; i < node->outputs->size; i++) {
        if (context->tensors[node->outputs->data[i]].delegate != node->delegate) return TFL_ERROR;
    }
    return TFL_OK;
}

static bool is_output(const tfl_node *node, int32_t tensor) {
    for (int32_t i = 0; i < node->outputs->size; i++) {
        if (node->outputs->data[i] == tensor) return true;
    }
    return false;
}

tfl_status conv_invoke(tfl_context *context, tfl_node *node) {
    state *s = node->user_data;
    if (s->prepared == 0) return TFL_ERROR;
    for (int32_t i = 0; i < s->count; i++) {
        const conv *c = &s->convs[i];
        const int8_t *from = context->tensors[c->in].data.int8;
        for (int32_t k = 0; k < i; k++) {
            if (s->convs[k].out == c->in) from = s->own[k];
        }
        run_conv(context, c, from, s->own[i]);
        tfl_tensor *out = &context->tensors[c->out];
        if (is_output(node, c->out)) memcpy(out->data.data, s->own[i], out->bytes);
    }
    return TFL_OK;
}
