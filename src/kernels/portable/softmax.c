/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* SOFTMAX of 8-bit logits. They differ from the largest by at most 255, so that all exponentials there can be are
 * computed once per model, and all probabilities once per row. */
#include "base/checked.h"
#include "kernels/ref/ref.h"

enum { DIFFERENCES = 256 };

static bool softmax_8bit_need(const void *params, mn_kernel_need *need) {
    (void)params;
    *need = (mn_kernel_need){.packed_bytes = DIFFERENCES * sizeof(int32_t)};
    return true;
}

static void softmax_8bit_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    int32_t *exps = packed;
    for (int32_t i = 0; i < DIFFERENCES; i++) exps[i] = mn_softmax_exp(params, -i);
}

const mn_kernel_traits mn_softmax_8bit_portable_traits = {.need = softmax_8bit_need, .pack = softmax_8bit_pack};

/* Stored bytes xor `sign` are in the order of the logits. */
static void softmax_row(const int32_t *restrict exps, int32_t depth, const uint8_t *restrict in, uint8_t *restrict out,
                        uint8_t sign) {
    uint8_t most = 0, stored[DIFFERENCES];
    for (int32_t c = 0; c < depth; c++) most = (in[c] ^ sign) > most ? in[c] ^ sign : most;
    const int32_t largest = most;
    int64_t sum = 0;
    for (int32_t c = 0; c < depth; c++) sum += mn_softmax_round(exps[largest - (in[c] ^ sign)]);
    const mn_softmax_factor factor = mn_softmax_factor_of(sum);
    for (int32_t i = 0; i <= largest; i++) {
        stored[largest - i] = (uint8_t)mn_min_i32(mn_softmax_probability(factor, exps[i]), UINT8_MAX) ^ sign;
    }
    for (int32_t c = 0; c < depth; c++) out[c] = stored[in[c] ^ sign];
}

static void softmax_8bit(const mn_task *task, int32_t begin, int32_t end, uint8_t sign) {
    const mn_softmax_params *p = task->params;
    for (int32_t row = begin; row < end; row++) {
        const size_t offset = (size_t)row * (size_t)p->depth;
        softmax_row(task->packed, p->depth, (const uint8_t *)task->inputs[0] + offset, (uint8_t *)task->output + offset,
                    sign);
    }
}

void mn_softmax_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    softmax_8bit(task, begin, end, MN_SIGN_I8);
}

void mn_softmax_u8_portable(const mn_task *task, int32_t begin, int32_t end) {
    softmax_8bit(task, begin, end, MN_SIGN_U8);
}
