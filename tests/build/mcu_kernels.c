/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* On an emulated board: the kernels that the processor has of its own, with random shapes and values, byte for byte
 * against the portable ones. Inputs and weights end at EDGE, behind which the board has no memory, so that reading too
 * far is a fault; nothing but the output may change. */
#include "board.h"
#include "mn_mcu_kernels.h"

enum { CASES = 600, CHANNELS = 70, PIXELS = 14, DEPTH = 140, TAPS = 25, PIECE = 65536 };
enum { POINTWISE, DEPTHWISE, ADD, KINDS };

static int8_t *const edge = (int8_t *)EDGE; /* [-k * PIECE, ...): the k-th array ends there, but for the first */
static int32_t bias[CHANNELS], multiplier[CHANNELS];
static uint16_t fine[CHANNELS];
static int8_t shift[CHANNELS], found[PIXELS * DEPTH + 8], wanted[PIXELS * DEPTH + 8];
static uint32_t workspace[DEPTH * 4], seed = 1;

static uint32_t random_below(uint32_t n) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static int32_t random_between(int32_t low, int32_t high) {
    return low + (int32_t)random_below((uint32_t)(high - low + 1));
}

/* Bytes of all sizes, or only the ends. */
static void fill(int8_t *to, uint32_t n) {
    const uint32_t how = random_below(5);
    const int32_t least = how > 1 ? -127 : -128;
    for (uint32_t i = 0; i < n; i++) {
        to[i] = (int8_t)(how % 2 == 0 ? random_between(least, 127) : random_below(2) ? least : 127);
    }
}

/* Behind the last byte there is no memory. */
static int8_t *at_edge(uint32_t n) {
    int8_t *at = edge - n;
    fill(at, n);
    return at;
}

/* n bytes with another copy of themselves where they may be followed by others. */
static int8_t *inside(int piece, uint32_t n) {
    int8_t *at = edge - piece * PIECE + random_below(16);
    fill(at, n);
    return at;
}

static mn_mcu_product random_product(uint32_t channels, uint32_t products) {
    mn_mcu_product p = {0, bias, multiplier, 0, shift, 0, 0, (uint16_t)channels, 0, 0, 0, 0};
    const uint32_t how = random_below(4); /* wild, with another factor, tame */
    const int32_t most = how == 0 ? INT32_MAX : (1 << 29) - 1 - (int32_t)products * 16384;
    for (uint32_t c = 0; c < channels; c++) {
        const int32_t size = most >> random_below(28);
        bias[c] = (int32_t)(random_below(65536) << 16 | random_below(65536)) % (size + 1);
        multiplier[c] =
            (int32_t)(random_below(16) == 0 ? 0 : 0x40000000u | random_below(1u << 24) << 6 | random_below(64));
        shift[c] = (int8_t)(how == 0   ? random_between(-31, 31)
                            : how == 1 ? random_between(-31, 15)
                                       : random_between(random_below(2) ? -22 : -12, -1));
        fine[c] = (uint16_t)random_below(65536);
    }
    if (how == 1) p.fine = fine;
    p.tame = how > 1;
    p.out_zero = (int8_t)random_between(-128, 127);
    p.low = (int8_t)(random_below(2) ? -128 : random_between(-128, 20));
    p.high = (int8_t)(random_below(2) ? 127 : random_between(p.low, 127));
    return p;
}

static void clear_outputs(void) {
    for (uint32_t i = 0; i < sizeof found; i++) found[i] = wanted[i] = 0x5a;
}

static int is_same(const char *kernel, uint32_t a, uint32_t b, uint32_t c) {
    for (uint32_t i = 0; i < sizeof found; i++) {
        if (found[i] == wanted[i]) continue;
        board_print(kernel);
        const uint32_t numbers[] = {a, b, c, i};
        for (uint32_t k = 0; k < 4; k++) {
            board_print(" ");
            board_print_number(numbers[k]);
        }
        board_print(" differs\n");
        return 0;
    }
    return 1;
}

