/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM and PRELU, run by run. In 8 bits an operand of one element makes the operator a
 * map of bytes, which is worked out first where there are many elements. */
#include "kernels/portable/convert.h"
#include "kernels/portable/runs.h"

void mn_add_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    if (((const mn_binary_params *)task->params)->subtract) {
        mn_pairs_f32(task, begin, end, MN_PAIR_SUB);
    } else {
        mn_pairs_f32(task, begin, end, MN_PAIR_ADD);
    }
}

void mn_mul_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    mn_pairs_f32(task, begin, end, MN_PAIR_MUL);
}

void mn_div_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    mn_pairs_f32(task, begin, end, MN_PAIR_DIV);
}

void mn_maximum_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    if (((const mn_binary_params *)task->params)->minimum) {
        mn_pairs_f32(task, begin, end, MN_PAIR_MIN);
    } else {
        mn_pairs_f32(task, begin, end, MN_PAIR_MAX);
    }
}

void mn_prelu_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    mn_pairs_f32(task, begin, end, MN_PAIR_PRELU);
}

/* ---- 8 bits ------------------------------------------------------------------------------------------- */

/* Stored bytes xor `sign` are in the order of the values. */
MN_EACH_RUN uint8_t extreme_of(const mn_binary_params *p, uint8_t a, uint8_t b, int32_t sign) {
    const uint8_t x = (uint8_t)(a ^ sign), y = (uint8_t)(b ^ sign);
    const uint8_t most = x > y ? x : y, least = x > y ? y : x;
    return (uint8_t)((p->minimum ? least : most) ^ sign);
}

MN_EACH_RUN uint8_t pair_of(mn_kernel_op op, const mn_binary_params *p, uint8_t a, uint8_t b, int32_t sign) {
    switch (op) {
    case MN_K_ADD: return mn_add_8bit_of(p, a, b, sign);
    case MN_K_MUL: return mn_mul_8bit_of(p, a, b, sign);
    case MN_K_PRELU: return mn_prelu_8bit_of(p, a, b, sign);
    default: return extreme_of(p, a, b, sign);
    }
}

/* Elements from which on a map pays: it costs 256. */
enum { MAP = 256, WORTH_A_MAP = 1024 };

MN_EACH_RUN void map_elements(mn_kernel_op op, const mn_task *task, int32_t begin, int32_t end, int32_t sign,
                              int32_t single) {
    const uint8_t *in = (const uint8_t *)task->inputs[1 - single] + begin;
    const uint8_t constant = *(const uint8_t *)task->inputs[single];
    mn_byte_map map = {.flips = false};
    for (int32_t i = 0; i < MAP; i++) {
        const uint8_t other = (uint8_t)i;
        map.map[i] = pair_of(op, task->params, single ? other : constant, single ? constant : other, sign);
    }
    mn_map_bytes(&map, in, (uint8_t *)task->output + begin, end - begin);
}

MN_EACH_RUN void pairs_8bit(mn_kernel_op op, const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_binary_params *p = task->params;
    const bool single[2] = {mn_runs_single(p, 0), mn_runs_single(p, 1)};
    mn_runs runs;
    mn_run run;
    mn_runs_open(&runs, p, begin, end);
    /* All in one run: the other operand has the output's elements. */
    if (single[0] != single[1] && end - begin >= WORTH_A_MAP && mn_runs_are_one(&runs)) {
        map_elements(op, task, begin, end, sign, single[1]);
        return;
    }
    while (mn_runs_next(&runs, &run)) {
        const uint8_t *a = (const uint8_t *)task->inputs[0] + run.in[0];
        const uint8_t *b = (const uint8_t *)task->inputs[1] + run.in[1];
        uint8_t *out = (uint8_t *)task->output + run.out;
        MN_ELEMENTWISE for (int32_t i = 0; i < run.count; i++, a += runs.moves[0], b += runs.moves[1]) {
            out[i] = pair_of(op, p, *a, *b, sign);
        }
    }
}

void mn_add_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    pairs_8bit(MN_K_ADD, task, begin, end, MN_SIGN_I8);
}

void mn_add_u8_portable(const mn_task *task, int32_t begin, int32_t end) {
    pairs_8bit(MN_K_ADD, task, begin, end, MN_SIGN_U8);
}

void mn_mul_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    pairs_8bit(MN_K_MUL, task, begin, end, MN_SIGN_I8);
}

void mn_mul_u8_portable(const mn_task *task, int32_t begin, int32_t end) {
    pairs_8bit(MN_K_MUL, task, begin, end, MN_SIGN_U8);
}

void mn_maximum_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    pairs_8bit(MN_K_MAXIMUM, task, begin, end, MN_SIGN_I8);
}

void mn_maximum_u8_portable(const mn_task *task, int32_t begin, int32_t end) {
    pairs_8bit(MN_K_MAXIMUM, task, begin, end, MN_SIGN_U8);
}

void mn_prelu_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    pairs_8bit(MN_K_PRELU, task, begin, end, MN_SIGN_I8);
}

void mn_prelu_u8_portable(const mn_task *task, int32_t begin, int32_t end) {
    pairs_8bit(MN_K_PRELU, task, begin, end, MN_SIGN_U8);
}
