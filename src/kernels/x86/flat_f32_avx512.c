/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operators of each float, or each pair, compiled for AVX-512. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/portable/runs.h"
#include "kernels/portable/unary.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))

TARGET void mn_unary_f32_avx512(const mn_task *task, int32_t begin, int32_t end) { mn_unary_near(task, begin, end); }

TARGET void mn_add_f32_avx512(const mn_task *task, int32_t begin, int32_t end) {
    if (((const mn_binary_params *)task->params)->subtract) {
        mn_pairs_f32(task, begin, end, MN_PAIR_SUB);
    } else {
        mn_pairs_f32(task, begin, end, MN_PAIR_ADD);
    }
}

TARGET void mn_mul_f32_avx512(const mn_task *task, int32_t begin, int32_t end) {
    mn_pairs_f32(task, begin, end, MN_PAIR_MUL);
}

#endif
