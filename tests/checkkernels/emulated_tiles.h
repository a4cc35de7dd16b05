/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* In place of kernels/x86/amx.h: the same tiles in plain C, so that processors without AMX can check its kernels. */
#ifndef MN_KERNELS_X86_AMX_H
#define MN_KERNELS_X86_AMX_H

#include "base/cpu.h"

#ifdef MN_CPU_AMX_COMPILES

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define AMX_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"), noinline))
#define AMX_INLINE __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"))) static inline

enum { AMX_ROWS = 16, AMX_DEPTH = 64, AMX_LANES = 16, AMX_SUMS = 4 };

typedef int32_t amx_sums[AMX_ROWS][AMX_LANES];

/* Registers 4 and 5, and 6 and 7. */
typedef struct emulated_tiles {
    int32_t rows, depth[2];
    amx_sums sums[AMX_SUMS];
    uint8_t in[2][AMX_ROWS][AMX_DEPTH];
    int8_t weights[2][AMX_DEPTH / 4][AMX_LANES * 4];
} emulated_tiles;

static emulated_tiles tiles;

AMX_INLINE void amx_settle(const void *memory) { (void)memory; }

/* Nothing of what other shapes left is used. */
AMX_INLINE void amx_begin(int32_t rows, int32_t depth) {
    memset(&tiles, 0x55, sizeof tiles);
    tiles.rows = rows;
    tiles.depth[0] = AMX_DEPTH, tiles.depth[1] = (depth - 1) % AMX_DEPTH + 1;
}

AMX_INLINE void amx_end(void) { memset(&tiles, 0x55, sizeof tiles); }

AMX_INLINE void amx_start(int sum, const int32_t *bias) {
    for (int32_t r = 0; r < tiles.rows; r++) memcpy(tiles.sums[sum][r], bias, sizeof tiles.sums[sum][r]);
}

AMX_INLINE void amx_store(int sum, amx_sums to) {
    memcpy(to, tiles.sums[sum], (size_t)tiles.rows * sizeof tiles.sums[sum][0]);
}

AMX_INLINE void amx_weights(bool last, const int8_t *weights, ptrdiff_t stride) {
    for (int32_t i = 0; i < tiles.depth[last] / 4; i++) memcpy(tiles.weights[last][i], weights + i * stride, 64);
}

AMX_INLINE void amx_inputs(bool last, const uint8_t *in, ptrdiff_t stride) {
    for (int32_t r = 0; r < tiles.rows; r++) {
        memcpy(tiles.in[last][r], in + r * stride, (size_t)tiles.depth[last]);
    }
}

AMX_INLINE void amx_dot(bool last, int sum) {
    for (int32_t r = 0; r < tiles.rows; r++) {
        for (int32_t lane = 0; lane < AMX_LANES; lane++) {
            uint32_t total = (uint32_t)tiles.sums[sum][r][lane];
            for (int32_t k = 0; k < tiles.depth[last]; k++) {
                total += (uint32_t)(tiles.in[last][r][k] * tiles.weights[last][k / 4][4 * lane + k % 4]);
            }
            tiles.sums[sum][r][lane] = (int32_t)total;
        }
    }
}

#endif
#endif
