/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 3x3 depthwise convolution of int8 and uint8 for AVX-VNNI, 32 channels at a time. */
#include "kernels/kernels.h"

#ifdef MN_CPU_AVX_VNNI_COMPILES

#include "kernels/x86/q8_avxvnni.h"

enum { TAPS = 3, BLOCK = 32, VECTORS = BLOCK / Q8_LANES, GROUP = 4, WEIGHTS_HAVE_ZERO = 1 };

typedef int8_t weight;

static weight weight_of(uint8_t stored, const mn_q8_zeros *zeros) { return (weight)(stored ^ zeros->weight_flip); }

/* A column of the image, interleaved. */
typedef struct column {
    __m256i v[VECTORS][4 / GROUP];
} column;

Q8_INLINE column interleave(const uint8_t *const *cells, mn_type type) {
    const __m256i flip = _mm256_set1_epi8(type == MN_INT8 ? (char)0x80 : 0), none = _mm256_setzero_si256();
    __m256i top = _mm256_xor_si256(q8_load(cells[0]), flip), middle = _mm256_xor_si256(q8_load(cells[1]), flip);
    __m256i bottom = _mm256_xor_si256(q8_load(cells[2]), flip);
    __m256i low = _mm256_unpacklo_epi8(top, middle), high = _mm256_unpackhi_epi8(top, middle);
    __m256i low_rest = _mm256_unpacklo_epi8(bottom, none), high_rest = _mm256_unpackhi_epi8(bottom, none);
    return (column){{{_mm256_unpacklo_epi16(low, low_rest)},
                     {_mm256_unpackhi_epi16(low, low_rest)},
                     {_mm256_unpacklo_epi16(high, high_rest)},
                     {_mm256_unpackhi_epi16(high, high_rest)}}};
}

Q8_INLINE void finish_block(const __m256i *results, mn_range_i32 range, uint8_t flip, int32_t channels, uint8_t *out) {
    (void)channels; /* always all of them */
    __m256i bytes =
        _mm256_packs_epi16(_mm256_packs_epi32(results[0], results[1]), _mm256_packs_epi32(results[2], results[3]));
    _mm256_storeu_si256((__m256i *)(void *)out, q8_finish(bytes, range, flip));
}

#include "kernels/x86/depthwise_q8_tile.h"

/* The kernel for AVX2 takes fewer channels. */
static bool depthwise_i8_need(const void *params, mn_kernel_need *need) {
    return ((const mn_conv_params *)params)->window.out_c >= BLOCK && depthwise_need(params, need);
}

/* A zero point of 0, centred and with its sign turned, is more than a signed byte can hold. */
static bool depthwise_u8_need(const void *params, mn_kernel_need *need) {
    return ((const mn_conv_params *)params)->weight_zero > 0 && depthwise_i8_need(params, need);
}

static void depthwise_i8_pack(const void *params, const void *const *constants, void *packed) {
    depthwise_pack(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_depthwise_i8_avxvnni_traits = {
    .need = depthwise_i8_need, .pack = depthwise_i8_pack, .rings = true};

static void depthwise_u8_pack(const void *params, const void *const *constants, void *packed) {
    depthwise_pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_depthwise_u8_avxvnni_traits = {
    .need = depthwise_u8_need, .pack = depthwise_u8_pack, .rings = true};

void mn_depthwise_i8_avxvnni(const mn_task *task, int32_t begin, int32_t end) {
    depthwise_run(task, begin, end, MN_INT8);
}

void mn_depthwise_u8_avxvnni(const mn_task *task, int32_t begin, int32_t end) {
    depthwise_run(task, begin, end, MN_UINT8);
}

#endif
