/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Maps of bytes for NEON: the 256 of them lie in 16 registers, and one instruction looks up 64. */
#include "kernels/kernels.h"

#if defined(__aarch64__) && defined(__GNUC__)

#include "kernels/arm/flat_q8.h"
#include "kernels/portable/convert.h"

enum { PART = 64 };

static void run(const mn_task *task, int32_t begin, int32_t end) {
    const mn_byte_map *map = task->packed;
    const uint8_t *in = task->inputs[0];
    uint8_t *out = task->output;
    int32_t i = begin;
    /* Not an array, which gcc would leave in memory. */
    const uint8x16x4_t first = vld1q_u8_x4(map->map), second = vld1q_u8_x4(map->map + PART);
    const uint8x16x4_t third = vld1q_u8_x4(map->map + 2 * PART), fourth = vld1q_u8_x4(map->map + 3 * PART);
    const uint8x16_t part = vdupq_n_u8(PART);
    for (; i + MN_ARM_LANES <= end; i += MN_ARM_LANES) {
        /* Bytes beyond a part leave what the parts before found. */
        uint8x16_t x = vld1q_u8(in + i), found = vqtbl4q_u8(first, x);
        x = vsubq_u8(x, part);
        found = vqtbx4q_u8(found, second, x);
        x = vsubq_u8(x, part);
        found = vqtbx4q_u8(found, third, x);
        x = vsubq_u8(x, part);
        vst1q_u8(out + i, vqtbx4q_u8(found, fourth, x));
    }
    for (; i < end; i++) out[i] = map->map[in[i]];
}

void mn_unary_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }
void mn_unary_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }
void mn_clamp_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }
void mn_clamp_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }
void mn_quantize_i8_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }
void mn_quantize_u8_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }
void mn_quantize_i8_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }
void mn_quantize_u8_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end); }

#endif
