/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The products of a tile of up to four rows and 16 channels in Armv8.0, for products_neon.h. In assembly: it needs all
 * 32 vectors, of which compilers move and spill some, and the cores that it is for run in order, so that each result
 * is four instructions away from what uses it: sums of all channels grow in turns.
 *
 *    a00-a33  accumulators, four of each row       v16-v23  weights of a block, two of each vector of channels
 *    v24 v25  order                                v26 v27  activations, as they lie or as they are arranged
 *    v28-v31  sums                                 x7       chain of the next block, x14 the order of this one
 *    x9-x12   activations of each row              x13 x15  weights and chains      x17  blocks until the next skip
 */
#ifndef MN_KERNELS_ARM_MULTIPLY_NEON_H
#define MN_KERNELS_ARM_MULTIPLY_NEON_H

/* clang-format off */
#define I(text) text "\n\t"
#define MUL(sum, w, x)  I("smull  " #sum ".8h, " #w ".8b,  " #x ".8b")
#define MUL2(sum, w, x) I("smull2 " #sum ".8h, " #w ".16b, " #x ".16b")
#define MLA(sum, w, x)  I("smlal  " #sum ".8h, " #w ".8b,  " #x ".8b")
#define MLA2(sum, w, x) I("smlal2 " #sum ".8h, " #w ".16b, " #x ".16b")
#define ADD(acc, sum)   I("sadalp " #acc ".4s, " #sum ".8h")
#define LOAD(to, row)   I("ldr " #to ", [" #row "], #8")
#define WEIGHTS(a, b)   I("ldp " #a ", " #b ", [x13], #32")
#define TBL(to, x, by)  I("tbl " #to ".16b, {" #x ".16b}, " #by ".16b")

/* Products of the first and the last four of a block. */
#define FIRST(OP, x) OP(v28, v16, x) OP(v29, v18, x) OP(v30, v20, x) OP(v31, v22, x)
#define LAST(OP, x)  OP(v28, v17, x) OP(v29, v19, x) OP(v30, v21, x) OP(v31, v23, x)
#define ADDED(a0, a1, a2, a3) ADD(a0, v28) ADD(a1, v29) ADD(a2, v30) ADD(a3, v31)

/* A row of a block, four, two or one product to a sum (one is for weights of -128 alone); `x` and `y` are its
 * activations. `early`, once `x` is free, and `late1` and `late2`, once `y` is, are for what comes next. */
#define FOUR(a0, a1, a2, a3, x, y, early, late1, late2)                                                                \
    FIRST(MUL, x) FIRST(MLA2, x) early LAST(MLA, y) LAST(MLA2, y)                                                      \
    ADD(a0, v28) late1 ADD(a1, v29) late2 ADD(a2, v30) ADD(a3, v31)
#define TWO(a0, a1, a2, a3, x, y, early, late1, late2)                                                                 \
    FIRST(MUL, x) FIRST(MLA2, x) early ADDED(a0, a1, a2, a3) LAST(MUL, y) LAST(MLA2, y)                                \
    ADD(a0, v28) late1 ADD(a1, v29) late2 ADD(a2, v30) ADD(a3, v31)
#define ONE(a0, a1, a2, a3, x, y, early, late1, late2)                                                                 \
    FIRST(MUL, x) ADDED(a0, a1, a2, a3) FIRST(MUL2, x) early ADDED(a0, a1, a2, a3)                                     \
    LAST(MUL, y) ADDED(a0, a1, a2, a3) LAST(MUL2, y)                                                                   \
    ADD(a0, v28) late1 ADD(a1, v29) late2 ADD(a2, v30) ADD(a3, v31)

/* What comes next: a row, which is arranged from where it was loaded, in `x`; or a block. */
#define NEXT_ROW(to, row, x, y) LOAD(to, row), TBL(y, x, v24), TBL(x, x, v25)
#define NEXT_BLOCK I("ldrb w7, [x15], #1"), I("sub x17, x17, #1"), I("add x14, %[orders], x7, lsl #5")

/* DO for all of so many rows. */
#define ROW_0(DO, ...) DO(%[a00], %[a01], %[a02], %[a03], v26, v27, __VA_ARGS__)
#define ROW_1(DO, ...) DO(%[a10], %[a11], %[a12], %[a13], v27, v26, __VA_ARGS__)
#define ROW_2(DO, ...) DO(%[a20], %[a21], %[a22], %[a23], v26, v27, __VA_ARGS__)
#define ROW_3(DO, ...) DO(%[a30], %[a31], %[a32], %[a33], v27, v26, __VA_ARGS__)
#define TO_1 NEXT_ROW(d26, x10, v26, v27)
#define TO_2 NEXT_ROW(d27, x11, v27, v26)
#define TO_3 NEXT_ROW(d26, x12, v26, v27)
#define EACH_1(DO) ROW_0(DO, NEXT_BLOCK)
#define EACH_2(DO) ROW_0(DO, TO_1) ROW_1(DO, NEXT_BLOCK)
#define EACH_3(DO) ROW_0(DO, TO_1) ROW_1(DO, TO_2) ROW_2(DO, NEXT_BLOCK)
#define EACH_4(DO) ROW_0(DO, TO_1) ROW_1(DO, TO_2) ROW_2(DO, TO_3) ROW_3(DO, NEXT_BLOCK)

