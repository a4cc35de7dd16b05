/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "graph/slice.h"

#include "base/checked.h"

/* Where the walk over the entries stands. */
typedef struct cursor {
    const mn_slice *slice;
    const mn_shape *x;
    mn_slice_part *part; /* rank: dimensions of the input that have been dealt with */
    mn_shape *out;
} cursor;

static bool bit(uint32_t mask, int32_t i) { return mask >> i & 1; }

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

static bool add_out(cursor *c, int64_t size) {
    if (c->out->rank == MN_MAX_RANK) return false;
    c->out->dims[c->out->rank++] = (int32_t)size;
    return true;
}

/* The next dimension of the input as a whole. */
static bool take_all(cursor *c) {
    const int32_t d = c->part->rank;
    if (d == c->x->rank) return false;
    c->part->step[d] = 1;
    c->part->count[d] = c->x->dims[d];
    c->part->rank++;
    return add_out(c, c->x->dims[d]);
}

/* Entry `i` applied to the next dimension, as tf.strided_slice says: negative numbers count from the end, and ends
 * beyond the tensor are cut. */
static const char *take_entry(cursor *c, int32_t i) {
    const mn_slice *s = c->slice;
    const int32_t d = c->part->rank;
    if (d == c->x->rank) return "is one more than the input has dimensions";
    const int64_t size = c->x->dims[d], step = s->step[i];
    if (step == 0) return "has a step of 0";
    const int64_t lowest = step > 0 ? 0 : -1, highest = step > 0 ? size : size - 1;
    int64_t begin = s->begin[i] < 0 ? s->begin[i] + size : s->begin[i];
    if (bit(s->begin_mask, i)) begin = step > 0 ? 0 : size - 1;
    c->part->rank++;
    if (bit(s->shrink_axis_mask, i)) {
        if (begin < 0 || begin >= size) return "names an index that is not there";
        c->part->begin[d] = (int32_t)begin;
        c->part->step[d] = c->part->count[d] = 1;
        return NULL;
    }
    begin = clamp(begin, lowest, highest);
    int64_t end = s->end[i] < 0 && !s->offset ? s->end[i] + size : s->end[i];
    if (s->offset) end += begin;
    if (bit(s->end_mask, i)) end = step > 0 ? size : -1;
    end = clamp(end, lowest, highest);
    const int64_t span = step > 0 ? end - begin : begin - end, pace = step > 0 ? step : -step;
    if (span <= 0) return "takes nothing";
    c->part->begin[d] = (int32_t)begin;
    c->part->step[d] = (int32_t)step;
    c->part->count[d] = (int32_t)((span + pace - 1) / pace);
    return add_out(c, c->part->count[d]) ? NULL : "makes too many dimensions";
}

/* How many dimensions of the input the ellipsis stands for. */
static int32_t ellipsis_length(const mn_slice *slice, int32_t rank) {
    int32_t others = 0;
    for (int32_t i = 0; i < slice->count; i++) {
        if (!bit(slice->ellipsis_mask, i) && !bit(slice->new_axis_mask, i)) others++;
    }
    return mn_max_i32(0, rank - others);
}

const char *mn_slice_apply(const mn_slice *slice, const mn_shape *x, mn_slice_part *part, mn_shape *out,
                           int32_t *entry) {
    *part = (mn_slice_part){0};
    *out = (mn_shape){0};
    cursor c = {.slice = slice, .x = x, .part = part, .out = out};
    for (int32_t i = 0; i < slice->count; i++) {
        *entry = i;
        if (bit(slice->ellipsis_mask, i)) {
            for (int32_t left = ellipsis_length(slice, x->rank); left > 0; left--) {
                if (!take_all(&c)) return "makes too many dimensions";
            }
        } else if (bit(slice->new_axis_mask, i)) {
            if (!add_out(&c, 1)) return "makes too many dimensions";
        } else {
            const char *problem = take_entry(&c, i);
            if (problem) return problem;
        }
    }
    while (part->rank < x->rank) {
        if (!take_all(&c)) return "makes too many dimensions";
    }
    return NULL;
}
