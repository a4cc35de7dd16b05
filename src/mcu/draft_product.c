/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Parameters of products with weights: these stay where they are in the model, the rest is made for each channel. */
#include "base/checked.h"
#include "kernels/mcu/mn_mcu_kernels.h"
#include "kernels/quant.h"
#include "mcu/draft.h"
#include "mcu/factor.h"

/* What a product is made of. */
typedef struct product {
    const mn_draft *draft;
    const mn_step *from;
    mn_mcu_product *out;
    int32_t *bias, *multiplier;
    int8_t *shift;
    const int32_t *given_bias; /* or NULL */
    int32_t channels, in_zero;
} product;

static const mn_tensor *operand(const product *p, int32_t i) {
    const mn_node *node = p->from->node;
    if (i >= node->input_count || node->inputs[i] < 0) return NULL;
    return &p->draft->plan->graph->tensors[node->inputs[i]];
}

static mn_status open_product(product *p, mn_draft_step *to) {
    const mn_tensor *weights = operand(p, 1), *bias = operand(p, 2);
    if (!weights || !weights->data || (bias && !bias->data)) {
        return mn_draft_refuse(p->draft, p->from, "its weights are computed at run time", "keep them constant");
    }
    if (weights->type != MN_INT8) {
        return mn_draft_refuse(p->draft, p->from, "its weights are not int8",
                               "quantise the model to int8: mobilenet quantize");
    }
    if (p->channels > UINT16_MAX) {
        return mn_draft_refuse(p->draft, p->from, "it has over 65,535 channels", "use fewer");
    }
    mn_region *region = p->draft->region;
    const size_t channels = (size_t)p->channels;
    p->out = mn_region_alloc(region, 1, sizeof *p->out);
    p->bias = mn_region_alloc(region, channels, sizeof *p->bias);
    p->multiplier = mn_region_alloc(region, channels, sizeof *p->multiplier);
    p->shift = mn_region_alloc(region, channels, sizeof *p->shift);
    if (!p->out || !p->bias || !p->multiplier || !p->shift) return mn_fail_memory("the program");
    p->given_bias = bias ? bias->data : NULL;
    to->params = p->out;
    to->weights = weights->data;
    to->weight_bytes = weights->bytes;
    to->constant_bytes = weights->bytes + channels * (sizeof *p->bias + sizeof *p->multiplier + sizeof *p->shift);
    *p->out = (mn_mcu_product){.weights = to->weights,
                               .bias = p->bias,
                               .multiplier = p->multiplier,
                               .shift = p->shift,
                               .channels = (uint16_t)p->channels};
    return MN_OK;
}

/* The bias of a channel, less what the zero point adds to its `count` products, `stride` weights apart; modulo 2^32. */
static void fold_bias(const product *p, int32_t channel, const int8_t *weights, size_t count, size_t stride) {
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const int32_t weight = weights[i * stride];
        sum += (uint32_t)weight;
    }
    const uint32_t bias = p->given_bias ? (uint32_t)p->given_bias[channel] : 0;
    p->bias[channel] = (int32_t)(bias - sum * (uint32_t)p->in_zero);
}

static void set_output(product *p, int32_t zero, mn_range_i32 range) {
    p->out->out_zero = (int8_t)zero;
    p->out->low = (int8_t)range.min;
    p->out->high = (int8_t)range.max;
}

/* The most that `count` products can add up to, either way. */
static int64_t most_of(size_t count) { return (int64_t)count * 128 * 128; }

/* Does a channel of `count` products keep to what mn_mcu_product calls tame? */
static bool is_tame(const product *p, int32_t channel, size_t count) {
    const int64_t most = most_of(count), bias = p->bias[channel], limit = INT64_C(1) << 29;
    return bias + most < limit && bias - most > -limit && p->shift[channel] >= -22 && p->shift[channel] <= -1;
}

static bool is_always(const product *p, int32_t channel, int32_t most, int8_t stored) {
    return mn_mcu_store(p->out, (uint32_t)channel, -most) == stored &&
           mn_mcu_store(p->out, (uint32_t)channel, most) == stored;
}

/* A channel that stores the same byte whatever its products are, as those do whose weights all but vanished in
 * training, may have any bias and scale that give this byte: tame ones, if there are some. */
