/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* SOFTMAX of 8-bit logits. They differ from the largest by at most 255, so that all exponentials there can be are
 * computed once per model, and all probabilities once per row. */
#include "base/checked.h"
#include "kernels/ref/ref.h"

enum { DIFFERENCES = 256 };

/* The exponentials of all differences, and what they add to a row's sum, in the order of the logits: the last is that
 * of the largest. */
typedef struct table {
    int32_t exps[DIFFERENCES], parts[DIFFERENCES];
} table;

static bool softmax_8bit_need(const void *params, mn_kernel_need *need) {
    (void)params;
    *need = (mn_kernel_need){.packed_bytes = sizeof(table)};
    return true;
}

static void softmax_8bit_pack(const void *params, const void *const *constants, void *packed) {
    (void)constants;
    table *t = packed;
    for (int32_t i = 0; i < DIFFERENCES; i++) {
        t->exps[i] = mn_softmax_exp(params, i - (DIFFERENCES - 1));
        t->parts[i] = mn_softmax_round(t->exps[i]);
    }
}

const mn_kernel_traits mn_softmax_8bit_portable_traits = {.need = softmax_8bit_need, .pack = softmax_8bit_pack};

/* The stored probability of an exponential. Most are too small for any: a high product is below its factor. */
static uint8_t stored_of(mn_softmax_factor factor, int32_t e, uint8_t sign) {
    if ((int64_t)e >> (factor.shift - 1) == 0) return sign;
    return (uint8_t)mn_min_i32(mn_softmax_probability(factor, e), UINT8_MAX) ^ sign;
}

/* Stored bytes xor `sign` are in the order of the logits. */
static void softmax_row(const table *restrict t, int32_t depth, const uint8_t *restrict in, uint8_t *restrict out,
                        uint8_t sign) {
    uint8_t most = 0, stored[DIFFERENCES];
    for (int32_t c = 0; c < depth; c++) most = (in[c] ^ sign) > most ? in[c] ^ sign : most;
    const int32_t *exps = t->exps + (DIFFERENCES - 1 - most), *parts = t->parts + (DIFFERENCES - 1 - most);
    int64_t sum = 0;
    for (int32_t c = 0; c < depth; c++) sum += parts[in[c] ^ sign];
    const mn_softmax_factor factor = mn_softmax_factor_of(sum);
    for (int32_t i = 0; i <= most; i++) stored[i ^ sign] = stored_of(factor, exps[i], sign);
    for (int32_t c = 0; c < depth; c++) out[c] = stored[in[c]];
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
