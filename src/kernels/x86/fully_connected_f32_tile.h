/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float fully connected layers for any vector width. Weights are read once, so they stay as they are in the file:
 * nothing is packed, and reading them is what takes the time. The including file defines TARGET, vec, LANES, the v_
 * operations (f32_avx2.h, f32_avx512.h) and v_halve(), and gets run(). */

#include "base/checked.h"
#include "kernels/params.h"
#include "kernels/quant.h"

#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")

/* Outputs computed together. */
enum { CHANNELS = 8 };

INLINE __m256 add_pairs(__m256 a, __m256 b) {
    return _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
}

INLINE __m256 add_fours(__m256 low, __m256 high) {
    const __m256d a = _mm256_castps_pd(low), b = _mm256_castps_pd(high);
    return _mm256_add_ps(_mm256_castpd_ps(_mm256_unpacklo_pd(a, b)), _mm256_castpd_ps(_mm256_unpackhi_pd(a, b)));
}

/* The sum of each vector's lanes, in order. */
INLINE __m256 add_lanes(const __m256 v[CHANNELS]) {
    const __m256 low = add_fours(add_pairs(v[0], v[1]), add_pairs(v[2], v[3]));
    const __m256 high = add_fours(add_pairs(v[4], v[5]), add_pairs(v[6], v[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
}

/* The products of `in` with the weights of `count` outputs from `channel` on. */
INLINE void sum_some(const mn_fully_connected_params *p, const float *in, const float *weights, int32_t channel,
                     int32_t count, float sums[CHANNELS]) {
    const float *rows[CHANNELS];
    vec acc[CHANNELS];
    UNROLL for (int i = 0; i < CHANNELS; i++) {
        rows[i] = weights + (ptrdiff_t)(channel + mn_min_i32(i, count - 1)) * p->in_c;
        acc[i] = v_zero();
    }
    int32_t k = 0;
    for (; k + LANES <= p->in_c; k += LANES) {
        const vec x = v_load(in + k);
        UNROLL for (int i = 0; i < CHANNELS; i++) acc[i] = v_fma(x, v_load(rows[i] + k), acc[i]);
    }
    if (k < p->in_c) {
        const vec x = v_load_part(in + k, p->in_c - k);
        UNROLL for (int i = 0; i < CHANNELS; i++) { acc[i] = v_fma(x, v_load_part(rows[i] + k, p->in_c - k), acc[i]); }
    }
    __m256 halves[CHANNELS];
    UNROLL for (int i = 0; i < CHANNELS; i++) halves[i] = v_halve(acc[i]);
    _mm256_storeu_ps(sums, add_lanes(halves));
}

/* Outputs [begin, end) of one row. */
TARGET static void run_row(const mn_task *task, int32_t row, int32_t begin, int32_t end) {
    const mn_fully_connected_params *p = task->params;
    const float *in = (const float *)task->inputs[0] + (ptrdiff_t)row * p->in_c, *bias = task->inputs[2];
    float *out = (float *)task->output + (ptrdiff_t)row * p->out_c;
    for (int32_t c = begin; c < end; c += CHANNELS) {
        const int32_t count = mn_min_i32(CHANNELS, end - c);
        float sums[CHANNELS];
        sum_some(p, in, task->inputs[1], c, count, sums);
        for (int32_t i = 0; i < count; i++) {
            out[c + i] = mn_clamp_f32(sums[i] + (bias ? bias[c + i] : 0.0f), p->range_f32);
        }
    }
}

static void run(const mn_task *task, int32_t begin, int32_t end) {
    const mn_fully_connected_params *p = task->params;
    for (int32_t unit = begin, next; unit < end; unit = next) {
        const int32_t first = unit % p->out_c;
        next = mn_min_i32(unit - first + p->out_c, end);
        run_row(task, unit / p->out_c, first, first + next - unit);
    }
}
