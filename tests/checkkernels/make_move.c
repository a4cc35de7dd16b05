/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Cases of operators that move elements: COPY, PAD, TRANSPOSE, CONCATENATION. */
#include "checkkernels/check.h"

#include <stdio.h>

static mn_type type_or_any(check_rng *r, mn_type type) { return type == MN_NONE ? check_any_type(r) : type; }

static int32_t element_bytes(mn_type type) { return (int32_t)mn_type_size(type); }

/* ---- COPY ---- */

static bool fill_copy(check_case *c, check_rng *r, mn_type type, int32_t count) {
    c->params.convert = (mn_convert_params){.count = count, .element_bytes = element_bytes(type)};
    check_add_input(c, r, type, (size_t)count, false);
    check_set_output(c, type, (size_t)count, count);
    c->macs = count;
    snprintf(c->shape, sizeof c->shape, "%d of %s", count, mn_type_name(type));
    return true;
}

bool check_make_copy(check_case *c, check_rng *r, mn_type in, mn_type out) {
    return in == out && fill_copy(c, r, type_or_any(r, in), check_size(r, 300));
}

bool check_bench_copy(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    return index == 0 && in == out && fill_copy(c, r, in == MN_NONE ? MN_UINT8 : in, 56 * 56 * 144);
}

/* ---- PAD ---- */

static bool fill_pad(check_case *c, check_rng *r, mn_type type) {
    mn_pad_params *p = &c->params.pad;
    size_t in = 1, out = 1;
    int32_t used = snprintf(c->shape, sizeof c->shape, "%s, dims and padding before and after", mn_type_name(type));
    for (int32_t d = 0; d < MN_MAX_RANK; d++) {
        in *= (size_t)p->in_dims[d], out *= (size_t)p->out_dims[d];
        used += snprintf(c->shape + used, sizeof c->shape - (size_t)used, " %d+%d+%d", p->in_dims[d], p->before[d],
                         p->out_dims[d] - p->in_dims[d] - p->before[d]);
    }
    p->element_bytes = element_bytes(type);
    for (size_t i = 0; i < sizeof p->value; i++) p->value[i] = (uint8_t)check_next(r);
    check_add_input(c, r, type, in, false);
    check_set_output(c, type, out, (int32_t)out / p->out_dims[MN_MAX_RANK - 1]);
    c->macs = (int64_t)out;
    return true;
}

bool check_make_pad(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_pad_params *p = &c->params.pad;
    for (int32_t d = 0; d < MN_MAX_RANK; d++) {
        p->in_dims[d] = d == MN_MAX_RANK - 1 ? check_size(r, 40) : check_between(r, 1, 3);
        p->before[d] = check_one_in(r, 2) ? check_between(r, 0, 2) : 0;
        p->out_dims[d] = p->in_dims[d] + p->before[d] + (check_one_in(r, 2) ? check_between(r, 0, 2) : 0);
    }
    return in == out && fill_pad(c, r, type_or_any(r, in));
}

bool check_bench_pad(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    c->params.pad = (mn_pad_params){.in_dims = {1, 1, 1, 224, 224, 3}, .out_dims = {1, 1, 1, 225, 225, 3}};
    return index == 0 && in == out && fill_pad(c, r, in == MN_NONE ? MN_UINT8 : in);
}

/* ---- TRANSPOSE ---- */

/* A walk over a tensor of `size` elements. */
static bool fill_transpose(check_case *c, check_rng *r, mn_type type, size_t size) {
    mn_transpose_params *p = &c->params.transpose;
    size_t total = 1;
    int32_t used =
        snprintf(c->shape, sizeof c->shape, "%s, from element %d dims (strides)", mn_type_name(type), p->in_first);
    for (int32_t d = 0; d < MN_MAX_RANK; d++) {
        total *= (size_t)p->out_dims[d];
        used += snprintf(c->shape + used, sizeof c->shape - (size_t)used, " %d(%d)", p->out_dims[d], p->in_stride[d]);
    }
    p->element_bytes = element_bytes(type);
    check_add_input(c, r, type, size, false);
    check_set_output(c, type, total, (int32_t)total);
    c->macs = (int64_t)total;
    return true;
}

