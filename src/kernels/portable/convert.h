/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Conversions of elements in loops that compilers vectorise: each tier compiles them for its own vectors. */
#ifndef MN_KERNELS_PORTABLE_CONVERT_H
#define MN_KERNELS_PORTABLE_CONVERT_H

#include "kernels/portable/loop.h"
#include "kernels/ref/ref.h"

#define MN_EACH static inline __attribute__((always_inline))

/** QUANTIZE from float32, per tensor: mn_store_real. Clamping first changes nothing, as the bounds are whole numbers,
 *  and leaves numbers that are halved and rounded exactly. */
MN_EACH void mn_quantize_floats(const mn_convert_params *p, const float *restrict in, uint8_t *restrict out,
                                int32_t count, int32_t sign) {
    const mn_range_i32 range = mn_sign_range(sign);
    const int32_t zero = p->zero[0];
    const float scale = p->scale[0], low = (float)(range.min - zero), high = (float)(range.max - zero);
    for (int32_t i = 0; i < count; i++) {
        const float units = in[i] / scale;
        const float at_least = units > low ? units : low; /* of NaN, too */
        const float inside = at_least < high ? at_least : high;
        const int32_t whole = (int32_t)inside;
        const float rest = inside - (float)whole;
        out[i] = (uint8_t)(whole + (rest >= 0.5f) - (rest <= -0.5f) + zero);
    }
}

/** What an operator makes of each stored byte, packed: the reference computes all 256 once per model. */
typedef struct mn_byte_map {
    uint8_t map[256];
    bool flips; /* the top bit, and nothing else */
} mn_byte_map;

/** The need() of kernels that look bytes up. */
bool mn_byte_map_need(const void *params, mn_kernel_need *need);

/** Asks `reference`, a kernel of one 8-bit operand. */
void mn_byte_map_fill(mn_byte_map *map, const void *params, mn_kernel_fn reference);

MN_EACH void mn_map_bytes(const mn_byte_map *m, const uint8_t *in, uint8_t *out, int32_t count) {
    if (m->flips) {
        MN_ELEMENTWISE for (int32_t i = 0; i < count; i++) out[i] = in[i] ^ 0x80;
    } else {
        MN_ELEMENTWISE for (int32_t i = 0; i < count; i++) out[i] = m->map[in[i]];
    }
}

MN_EACH void mn_map_task(const mn_task *task, int32_t begin, int32_t end) {
    mn_map_bytes(task->packed, (const uint8_t *)task->inputs[0] + begin, (uint8_t *)task->output + begin, end - begin);
}

#endif
