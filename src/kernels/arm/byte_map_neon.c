/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Maps of bytes for NEON: the 256 of them lie in 16 registers, and one instruction looks up 64. */
#include "kernels/kernels.h"

#if defined(__aarch64__) && defined(__GNUC__)

#include "kernels/arm/flat_q8.h"
#include "kernels/portable/convert.h"

enum { PARTS = 4, PART = 64 };

/* Bytes beyond a part leave what the parts before found. */
Q8_INLINE uint8x16_t look_up(const uint8x16x4_t part[PARTS], uint8x16_t x) {
    uint8x16_t found = vqtbl4q_u8(part[0], x);
    Q8_UNROLL for (int i = 1; i < PARTS; i++) {
        x = vsubq_u8(x, vdupq_n_u8(PART));
        found = vqtbx4q_u8(found, part[i], x);
    }
    return found;
}

static void run(const mn_task *task, int32_t begin, int32_t end) {
    const mn_byte_map *map = task->packed;
    const uint8_t *in = task->inputs[0];
    uint8_t *out = task->output;
    uint8x16x4_t part[PARTS];
    int32_t i = begin;
    for (int p = 0; p < PARTS; p++) part[p] = vld1q_u8_x4(map->map + p * PART);
    for (; i + MN_ARM_LANES <= end; i += MN_ARM_LANES) vst1q_u8(out + i, look_up(part, vld1q_u8(in + i)));
    for (; i < end; i++) out[i] = map->map[in[i]];
}

void mn_unary_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }
void mn_unary_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }
void mn_clamp_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }
void mn_clamp_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }
void mn_quantize_i8_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }
void mn_quantize_u8_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }

#endif
