/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Weights and scales of CONV and DEPTHWISE. */
#include <stdlib.h>

#include "ethosu/decode.h"
#include "ethosu/dense.h"

/* Registers of one core. */
static const int32_t weight_codes[2][2] = {{MN_NPU_WEIGHT_BASE, MN_NPU_WEIGHT_LENGTH},
                                           {MN_NPU_WEIGHT1_BASE, MN_NPU_WEIGHT1_LENGTH}};
static const int32_t scale_codes[2][2] = {{MN_NPU_SCALE_BASE, MN_NPU_SCALE_LENGTH},
                                          {MN_NPU_SCALE1_BASE, MN_NPU_SCALE1_LENGTH}};

/* A stream in constant memory, or in memory that it has been copied to. */
typedef struct stream {
    const uint8_t *data;
    size_t bytes;
} stream;

static mn_status find(const mn_ethosu_decoder *d, int32_t region, const int32_t codes[2], const char *what,
                      stream *out) {
    const uint64_t begin = mn_npu_address(&d->registers, codes[0]);
    int32_t space;
    MN_TRY(mn_ethosu_decode_space(d, region, &space));
    out->bytes = d->registers.wide[codes[1]].low;
    out->data = NULL;
    if (begin <= d->memory->bytes[space] && out->bytes <= d->memory->bytes[space] - begin) {
        out->data = mn_ethosu_origins_find(&d->origins, d->memory, space, (size_t)begin, out->bytes);
        if (out->data) return MN_OK;
        return mn_fail(MN_ERROR_UNSUPPORTED, "its %s are not constants of the model", what);
    }
    return mn_fail(MN_ERROR_FORMAT, "its %s lie beyond their region", what);
}

static mn_status make_filter(const mn_ethosu_decoder *d, const mn_ethosu_op *op, mn_ethosu_filter *out) {
    const mn_ethosu_registers *r = &d->registers;
    const mn_window *w = &op->window;
    const bool depthwise = op->kind == MN_ETHOSU_DEPTHWISE;
    *out = (mn_ethosu_filter){.out_c = w->out_c,
                              .k_h = w->k_h,
                              .k_w = w->k_w,
                              .in_c = depthwise ? 1 : w->in_c,
                              .depthwise = depthwise,
                              .part_kernel = (mn_npu_get(r, MN_NPU_KERNEL_STRIDE) >> 2 & 1) != 0,
                              .dilation_h = w->dilation_h,
                              .dilation_w = w->dilation_w,
                              .in_bits = 8 * op->in.bytes,
                              .block_depth = mn_npu_size(r, MN_NPU_OFM_BLK_DEPTH_M1),
                              .cores = mn_npu_get(r, MN_NPU_PARALLEL_MODE) == 1 ? 2 : 1,
                              .micro_in = d->config->micro_in,
                              .micro_out = d->config->micro_out};
    if (out->cores > d->config->cores) {
        return mn_fail(MN_ERROR_FORMAT, "it runs on two cores, and the program is for an NPU with one");
    }
    return MN_OK;
}

static mn_status decode(const mn_ethosu_decoder *d, const mn_ethosu_filter *filter, int16_t *weights,
                        mn_ethosu_scale *scales) {
    for (int32_t core = 0; core < filter->cores; core++) {
        stream s;
        if (mn_ethosu_core_channels(filter, core) == 0) continue;
        MN_TRY(find(d, MN_NPU_WEIGHT_REGION, weight_codes[core], "weights", &s));
        MN_TRY(mn_ethosu_weights_decode(filter, core, s.data, s.bytes, weights));
        MN_TRY(find(d, MN_NPU_SCALE_REGION, scale_codes[core], "scales", &s));
        MN_TRY(mn_ethosu_scales_decode(filter, core, s.data, s.bytes, scales));
    }
    return MN_OK;
}

/* [c][taps] to [taps][c]. */
static void transpose(const int16_t *from, size_t channels, size_t taps, int16_t *to) {
    for (size_t c = 0; c < channels; c++) {
        for (size_t t = 0; t < taps; t++) to[t * channels + c] = from[c * taps + t];
    }
}

/* Keeps the weights as plain arithmetic reads them, unless a kernel has its own. */
static mn_status keep(mn_ethosu_decoder *d, mn_ethosu_op *op, const int16_t *weights, size_t count) {
    int16_t *kept;
    MN_TRY(mn_ethosu_dense_prepare(op, weights, d->threads, d->region));
    if (op->dense.kernel) return MN_OK;
    kept = mn_region_alloc(d->region, count, sizeof *kept);
    if (!kept) return mn_fail_memory("a program of an Ethos-U");
    for (size_t i = 0; i < count; i++) kept[i] = weights[i];
    op->weights = kept;
    return MN_OK;
}

static mn_status fill(mn_ethosu_decoder *d, mn_ethosu_op *op, const mn_ethosu_filter *filter, int16_t *weights,
                      int16_t *ordered, size_t count) {
    const mn_ethosu_finish *f = &op->finish;
    const size_t taps = (size_t)filter->k_h * (size_t)filter->k_w;
    mn_ethosu_scale *scales = mn_region_alloc(d->region, (size_t)filter->out_c, sizeof *scales);
    if (!weights || !ordered || !scales) return mn_fail_memory("a program of an Ethos-U");
    MN_TRY(decode(d, filter, weights, scales));
    for (int32_t c = 0; c < filter->out_c && f->scaling == MN_ETHOSU_SCALED; c++) {
        scales[c].scale = f->scale.scale; /* one scale for all; biases are the channels' own */
        scales[c].shift = f->scale.shift;
    }
    op->finish.scaling = MN_ETHOSU_SCALED_CHANNEL;
    op->finish.scales = scales;
    if (!filter->depthwise) return keep(d, op, weights, count);
    transpose(weights, (size_t)filter->out_c, taps, ordered);
    return keep(d, op, ordered, count);
}

mn_status mn_ethosu_decode_filter(mn_ethosu_decoder *d, mn_ethosu_op *op) {
    mn_ethosu_filter filter;
    MN_TRY(make_filter(d, op, &filter));
    const double weights = (double)filter.out_c * filter.k_h * filter.k_w * filter.in_c;
    if (weights > (double)(1 << 28)) return mn_fail(MN_ERROR_LIMIT, "it has more than 2^28 weights");
    MN_TRY(mn_ethosu_decode_spend(d, 16 * weights)); /* what decoding and packing take, roughly */
    const size_t count = (size_t)weights;
    int16_t *memory = calloc(count, sizeof *memory),
            *ordered = malloc((filter.depthwise ? count : 1) * sizeof *ordered);
    const mn_status status = fill(d, op, &filter, memory, ordered, count);
    free(memory);
    free(ordered);
    return status;
}
