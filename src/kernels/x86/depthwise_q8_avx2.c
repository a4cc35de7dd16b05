/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 3x3 depthwise convolution of int8 and uint8 for AVX2, 16 channels at a time. Weights of 16 bits have room for what
 * uint8 less its zero point may be. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/q8_avx2.h"

enum { TAPS = 3, BLOCK = 16, VECTORS = BLOCK / Q8_LANES, GROUP = 2, WEIGHTS_HAVE_ZERO = 0 };

typedef int16_t weight;

static weight weight_of(uint8_t stored, const mn_q8_zeros *zeros) {
    return (weight)((int8_t)(stored ^ zeros->weight_flip) - zeros->weight);
}

/* A column of the image, interleaved: [top, middle] and [bottom, 0] of each channel. */
typedef struct column {
    __m256i v[VECTORS][4 / GROUP];
} column;

Q8_INLINE column interleave(const uint8_t *const *cells, mn_type type) {
    __m256i top = q8_widen(cells[0], type), middle = q8_widen(cells[1], type), bottom = q8_widen(cells[2], type);
    __m256i none = _mm256_setzero_si256();
    return (column){{{_mm256_unpacklo_epi16(top, middle), _mm256_unpacklo_epi16(bottom, none)},
                     {_mm256_unpackhi_epi16(top, middle), _mm256_unpackhi_epi16(bottom, none)}}};
}

Q8_INLINE void finish_block(const __m256i *results, mn_range_i32 range, uint8_t flip, int32_t channels, uint8_t *out) {
    q8_store_block(results, range, flip, channels, out);
}

#include "kernels/x86/depthwise_q8_tile.h"

static bool depthwise_q8_need(const void *params, mn_kernel_need *need) { return depthwise_need(params, need); }

static void depthwise_i8_pack(const void *params, const void *const *constants, void *packed) {
    depthwise_pack(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_depthwise_i8_avx2_traits = {
    .need = depthwise_q8_need, .pack = depthwise_i8_pack, .rings = true};

static void depthwise_u8_pack(const void *params, const void *const *constants, void *packed) {
    depthwise_pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_depthwise_u8_avx2_traits = {
    .need = depthwise_q8_need, .pack = depthwise_u8_pack, .rings = true};

void mn_depthwise_i8_avx2(const mn_task *task, int32_t begin, int32_t end) { depthwise_run(task, begin, end, MN_INT8); }
void mn_depthwise_u8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    depthwise_run(task, begin, end, MN_UINT8);
}

#endif
