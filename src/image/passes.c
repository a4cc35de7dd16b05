/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "image/passes.h"

#include "base/checked.h"
#include "base/cpu.h"

/* The shift of a negative sum rounds down on every compiler we know, and any negative result clamps to 0. */
static uint8_t to_pixel(int32_t sum) { return (uint8_t)mn_clamp_i32(sum >> MN_WEIGHT_BITS, 0, 255); }

void mn_passes_pixel(const uint8_t *from, int32_t count, const int32_t *weights, uint8_t *to) {
    int32_t red = MN_WEIGHT_HALF, green = MN_WEIGHT_HALF, blue = MN_WEIGHT_HALF;
    for (int32_t i = 0; i < count; i++, from += 3, weights += 3) {
        red += from[0] * weights[0];
        green += from[1] * weights[1];
        blue += from[2] * weights[2];
    }
    to[0] = to_pixel(red);
    to[1] = to_pixel(green);
    to[2] = to_pixel(blue);
}

static void across(const mn_span *spans, const int32_t *weights, size_t stride, const uint8_t *from, int32_t width,
                   uint8_t *to) {
    for (int32_t x = 0; x < width; x++, weights += stride, to += 3)
        mn_passes_pixel(from + 3 * (size_t)spans[x].first, spans[x].count, weights, to);
}

static void add(int32_t *restrict sums, const uint8_t *restrict row, int32_t weight, size_t count) {
    for (size_t i = 0; i < count; i++) sums[i] += row[i] * weight;
}

void mn_passes_take(const int32_t *restrict sums, size_t count, uint8_t *restrict to) {
    for (size_t i = 0; i < count; i++) to[i] = to_pixel(sums[i]);
}

const mn_passes *const *mn_passes_all(void) {
    static const mn_passes plain = {across, add, mn_passes_take};
#if defined(__x86_64__) && defined(__GNUC__)
    static const mn_passes *const both[] = {&plain, &mn_passes_avx2, NULL};
    if (mn_cpu_flags() & MN_CPU_AVX2) return both;
#endif
    static const mn_passes *const portable[] = {&plain, NULL};
    return portable;
}

const mn_passes *mn_passes_best(void) {
    const mn_passes *const *passes = mn_passes_all();
    while (passes[1]) passes++;
    return *passes;
}
