/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Weights and scales of CONV and DEPTHWISE. */
#include <stdlib.h>
#include <string.h>

#include "ethosu/decode.h"
#include "ethosu/dense.h"

/* Registers of one core. */
static const int32_t weight_codes[2][2] = {{MN_NPU_WEIGHT_BASE, MN_NPU_WEIGHT_LENGTH},
                                           {MN_NPU_WEIGHT1_BASE, MN_NPU_WEIGHT1_LENGTH}};
static const int32_t scale_codes[2][2] = {{MN_NPU_SCALE_BASE, MN_NPU_SCALE_LENGTH},
                                          {MN_NPU_SCALE1_BASE, MN_NPU_SCALE1_LENGTH}};

/* A network's image may be cut into stripes, each with the weights of the one before: how far to look for those. */
enum { LOOK_BACK = 64 };

/* Of all operations together: a limit of ours, twice what the largest classifiers have. */
enum { MOST_WEIGHTS = 1 << 28 };

/* A stream in constant memory, or in memory that it has been copied to. */
static mn_status find(const mn_ethosu_decoder *d, int32_t region, const int32_t codes[2], const char *what,
                      const uint8_t **data, size_t *bytes) {
    const uint64_t begin = mn_npu_address(&d->registers, codes[0]);
    int32_t space;
    MN_TRY(mn_ethosu_decode_space(d, region, &space));
    *bytes = d->registers.wide[codes[1]].low;
    if (begin > d->memory->bytes[space] || *bytes > d->memory->bytes[space] - begin) {
        return mn_fail(MN_ERROR_FORMAT, "its %s lie beyond their region", what);
    }
    *data = mn_ethosu_origins_find(&d->origins, d->memory, space, (size_t)begin, *bytes);
    return *data ? MN_OK : mn_fail(MN_ERROR_UNSUPPORTED, "its %s are not constants of the model", what);
}

static mn_status find_source(const mn_ethosu_decoder *d, const mn_ethosu_filter *filter, mn_ethosu_op *op) {
    mn_ethosu_source *out = &op->source;
    *out = (mn_ethosu_source){.block_depth = filter->block_depth,
                              .cores = filter->cores,
                              .part_kernel = filter->part_kernel,
                              .one_scale = op->finish.scaling == MN_ETHOSU_SCALED};
    for (int32_t core = 0; core < filter->cores; core++) {
        if (mn_ethosu_core_channels(filter, core) == 0) continue;
        MN_TRY(find(d, MN_NPU_WEIGHT_REGION, weight_codes[core], "weights", &out->weights[core],
                    &out->weight_bytes[core]));
        MN_TRY(find(d, MN_NPU_SCALE_REGION, scale_codes[core], "scales", &out->scales[core], &out->scale_bytes[core]));
    }
    return MN_OK;
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
                              .part_kernel = mn_npu_get_kernel_stride(r).part_kernel,
                              .dilation_h = w->dilation_h,
                              .dilation_w = w->dilation_w,
                              .in_bits = 8 * op->in.bytes,
                              .block_depth = mn_npu_size(r, MN_NPU_OFM_BLK_DEPTH_M1),
                              .cores = mn_npu_get(r, MN_NPU_PARALLEL_MODE) == 1 ? 2 : 1,
                              .micro_in = d->config->micro_in,
                              .micro_out = d->config->micro_out};
    if (out->cores > d->config->cores) {
        return mn_fail(MN_ERROR_FORMAT, "it runs on two cores, but the program is for an NPU with one");
    }
    if (op->in.bytes > 2) {
        return mn_fail(MN_ERROR_FORMAT, "its IFM has elements of 32 bits, which no convolution takes");
    }
    return MN_OK;
}

static mn_status decode(const mn_ethosu_source *s, const mn_ethosu_filter *filter, int16_t *weights,
                        mn_ethosu_scale *scales) {
    for (int32_t core = 0; core < filter->cores; core++) {
        if (mn_ethosu_core_channels(filter, core) == 0) continue;
        MN_TRY(mn_ethosu_weights_decode(filter, core, s->weights[core], s->weight_bytes[core], weights));
        MN_TRY(mn_ethosu_scales_decode(filter, core, s->scales[core], s->scale_bytes[core], scales));
    }
    return MN_OK;
}