/* Dimensions in another order; each whole, repeated, or a part of it, maybe backwards. */
bool check_make_transpose(check_case *c, check_rng *r, mn_type in, mn_type out) {
    mn_transpose_params *p = &c->params.transpose;
    int32_t dims[MN_MAX_RANK], order[MN_MAX_RANK], stride = 1;
    const bool ordered = check_one_in(r, 2);
    for (int32_t d = 0; d < MN_MAX_RANK; d++) {
        dims[d] = d < 2 ? check_between(r, 1, 2) : check_between(r, 1, 9);
        int32_t other = ordered ? d : check_between(r, 0, d); /* Fisher-Yates from the inside out */
        order[d] = order[other];
        order[other] = d;
    }
    p->in_first = 0;
    for (int32_t d = MN_MAX_RANK - 1; d >= 0; stride *= dims[d--]) {
        int32_t at = 0, begin = 0, count = dims[d], step = 1;
        while (order[at] != d) at++;
        if (check_one_in(r, 4)) {
            begin = check_between(r, 0, dims[d] - 1);
            count = check_between(r, 1, dims[d] - begin);
        } else if (check_one_in(r, 4)) {
            begin = dims[d] - 1, step = -1;
        } else if (check_one_in(r, 6)) {
            step = 0, count = check_between(r, 1, 4);
        }
        p->in_first += begin * stride;
        p->in_stride[at] = step * stride;
        p->out_dims[at] = count;
    }
    return in == out && fill_transpose(c, r, type_or_any(r, in), (size_t)stride);
}

/* Channels first to channels last, and half of the channels. */
bool check_bench_transpose(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    static const mn_transpose_params walks[] = {
        {.out_dims = {1, 1, 1, 224, 224, 3}, .in_stride = {0, 0, 0, 224, 1, 224 * 224}},
        {.out_dims = {1, 1, 1, 1, 56 * 56, 24}, .in_stride = {0, 0, 0, 0, 48, 1}, .in_first = 24},
    };
    static const size_t sizes[] = {3 * 224 * 224, 56 * 56 * 48};
    if (index > 1 || in != out) return false;
    c->params.transpose = walks[index];
    return fill_transpose(c, r, in == MN_NONE ? MN_FLOAT32 : in, sizes[index]);
}

/* ---- CONCATENATION ---- */

static bool fill_concatenation(check_case *c, check_rng *r, mn_type type, const int32_t *width) {
    mn_concatenation_params *p = &c->params.concatenation;
    float *scale = check_case_alloc(c, (size_t)p->input_count, sizeof *scale);
    int32_t *zero = check_case_alloc(c, (size_t)p->input_count, sizeof *zero);
    int32_t used = snprintf(c->shape, sizeof c->shape, "%s, %d rows of", mn_type_name(type), p->outer), total = 0;
    p->out_scale = check_scale(r), p->out_zero = check_zero_point(r, MN_UINT8);
    for (int32_t i = 0; i < p->input_count; i++) {
        bool same = check_one_in(r, 3);
        total += width[i];
        scale[i] = same ? p->out_scale : check_scale(r);
        zero[i] = same ? p->out_zero : check_zero_point(r, MN_UINT8);
        used += snprintf(c->shape + used, sizeof c->shape - (size_t)used, " %d", width[i]);
        check_add_input(c, r, type, (size_t)p->outer * (size_t)width[i], false);
    }
    p->width = width, p->element_bytes = element_bytes(type);
    if (type == MN_UINT8 && check_one_in(r, 2)) p->scale = scale, p->zero = zero;
    check_set_output(c, type, (size_t)p->outer * (size_t)total, p->outer);
    c->macs = (int64_t)p->outer * total;
    return true;
}

bool check_make_concatenation(check_case *c, check_rng *r, mn_type in, mn_type out) {
    c->params.concatenation =
        (mn_concatenation_params){.outer = check_size(r, 20), .input_count = check_between(r, 1, CHECK_INPUTS)};
    int32_t *width = check_case_alloc(c, CHECK_INPUTS, sizeof *width);
    for (int32_t i = 0; i < CHECK_INPUTS; i++) width[i] = check_size(r, 40);
    return in == out && fill_concatenation(c, r, type_or_any(r, in), width);
}

bool check_bench_concatenation(check_case *c, check_rng *r, mn_type in, mn_type out, int32_t index) {
    c->params.concatenation = (mn_concatenation_params){.outer = 28 * 28, .input_count = 2};
    static const int32_t width[] = {32, 96};
    return index == 0 && in == out && fill_concatenation(c, r, in == MN_NONE ? MN_FLOAT32 : in, width);
}
