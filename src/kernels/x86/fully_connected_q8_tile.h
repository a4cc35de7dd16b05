/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 fully connected layers for any vector width. Weights are read once, so they stay as they are in the
 * file: nothing is packed, and reading them is what takes the time. Inputs are widened to 16 bits and their zero point
 * taken off; weights are widened on the way; VPMADDWD's sums of two products of 9 bits each are exact. The including
 * file defines TARGET, vec, WORDS (16-bit lanes) and the v_ operations, and gets run(). */

#include <string.h>

#define Q8_INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")

#include "kernels/x86/fully_connected_q8_ymm.h"

/* One input row, ready to be multiplied, and what all outputs need. */
typedef struct job {
    const mn_fully_connected_params *p;
    const uint8_t *weights;
    const int32_t *bias; /* or NULL */
    const int16_t *in;   /* zeros fill the last vector up */
    bool is_signed;
    uint8_t *out;
} job;

static size_t workspace_bytes(const mn_fully_connected_params *p) {
    return mn_round_up((size_t)p->in_c, WORDS) * sizeof(int16_t);
}

TARGET static void widen(const mn_fully_connected_params *p, const uint8_t *in, bool is_signed, int16_t *out) {
    const int32_t count = p->in_c, zero = p->in_zero;
    if (is_signed) {
        for (int32_t i = 0; i < count; i++) out[i] = (int16_t)((int8_t)in[i] - zero);
    } else {
        for (int32_t i = 0; i < count; i++) out[i] = (int16_t)(in[i] - zero);
    }
    memset(out + count, 0, workspace_bytes(p) - (size_t)count * sizeof *out);
}

/* Constant `is_signed` lets the compiler choose one way to widen. */
Q8_INLINE void run_some(const job *j, bool is_signed, int32_t channel, int32_t count) {
    const int32_t in_c = j->p->in_c;
    const vec zero = v_set(j->p->weight_zero);
    const uint8_t *rows[CHANNELS];
    vec acc[CHANNELS];
    UNROLL for (int i = 0; i < CHANNELS; i++) {
        rows[i] = j->weights + (ptrdiff_t)(channel + mn_min_i32(i, count - 1)) * in_c;
        acc[i] = v_zero();
    }
    int32_t k = 0;
    for (; k + WORDS <= in_c; k += WORDS) {
        const vec x = v_load(j->in + k);
        UNROLL for (int i = 0; i < CHANNELS; i++) {
            acc[i] = v_dot(acc[i], x, v_sub(v_widen(rows[i] + k, is_signed), zero));
            /* The same place of the rows that come next: short rows are too short for the processor to guess. */
            _mm_prefetch((const char *)((uintptr_t)(rows[i] + k) + (uintptr_t)in_c * CHANNELS), _MM_HINT_T0);
        }
    }
    if (k < in_c) {
        const vec x = v_load(j->in + k);
        UNROLL for (int i = 0; i < CHANNELS; i++) {
            uint8_t rest[WORDS] = {0};
            memcpy(rest, rows[i] + k, (size_t)(in_c - k));
            acc[i] = v_dot(acc[i], x, v_sub(v_widen(rest, is_signed), zero));
        }
    }
    __m256i halves[CHANNELS];
    UNROLL for (int i = 0; i < CHANNELS; i++) halves[i] = v_halve(acc[i]);
    store_outputs(j->p, j->bias, mn_add_lanes(halves), channel, count, j->out);
}

TARGET static void run_row(const job *j, int32_t begin, int32_t end) {
    for (int32_t c = begin; c < end; c += CHANNELS) {
        const int32_t count = mn_min_i32(CHANNELS, end - c);
        if (j->is_signed) {
            run_some(j, true, c, count);
        } else {
            run_some(j, false, c, count);
        }
    }
}

static void run(const mn_task *task, int32_t begin, int32_t end, bool is_signed) {
    const mn_fully_connected_params *p = task->params;
    for (int32_t unit = begin; unit < end;) {
        const int32_t row = unit / p->out_c, first = unit % p->out_c;
        const int32_t last = mn_min_i32(p->out_c, first + end - unit);
        widen(p, (const uint8_t *)task->inputs[0] + (ptrdiff_t)row * p->in_c, is_signed, task->workspace);
        const job j = {.p = p,
                       .weights = task->inputs[1],
                       .bias = task->inputs[2],
                       .in = task->workspace,
                       .is_signed = is_signed,
                       .out = (uint8_t *)task->output + (ptrdiff_t)row * p->out_c};
        run_row(&j, first, last);
        unit += last - first;
    }
}