/* Two products of each row. */
#define PAIR(a0, a1, a2, a3, row)                                                                                      \
    I("ld1r {v26.8h}, [" #row "], #2")                                                                                 \
    MUL(v28, v16, v26) MUL2(v29, v16, v26) MUL(v30, v17, v26) MUL2(v31, v17, v26)                                      \
    ADD(a0, v28) ADD(a1, v29) ADD(a2, v30) ADD(a3, v31)
#define PAIR_1 PAIR(%[a00], %[a01], %[a02], %[a03], x9)
#define PAIR_2 PAIR_1 PAIR(%[a10], %[a11], %[a12], %[a13], x10)
#define PAIR_3 PAIR_2 PAIR(%[a20], %[a21], %[a22], %[a23], x11)
#define PAIR_4 PAIR_3 PAIR(%[a30], %[a31], %[a32], %[a33], x12)

#define COPY(to, from) I("mov %[" #to "].16b, %[" #from "].16b")
#define COPIES(r) COPY(a##r##0, a00) COPY(a##r##1, a01) COPY(a##r##2, a02) COPY(a##r##3, a03)
#define BIAS_1 I("ldp %q[a00], %q[a01], [%[bias]]") I("ldp %q[a02], %q[a03], [%[bias], #32]")
#define BIAS_2 BIAS_1 COPIES(1)
#define BIAS_3 BIAS_2 COPIES(2)
#define BIAS_4 BIAS_3 COPIES(3)

#define MOVE(bytes)                                                                                                    \
    I("add x9, x9, " bytes) I("add x10, x10, " bytes) I("add x11, x11, " bytes) I("add x12, x12, " bytes)
#define AGAIN I("cbnz x17, 1b")

/* All of a tile. One chain more is read than there are blocks: a byte of the weights. */
#define MULTIPLY(rows)                                                                                                 \
    I("mov x9, %[in]") I("add x10, x9, %[step]") I("add x11, x10, %[step]") I("add x12, x11, %[step]")                 \
    BIAS_##rows I("mov x13, %[weights]") I("cbz %[left], 6f")                                                          \
    I("ldrb w7, [%[chains]]") I("add x15, %[chains], #1") I("mov x17, %[left]")                                        \
    I("add x14, %[orders], x7, lsl #5")                                                                                \
    I("1:") I("ldp q24, q25, [x14]") LOAD(d26, x9) WEIGHTS(q16, q17) WEIGHTS(q18, q19) I("cmp w7, %[two]")             \
    TBL(v27, v26, v25) TBL(v26, v26, v24) WEIGHTS(q20, q21) WEIGHTS(q22, q23) I("b.hs 2f")                             \
    EACH_##rows(FOUR) AGAIN I("b 4f")                                                                                  \
    I("2:") I("b.hi 3f") EACH_##rows(TWO) AGAIN I("b 4f")                                                              \
    I("3:") EACH_##rows(ONE) AGAIN                                                                                     \
    I("4:") I("subs x17, %[end], x13") I("b.eq 6f") MOVE("%[skip]")                                                    \
    I("mov x16, #4") I("lsr x17, x17, #7") I("cmp x17, x16") I("csel x17, x17, x16, lo") I("b 1b")                     \
    I("6:") I("cbz %[pairs], 8f") MOVE("%[gap]") I("mov x17, %[pairs]")                                                \
    I("7:") WEIGHTS(q16, q17) PAIR_##rows I("subs x17, x17, #1") I("b.ne 7b")                                          \
    I("8:")

#define RUN(code, ...)                                                                                                 \
    __asm__ volatile(code                                                                                              \
        : __VA_ARGS__                                                                                                  \
        : [in] "r"(p->in), [step] "r"(p->step), [weights] "r"(p->weights), [end] "r"(p->end),                          \
          [chains] "r"(p->chains), [orders] "r"(mn_arm_orders), [bias] "r"(p->bias), [left] "r"(p->left),              \
          [skip] "r"(p->skip), [pairs] "r"(p->pairs), [gap] "r"(p->gap), [two] "i"(MN_ARM_CHAIN_2)                     \
        : "memory", "cc", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "v16", "v17", "v18",     \
          "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31")
/* clang-format on */

/* Named as their place is: [a12] is the third one of row 1. */
#define OUT(r)                                                                                                         \
    [a##r##0] "=w"(acc[r][0]), [a##r##1] "=w"(acc[r][1]), [a##r##2] "=w"(acc[r][2]), [a##r##3] "=w"(acc[r][3])

/* Bias and all products of 16 channels. */
Q8_INLINE void multiply(int rows, const factors *p, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    switch (rows) {
    case 1: RUN(MULTIPLY(1), OUT(0)); break;
    case 2: RUN(MULTIPLY(2), OUT(0), OUT(1)); break;
    case 3: RUN(MULTIPLY(3), OUT(0), OUT(1), OUT(2)); break;
    default: RUN(MULTIPLY(4), OUT(0), OUT(1), OUT(2), OUT(3)); break;
    }
}

#endif
