/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products with weights in portable C for processors with 32 registers, such as RISC-V's: four channels of two pixels
 * at once, whose sums, operands and addresses stay in registers. What is left is for mn_mcu_product.c. */
#include "mn_mcu_kernels.h"

enum { WIDE = 4 };

/* sums[0 to 3] are the channels of the first pixel. */
MN_MCU_INLINE void multiply(const int8_t *w0, uint32_t depth, const int8_t *x0, int32_t sums[2 * WIDE]) {
    const int8_t *w1 = w0 + depth, *w2 = w1 + depth, *w3 = w2 + depth, *x1 = x0 + depth;
    int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
#define CHANNEL(at, k)                                                                                                 \
    do {                                                                                                               \
        const int32_t w = w##k[at];                                                                                    \
        a##k += x * w;                                                                                                 \
        b##k += y * w;                                                                                                 \
    } while (0)
#define PRODUCTS(at)                                                                                                   \
    do {                                                                                                               \
        const int32_t x = x0[at], y = x1[at];                                                                          \
        CHANNEL(at, 0);                                                                                                \
        CHANNEL(at, 1);                                                                                                \
        CHANNEL(at, 2);                                                                                                \
        CHANNEL(at, 3);                                                                                                \
        MN_MCU_IN_ORDER();                                                                                             \
    } while (0)
    MN_MCU_EACH(depth, PRODUCTS);
#undef PRODUCTS
#undef CHANNEL
    sums[0] = a0, sums[1] = a1, sums[2] = a2, sums[3] = a3;
    sums[4] = b0, sums[5] = b1, sums[6] = b2, sums[7] = b3;
}

void mn_mcu_pointwise_wide(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in,
                           int8_t *out, uint32_t n, int8_t *workspace) {
    const uint32_t channels = p->channels, pairs = p->tame && channels >= WIDE ? n & ~1u : 0;
    const mn_mcu_output o = mn_mcu_output_of(p);
    int32_t sums[2 * WIDE];
    for (uint32_t next = 0; next < channels && pairs > 0; next += WIDE) {
        const uint32_t c = mn_mcu_min(next, channels - WIDE); /* the last ones may be computed twice */
        for (uint32_t i = 0; i < pairs; i += 2) {
            multiply(weights + (size_t)c * depth, depth, in + (size_t)i * depth, sums);
            mn_mcu_store_eight(&o, c, sums, out + (size_t)i * channels + c, channels);
        }
    }
    if (pairs == n) return;
    mn_mcu_pointwise_c(p, weights, depth, in + (size_t)pairs * depth, out + (size_t)pairs * channels, n - pairs,
                       workspace);
}