static void settle(const product *p, int32_t channel, size_t count) {
    const int32_t bias = p->bias[channel], multiplier = p->multiplier[channel];
    const int8_t shift = p->shift[channel], stored = mn_mcu_store(p->out, (uint32_t)channel, 0);
    const int64_t most = most_of(count);
    if (bias + most > INT32_MAX || bias - most < INT32_MIN || !is_always(p, channel, (int32_t)most, stored)) return;
    for (int8_t n = 1; n <= 22; n++) {
        p->bias[channel] = (stored - p->out->out_zero) * (1 << (n + 1));
        p->multiplier[channel] = 1 << 30;
        p->shift[channel] = (int8_t)-n;
        if (is_tame(p, channel, count) && is_always(p, channel, (int32_t)most, stored)) return;
    }
    p->bias[channel] = bias;
    p->multiplier[channel] = multiplier;
    p->shift[channel] = shift;
}

static mn_status make_border(product *p, const mn_draft_step *to) {
    const size_t depth = p->draft->tensors[to->inputs[0]].bytes;
    int8_t *border = mn_region_alloc(p->draft->region, depth, sizeof *border);
    if (!border) return mn_fail_memory("the program");
    for (size_t i = 0; i < depth; i++) border[i] = (int8_t)p->in_zero;
    p->out->border = border;
    return MN_OK;
}

mn_status mn_draft_convolution(const mn_draft *draft, const mn_step *from, mn_draft_step *to) {
    const mn_conv_params *conv = from->node->params;
    const mn_window *w = &conv->window;
    product p = {.draft = draft, .from = from, .channels = w->out_c, .in_zero = conv->in_zero};
    if (conv->groups != 1) {
        return mn_draft_refuse(draft, from, "it has groups of channels", "use depthwise and pointwise convolutions");
    }
    MN_TRY(open_product(&p, to));
    p.out->depth = (uint16_t)w->in_c;
    const bool depthwise = to->kind == MN_MCU_DEPTHWISE;
    const size_t taps = (size_t)w->k_h * (size_t)w->k_w, count = depthwise ? taps : taps * (size_t)w->in_c;
    bool tame = true; /* told at the end: mn_mcu_store() computes exactly, whatever a channel is, until then */
    set_output(&p, conv->out_zero, conv->range);
    for (int32_t c = 0; c < p.channels; c++) {
        const int8_t *weights = to->weights + (depthwise ? (size_t)c : (size_t)c * count);
        fold_bias(&p, c, weights, count, depthwise ? (size_t)p.channels : 1);
        p.multiplier[c] = conv->multiplier[c];
        p.shift[c] = (int8_t)conv->shift[c];
        if (!is_tame(&p, c, count)) settle(&p, c, count);
        tame = tame && is_tame(&p, c, count);
        for (size_t i = 0; depthwise && i < count; i++) {
            if (weights[i * (size_t)p.channels] == -128) tame = false;
        }
    }
    p.out->tame = tame;
    return to->window ? make_border(&p, to) : MN_OK;
}

mn_status mn_draft_fully_connected(const mn_draft *draft, const mn_step *from, mn_draft_step *to) {
    const mn_fully_connected_params *fc = from->node->params;
    product p = {.draft = draft, .from = from, .channels = fc->out_c, .in_zero = fc->in_zero};
    if (fc->weight_zero != 0) {
        return mn_draft_refuse(draft, from, "its weights have a zero point", "quantise them symmetrically");
    }
    MN_TRY(open_product(&p, to));
    uint16_t *fine = mn_region_alloc(draft->region, (size_t)p.channels, sizeof *fine);
    if (!fine) return mn_fail_memory("the program");
    p.out->depth = (uint16_t)fc->in_c;
    p.out->fine = fine;
    to->constant_bytes += (size_t)p.channels * sizeof *fine;
    for (int32_t c = 0; c < p.channels; c++) {
        mn_mcu_factor factor;
        if (!mn_mcu_factor_find(fc->scale[c], fc->out_zero, fc->range, &factor)) {
            return mn_draft_refuse(draft, from, "its scales leave the range of integers", "quantise the model again");
        }
        fold_bias(&p, c, to->weights + (size_t)c * (size_t)fc->in_c, (size_t)fc->in_c, 1);
        p.multiplier[c] = factor.multiplier;
        fine[c] = factor.fine;
        p.shift[c] = factor.shift;
    }
    set_output(&p, fc->out_zero, fc->range);
    return MN_OK;
}
