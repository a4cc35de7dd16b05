/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The products of a float tile of 4 to 6 pixels x 16 channels with AVX2, for tile/conv_f32.h. In assembly: it needs all
 * 16 vectors, of which compilers spill some when products are unrolled; and they have to be, for branches after as few
 * products as a run of inputs has are not predicted otherwise.
 *
 *    a00-a51      accumulators, two of each pixel    rsi, rdi  products_x2.many and .single of this run
 *    ymm12 ymm13  an input of a pixel, in turns      r8        products_x2.step
 *    ymm14 ymm15  weights, at rcx                    r9        runs that are left
 *    [in]         where inputs of the first three pixels are, and rdx of the others
 */
#ifndef MN_KERNELS_X86_MULTIPLY_F32_AVX2_H
#define MN_KERNELS_X86_MULTIPLY_F32_AVX2_H

/* What tile/conv_f32.h asks for. */
#define MULTIPLY_X2

#include <immintrin.h>
#include <stddef.h>

enum { AT_ONCE = 8 }; /* inputs between two branches */

/* The products of tiles: runs of inputs, whose weights follow each other. Distances are in bytes. */
typedef struct products_x2 {
    ptrdiff_t step; /* from pixel to pixel */
    const float *weights;
    const __m256 *bias;
    ptrdiff_t runs, skip;             /* how many, at least one, and from the end of one to the next */
    ptrdiff_t many, single;           /* inputs of a run but the last: many * AT_ONCE + single */
    ptrdiff_t last_many, last_single; /* the same of the last */
    ptrdiff_t ahead;                  /* from line to line that are prefetched, one with AT_ONCE inputs */
} products_x2;

/* clang-format off */
#define I(text) text "\n\t"
#define ROW(r, x, at, k)                                                                                               \
    I("vbroadcastss " #k "*4" at ", %%ymm" #x)                                                                         \
    I("vfmadd231ps %%ymm14, %%ymm" #x ", %[a" #r "0]") I("vfmadd231ps %%ymm15, %%ymm" #x ", %[a" #r "1]")
#define INPUT_4(k)                                                                                                     \
    I("vmovups " #k "*64(%%rcx), %%ymm14") I("vmovups " #k "*64+32(%%rcx), %%ymm15")                                   \
    ROW(0, 12, "(%[in])", k) ROW(1, 13, "(%[in],%%r8)", k) ROW(2, 12, "(%[in],%%r8,2)", k) ROW(3, 13, "(%%rdx)", k)
#define INPUT_5(k) INPUT_4(k) ROW(4, 12, "(%%rdx,%%r8)", k)
#define INPUT_6(k) INPUT_5(k) ROW(5, 13, "(%%rdx,%%r8,2)", k)
#define INPUTS(rows)                                                                                                   \
    INPUT_##rows(0) INPUT_##rows(1) INPUT_##rows(2) INPUT_##rows(3)                                                    \
    INPUT_##rows(4) INPUT_##rows(5) INPUT_##rows(6) INPUT_##rows(7)
#define MOVE(inputs) I("add $4*" #inputs ", %[in]") I("add $4*" #inputs ", %%rdx") I("add $64*" #inputs ", %%rcx")

#define BIAS(r) I("vmovaps (%%rcx), %[a" #r "0]") I("vmovaps 32(%%rcx), %[a" #r "1]")
#define BIAS_4 BIAS(0) BIAS(1) BIAS(2) BIAS(3)
#define BIAS_5 BIAS_4 BIAS(4)
#define BIAS_6 BIAS_5 BIAS(5)

#define MULTIPLY(rows)                                                                                                 \
    I("mov 16(%[p]), %%rcx") BIAS_##rows                                                                               \
    I("mov (%[p]), %%r8") I("mov 8(%[p]), %%rcx") I("mov 24(%[p]), %%r9")                                              \
    I("lea (%[in],%%r8,2), %%rdx") I("add %%r8, %%rdx")                                                                \
    I("1:") I("mov 40(%[p]), %%rsi") I("mov 48(%[p]), %%rdi")                                                          \
    I("dec %%r9") I("cmovz 56(%[p]), %%rsi") I("cmovz 64(%[p]), %%rdi")                                                \
    I("test %%rsi, %%rsi") I("jz 3f")                                                                                  \
    I(".p2align 5") I("2:") I("prefetcht1 (%[next])") I("add 72(%[p]), %[next]")                                       \
    INPUTS(rows) MOVE(8) I("dec %%rsi") I("jnz 2b")                                                                    \
    I("3:") I("test %%rdi, %%rdi") I("jz 5f")                                                                          \
    I("4:") INPUT_##rows(0) MOVE(1) I("dec %%rdi") I("jnz 4b")                                                         \
    I("5:") I("test %%r9, %%r9") I("jz 6f")                                                                            \
    I("add 32(%[p]), %[in]") I("add 32(%[p]), %%rdx") I("jmp 1b")                                                      \
    I("6:")
/* clang-format on */

/* Named as their place is: [a11] is the second one of pixel 1. */
#define SUM(r) [a##r##0] "=&x"(acc[r][0]), [a##r##1] "=&x"(acc[r][1])
#define SUMS_4 SUM(0), SUM(1), SUM(2), SUM(3)
#define SUMS_5 SUMS_4, SUM(4)
#define SUMS_6 SUMS_5, SUM(5)

#define MULTIPLY_ROWS(rows)                                                                                            \
    __asm__ volatile(MULTIPLY(rows)                                                                                    \
                     : SUMS_##rows, [in] "+r"(in), [next] "+r"(next)                                                   \
                     : [p] "r"(p)                                                                                      \
                     : "memory", "cc", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "xmm12", "xmm13", "xmm14", "xmm15")

/* Bias and all products of `rows` pixels (4 to 6) from `in` on; `acc` has rows of three. Prefetches weights from `next`
 * on, and returns where the next tile is to continue. */
__attribute__((target("avx2,fma"), always_inline)) static inline const float *
multiply_x2(int rows, const products_x2 *p, const float *in, const float *next, __m256 (*acc)[3]) {
    if (rows == 6)
        MULTIPLY_ROWS(6);
    else if (rows == 5)
        MULTIPLY_ROWS(5);
    else
        MULTIPLY_ROWS(4);
    return next;
}

#endif
