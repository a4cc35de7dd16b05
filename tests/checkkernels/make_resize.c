/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Cases of RESIZE_*, SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND. */
#include "checkkernels/check.h"

#include <stdio.h>

#include "kernels/resize.h"

static mn_type type_or_any(check_rng *r, mn_type type) { return type == MN_NONE ? check_any_type(r) : type; }

/* ---- RESIZE_* ---- */

static mn_resize_tap *taps(check_case *c, int32_t in, int32_t out, bool bilinear, int32_t way) {
    mn_resize_tap *list = check_case_alloc(c, (size_t)out, sizeof *list);
    if (bilinear) {
        mn_resize_taps_bilinear(in, out, way == 1, way == 2, list);
    } else {
        mn_resize_taps_nearest(in, out, way == 1, way == 2, list);
    }
    return list;
}

/* `way`: 1 aligned corners, 2 half-pixel centres, else neither. */
static bool fill_resize(check_case *c, check_rng *r, mn_type type, bool bilinear, int32_t way) {
    mn_resize_params *p = &c->params.resize;
    p->rows = taps(c, p->in_h, p->out_h, bilinear, way);
    p->columns = taps(c, p->in_w, p->out_w, bilinear, way);
    p->element_bytes = (int32_t)mn_type_size(type);
    snprintf(c->shape, sizeof c->shape, "%s %d of %dx%dx%d to %dx%d, way %d", mn_type_name(type), p->batches, p->in_h,
             p->in_w, p->channels, p->out_h, p->out_w, way);
    check_add_input(c, r, type, (size_t)(p->batches * p->in_h * p->in_w * p->channels), false);
    check_set_output(c, type, (size_t)(p->batches * p->out_h * p->out_w * p->channels), p->batches * p->out_h);
    c->macs = (int64_t)p->batches * p->out_h * p->out_w * p->channels * (bilinear ? 4 : 1);
    return true;
}

static bool make_resize(check_case *c, check_rng *r, mn_type type, bool bilinear) {
    c->params.resize = (mn_resize_params){.batches = check_between(r, 1, 2),
                                          .in_h = check_between(r, 1, 9),
                                          .in_w = check_between(r, 1, 9),
                                          .out_h = check_between(r, 1, 19),
                                          .out_w = check_between(r, 1, 19),
                                          .channels = check_size(r, 40)};
    return fill_resize(c, r, type, bilinear, check_between(r, 0, 2));
}

static bool bench_resize(check_case *c, check_rng *r, mn_type type, bool bilinear) {
    c->params.resize =
        (mn_resize_params){.batches = 1, .in_h = 28, .in_w = 28, .out_h = 56, .out_w = 56, .channels = 96};
    return fill_resize(c, r, type, bilinear, 2);
}

bool check_make_resize_bilinear(check_case *c, check_rng *r, mn_type in, mn_type out) {
    return in == out && make_resize(c, r, in, true);
}

bool check_bench_resize_bilinear(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    return index == 0 && in == out && bench_resize(c, r, in, true);
}

bool check_make_resize_nearest(check_case *c, check_rng *r, mn_type in, mn_type out) {
    return in == out && make_resize(c, r, type_or_any(r, in), false);
}

bool check_bench_resize_nearest(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    return index == 0 && in == out && bench_resize(c, r, in == MN_NONE ? MN_UINT8 : in, false);
}

/* ---- SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND ---- */

static bool fill_space(check_case *c, check_rng *r, mn_type type, bool to_batch) {
    mn_space_params *p = &c->params.space;
    p->element_bytes = (int32_t)mn_type_size(type);
    for (size_t i = 0; i < sizeof p->value; i++) p->value[i] = (uint8_t)check_next(r);
    const int32_t batches = p->images * p->block_h * p->block_w;
    const size_t space = (size_t)(p->images * p->h * p->w * p->channels),
                 batch = (size_t)(batches * p->batch_h * p->batch_w * p->channels);
    snprintf(c->shape, sizeof c->shape, "%s %d of %dx%dx%d, blocks of %dx%d after %d, %d, %d batches of %dx%d",
             mn_type_name(type), p->images, p->h, p->w, p->channels, p->block_h, p->block_w, p->before_h, p->before_w,
             batches, p->batch_h, p->batch_w);
    check_add_input(c, r, type, to_batch ? space : batch, false);
    check_set_output(c, type, to_batch ? batch : space, to_batch ? batches * p->batch_h : p->images * p->h);
    c->macs = (int64_t)(to_batch ? batch : space);
    return true;
}

static bool make_space(check_case *c, check_rng *r, mn_type type, bool to_batch) {
    mn_space_params *p = &c->params.space;
    *p = (mn_space_params){.images = check_between(r, 1, 2),
                           .h = check_between(r, 1, 9),
                           .w = check_between(r, 1, 9),
                           .channels = check_size(r, 40),
                           .block_h = check_between(r, 1, 3),
                           .block_w = check_between(r, 1, 3),
                           .before_h = check_between(r, 0, 4),
                           .before_w = check_between(r, 0, 4)};
    p->batch_h = (p->before_h + p->h + p->block_h - 1) / p->block_h + check_between(r, 0, 1);
    p->batch_w = (p->before_w + p->w + p->block_w - 1) / p->block_w + check_between(r, 0, 1);
    return fill_space(c, r, type, to_batch);
}

static bool bench_space(check_case *c, check_rng *r, mn_type type, bool to_batch) {
    c->params.space = (mn_space_params){.images = 1,
                                        .h = 28,
                                        .w = 28,
                                        .channels = 96,
                                        .block_h = 2,
                                        .block_w = 2,
                                        .before_h = 2,
                                        .before_w = 2,
                                        .batch_h = 16,
                                        .batch_w = 16};
    return fill_space(c, r, type, to_batch);
}

bool check_make_space_to_batch(check_case *c, check_rng *r, mn_type in, mn_type out) {
    return in == out && make_space(c, r, type_or_any(r, in), true);
}

bool check_bench_space_to_batch(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    return index == 0 && in == out && bench_space(c, r, in == MN_NONE ? MN_UINT8 : in, true);
}

bool check_make_batch_to_space(check_case *c, check_rng *r, mn_type in, mn_type out) {
    return in == out && make_space(c, r, type_or_any(r, in), false);
}

bool check_bench_batch_to_space(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    return index == 0 && in == out && bench_space(c, r, in == MN_NONE ? MN_UINT8 : in, false);
}