static int check_pointwise(void) {
    const uint32_t eights = 8 + 8 * random_below(5); /* depths that have code of their own */
    const uint32_t depth = random_below(2) ? eights : 1 + random_below(random_below(2) ? DEPTH : 20);
    const uint32_t n = 1 + random_below(PIXELS);
    const uint32_t channels = 1 + random_below(random_below(2) ? CHANNELS : 8);
    const mn_mcu_product p = random_product(channels, depth);
    const int first = (int)random_below(2); /* which of both arrays ends at the edge */
    const int8_t *in = first ? at_edge(n * depth) : inside(1, n * depth);
    const int8_t *weights = first ? inside(1, channels * depth) : at_edge(channels * depth);
    clear_outputs();
    mn_mcu_pointwise_c(&p, weights, depth, in, wanted + 4, n, NULL);
    mn_mcu_best_pointwise(&p, weights, depth, in, found + 4, n, random_below(4) ? (int8_t *)(void *)workspace : NULL);
    return is_same("pointwise", depth, channels, n);
}

static int check_depthwise(void) {
    static const int8_t *at[TAPS * PIXELS * 3];
    const uint32_t square = random_below(2), k_h = square ? 3 : 1 + random_below(5),
                   k_w = square ? 3 : 1 + random_below(5);
    const uint32_t stride = 1 + random_below(2), n = 1 + random_below(PIXELS), columns = (n - 1) * stride + k_w;
    const uint32_t each = random_below(8) == 0 ? 2 : 1, depth = 1 + random_below(CHANNELS / each);
    mn_mcu_product p = random_product(depth * each, k_h * k_w);
    const mn_mcu_view view = {at, columns, stride, k_h, k_w};
    const uint32_t pixels = k_h * columns;
    const int first = (int)random_below(2);
    const int8_t *in = first ? at_edge(pixels * depth) : inside(1, pixels * depth);
    const int8_t *weights = first ? inside(1, k_h * k_w * p.channels) : at_edge(k_h * k_w * p.channels);
    p.depth = (uint16_t)depth;
    for (uint32_t i = 0; i < k_h * k_w * p.channels; i++) p.tame &= weights[i] != -128;
    for (uint32_t i = 0; i < pixels; i++) at[i] = in + random_below(pixels) * depth;
    clear_outputs();
    mn_mcu_depthwise_c(&p, weights, &view, wanted + 4, n);
    mn_mcu_best_depthwise(&p, weights, &view, found + 4, n);
    return is_same("depthwise", p.channels, k_h * 10 + k_w, n);
}

static int check_add(void) {
    const uint32_t count = 1 + random_below(200);
    mn_mcu_add p;
    for (int i = 0; i < 2; i++) {
        p.multiplier[i] = (int32_t)(0x40000000u | random_below(1u << 24) << 6);
        p.shift[i] = (int8_t)random_between(-12, 0);
        p.zero[i] = (int8_t)random_between(-128, 127);
    }
    p.out_multiplier = (int32_t)(0x40000000u | random_below(1u << 24) << 6);
    p.out_shift = (int8_t)random_between(-22, -16);
    p.out_zero = (int8_t)random_between(-128, 127);
    p.low = (int8_t)(random_below(2) ? -128 : random_between(-128, 20));
    p.high = (int8_t)(random_below(2) ? 127 : random_between(p.low, 127));
    p.subtract = (uint8_t)random_below(2);
    const int8_t *a = inside(1, count), *b = at_edge(count);
    clear_outputs();
    mn_mcu_add_c(&p, a, b, wanted + 4, count);
    mn_mcu_best_add(&p, a, b, found + 4, count);
    return is_same("add", count, p.subtract, 0);
}

int main(void) {
    for (int i = 0; i < CASES; i++) {
        if (!check_pointwise() || !check_depthwise() || !check_add()) return 1;
    }
    return 0;
}