/* ---- Stripes of one image --------------------------------------------------------------------------------- */

/* A scale of the program's own is in no source, so that those with one are never the same. */
static bool same_source(const mn_ethosu_source *a, const mn_ethosu_source *b) {
    if (a->one_scale || b->one_scale) return false;
    for (int32_t core = 0; core < 2; core++) {
        if (a->weights[core] != b->weights[core] || a->weight_bytes[core] != b->weight_bytes[core]) return false;
        if (a->scales[core] != b->scales[core] || a->scale_bytes[core] != b->scale_bytes[core]) return false;
    }
    return a->block_depth == b->block_depth && a->cores == b->cores && a->part_kernel == b->part_kernel;
}

static bool same_type(const mn_ethosu_map *a, const mn_ethosu_map *b) {
    return a->bytes == b->bytes && a->is_signed == b->is_signed && a->zero == b->zero;
}

/* Does `done` have all that `op` needs? Packed weights may depend on the window as well. */
static bool is_same(const mn_ethosu_op *done, const mn_ethosu_op *op) {
    const mn_ethosu_finish *a = &done->finish, *b = &op->finish;
    if (done->kind != op->kind) return false;
    if (!same_source(&done->source, &op->source) || memcmp(&done->window, &op->window, sizeof op->window) != 0)
        return false;
    return same_type(&done->in, &op->in) && same_type(&done->out, &op->out) && a->rounding == b->rounding &&
           a->zero == b->zero && a->low == b->low && a->high == b->high && a->table == b->table;
}

static bool share(const mn_ethosu_decoder *d, mn_ethosu_op *op) {
    for (int32_t i = d->done_count - 1; i >= mn_max_i32(0, d->done_count - LOOK_BACK); i--) {
        const mn_ethosu_op *done = &d->done[i];
        if (!is_same(done, op)) continue;
        op->finish = done->finish;
        op->dense = done->dense;
        op->weights = done->weights;
        return true;
    }
    return false;
}

/* ---- Weights ---------------------------------------------------------------------------------------------- */

/* [c][taps] to [taps][c]. */
static void transpose(const int16_t *from, size_t channels, size_t taps, int16_t *to) {
    for (size_t c = 0; c < channels; c++) {
        for (size_t t = 0; t < taps; t++) to[t * channels + c] = from[c * taps + t];
    }
}

/* Keeps the weights as plain arithmetic reads them, unless a kernel has its own. */
static mn_status keep(mn_ethosu_decoder *d, mn_ethosu_op *op, const int16_t *weights, size_t count) {
    int16_t *kept;
    MN_TRY(mn_ethosu_dense_prepare(op, weights, d->machine, d->region));
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
    MN_TRY(decode(&op->source, filter, weights, scales));
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

/* Weights stay with the program, and a stream may be longer than they need: decoding takes both, roughly. */
static mn_status spend(mn_ethosu_decoder *d, const mn_ethosu_source *s, double weights) {
    double bytes = 0;
    for (int32_t core = 0; core < s->cores; core++)
        bytes += (double)s->weight_bytes[core] + (double)s->scale_bytes[core];
    d->weights += weights;
    if (d->weights > MOST_WEIGHTS) return mn_fail(MN_ERROR_LIMIT, "up to here the program has more than 2^28 weights");
    return mn_ethosu_decode_spend(d, 16 * (weights + bytes));
}

mn_status mn_ethosu_decode_filter(mn_ethosu_decoder *d, mn_ethosu_op *op) {
    mn_ethosu_filter filter;
    MN_TRY(make_filter(d, op, &filter));
    MN_TRY(find_source(d, &filter, op));
    if (share(d, op)) return MN_OK;
    const double weights = (double)filter.out_c * filter.k_h * filter.k_w * filter.in_c;
    MN_TRY(spend(d, &op->source, weights));
    const size_t count = (size_t)weights;
    int16_t *memory = calloc(count, sizeof *memory),
            *ordered = malloc((filter.depthwise ? count : 1) * sizeof *ordered);
    const mn_status status = fill(d, op, &filter, memory, ordered, count);
    free(memory);
    free(ordered);
    return status;
}
