/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A convolution and the depthwise 3x3 convolution behind it, int8 and uint8, for AVX2. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/conv_depthwise_q8.h"
#include "kernels/x86/products_avx2.h"

/* The first of the groups that copied conv rows are in. */
static int32_t first_group_of(const band *b) { return (b->first_copied + b->p->depthwise.window.pad_top) / GROUP; }

static inputs inputs_of(const band *b, int32_t index) {
    const split_sizes s = mn_conv_depthwise_q8_split(b->p, &b->l);
    const size_t columns = (size_t)b->p->conv.window.out_w * (size_t)s.words;
    return (inputs){.bytes = b->copy + s.bytes_at,
                    .row_stride = s.row,
                    .pixel_stride = s.pixel,
                    .quads = b->l.gathers ? 0 : b->l.quads,
                    .rests = (const int16_t *)(const void *)(b->copy + s.rests_at),
                    .marks = (const uint64_t *)(const void *)(b->copy + s.marks_at) +
                             (size_t)(index - first_group_of(b)) * columns,
                    .words = s.words};
}

/* Splits the activations of a pixel; adds to its marks. */
Q8_INLINE void split_pixel(const uint8_t *from, const mn_spans_q8 *spans, int32_t quads, uint8_t *bytes, int16_t *rests,
                           uint64_t *marks) {
    const __m128i mask = _mm_set1_epi16(0xff);
    for (int32_t quad = 0; quad < quads; quad += 4) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(from + quad * 4));
        const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(spans->low + quad * 4));
        const __m128i width = _mm_loadu_si128((const __m128i *)(const void *)(spans->width + quad * 4));
        const __m128i byte = _mm_min_epu8(_mm_subs_epu8(x, low), width), taken = _mm_add_epi8(byte, low);
        const __m128i even = _mm_sub_epi16(_mm_and_si128(x, mask), _mm_and_si128(taken, mask));
        const __m128i odd = _mm_sub_epi16(_mm_srli_epi16(x, 8), _mm_srli_epi16(taken, 8));
        const int equal = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(x, taken)));
        _mm_storeu_si128((__m128i *)(void *)(bytes + quad * 4), byte);
        _mm_storeu_si128((__m128i *)(void *)(rests + quad * 4), _mm_unpacklo_epi32(even, odd));
        _mm_storeu_si128((__m128i *)(void *)(rests + quad * 4 + 8), _mm_unpackhi_epi32(even, odd));
        marks[quad / 64] |= (uint64_t)(equal ^ 0xf) << quad % 64;
    }
}

Q8_TARGET static void prepare_copy(const band *b) {
    const split_sizes s = mn_conv_depthwise_q8_split(b->p, &b->l);
    const mn_spans_q8 spans = mn_spans_q8_at((char *)b->packed + b->l.spans_at, b->l.quads);
    const int32_t width = b->p->conv.window.out_w, top = b->p->depthwise.window.pad_top;
    uint64_t *marks = (uint64_t *)(void *)(b->copy + s.marks_at);
    memset(marks, 0, s.end - s.marks_at);
    for (int32_t row = b->first_copied; row < b->last_copied; row++) {
        const size_t index = (size_t)(row - b->first_copied);
        const uint8_t *from = b->copy + index * b->l.conv_stride;
        uint8_t *bytes = b->copy + s.bytes_at + index * s.row;
        int16_t *rests = (int16_t *)(void *)(b->copy + s.rests_at) + index * s.row;
        uint64_t *mark = marks + (size_t)((row + top) / GROUP - first_group_of(b)) * (size_t)width * (size_t)s.words;
        for (int32_t x = 0; x < width; x++, from += b->l.pixel_stride, mark += s.words) {
            split_pixel(from, &spans, b->l.quads, bytes, rests, mark);
            bytes += s.pixel, rests += s.pixel;
        }
    }
}

#include "kernels/x86/conv_depthwise_q8_tile.h"

void mn_conv_depthwise_i8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_INT8, MN_INT8);
}

void mn_conv_depthwise_u8_i8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_UINT8, MN_INT8);
}

void mn_conv_depthwise_u8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_UINT8, MN_UINT8);
}

#endif
