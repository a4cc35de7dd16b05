/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Tiles of AMX (Intel's Software Developer's Manual, volume 1, chapter 18): eight registers of up to 16 rows of 64
 * bytes. TDPBUSD adds to each 32-bit sum of a tile the products of a row of unsigned bytes and a column of signed ones,
 * whose rows hold four bytes of each of 16 columns, as panels of weights do.
 *
 * Registers have the same roles in all kernels: 0 to 3 are sums; 4 and 5 inputs and weights of 64 products; 6 and 7
 * those of the last up to 64. One register for inputs is enough, as the processor renames them; four sums hide how long
 * a product takes. Products and loads run beside other instructions, but only those that are among them: kernels
 * multiply and store one tile and finish some sums of earlier ones in turns. */
#ifndef MN_KERNELS_X86_AMX_H
#define MN_KERNELS_X86_AMX_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AMX_TARGET __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"), noinline))
#define AMX_INLINE                                                                                                     \
    __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"),                          \
                   always_inline)) static inline

enum { AMX_ROWS = 16, AMX_DEPTH = 64, AMX_LANES = 16, AMX_SUMS = 4 };

/* What a tile instruction reads from memory has to be there: compilers do not know that it does. */
AMX_INLINE void amx_settle(const void *memory) { __asm__ volatile("" : : "r"(memory) : "memory"); }

/* What a tile's sums are stored as: [row][lane]. */
typedef int32_t amx_sums[AMX_ROWS][AMX_LANES];

/* As LDTILECFG reads it. */
typedef struct amx_shapes {
    uint8_t palette, first_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} amx_shapes;

/* Products of the last step of `depth`. */
static inline int32_t amx_last_depth(int32_t depth) { return (depth - 1) % AMX_DEPTH + 1; }

/* For inputs of `rows` rows, 1 to 16, and `depth` products, a multiple of 4. Ends with amx_end(). */
AMX_INLINE void amx_begin(int32_t rows, int32_t depth) {
    amx_shapes s = {.palette = 1};
    for (int32_t i = 0; i < 8; i++) s.row_bytes[i] = 64, s.rows[i] = (uint8_t)rows;
    s.row_bytes[6] = (uint16_t)amx_last_depth(depth);
    s.rows[5] = AMX_DEPTH / 4;
    s.rows[7] = (uint8_t)(amx_last_depth(depth) / 4);
    amx_settle(&s);
    _tile_loadconfig(&s);
}

AMX_INLINE void amx_end(void) { _tile_release(); }

/* Registers are part of an instruction: `code` with `sum`, which compilers know, as one. */
#define AMX_SWITCH(sum, code)                                                                                          \
    switch (sum) {                                                                                                     \
    case 0: code(0); break;                                                                                            \
    case 1: code(1); break;                                                                                            \
    case 2: code(2); break;                                                                                            \
    default: code(3); break;                                                                                           \
    }

/* All rows of the sums begin with the 16 of `bias`. */
AMX_INLINE void amx_start(int sum, const int32_t *bias){
#define AMX_START(sum) _tile_loadd(sum, bias, 0)
    AMX_SWITCH(sum, AMX_START)}

AMX_INLINE void amx_store(int sum, amx_sums to){
#define AMX_STORE(sum) _tile_stored(sum, to, 64)
    AMX_SWITCH(sum, AMX_STORE)}

/* Weights whose groups of four products are `stride` bytes apart. */
AMX_INLINE void amx_weights(bool last, const int8_t *weights, ptrdiff_t stride) {
    if (last)
        _tile_loadd(7, weights, stride);
    else
        _tile_loadd(5, weights, stride);
}

/* Inputs whose rows are `stride` bytes apart. */
AMX_INLINE void amx_inputs(bool last, const uint8_t *in, ptrdiff_t stride) {
    if (last)
        _tile_loadd(6, in, stride);
    else
        _tile_loadd(4, in, stride);
}

AMX_INLINE void amx_dot(bool last, int sum) {
#define AMX_DOT(sum) _tile_dpbusd(sum, 4, 5)
#define AMX_LAST_DOT(sum) _tile_dpbusd(sum, 6, 7)
    if (last)
        AMX_SWITCH(sum, AMX_LAST_DOT)
    else
        AMX_SWITCH(sum, AMX_DOT)
}

#endif
