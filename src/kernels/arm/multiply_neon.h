/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The products of a tile of up to four rows and 16 channels in Armv8.0, for products_neon.h. In assembly: it needs all
 * 32 vectors, of which compilers move and spill some, and the cores that it is for run in order, so that each result
 * should be four cycles away from what uses it.
 *
 *    v0-v15   accumulators, four of each row       v16-v23  weights of a block, two of each vector of channels
 *    v24 v25  order       v26  eight activations   v27 v28  activations as they are arranged
 *    v29-v31  sums; one, in v29, is carried: not yet added to the last accumulators of the row before
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
#define LOAD(row)       I("ldr d26, [" #row "], #8")
#define WEIGHTS(a, b)   I("ldp " #a ", " #b ", [x13], #32")

/* Activations in the order of a block. */
#define ORDER     I("ldp q24, q25, [x7]")
#define ORDERED   I("tbl v27.16b, {v26.16b}, v24.16b")
#define ORDERED_2 I("tbl v28.16b, {v26.16b}, v25.16b")

/* A row of a block, four products to a sum: two sums grow in turns, and need not wait for themselves. `load` and
 * `next` are for the next row, as below. */
#define FOUR(a0, a1, a2, a3, before, load, next)                                                                       \
    MUL(v30, v16, v27) ORDERED_2 ADD(before, v29) MUL(v29, v18, v27)                                                   \
    MLA2(v30, v16, v27) MLA(v30, v17, v28) MLA2(v30, v17, v28)                                                         \
    MLA2(v29, v18, v27) MLA(v29, v19, v28) MLA2(v29, v19, v28) ADD(a0, v30)                                            \
    MUL(v30, v20, v27) load ADD(a1, v29) MUL(v29, v22, v27)                                                            \
    MLA2(v30, v20, v27) MLA(v30, v21, v28) MLA2(v30, v21, v28)                                                         \
    MLA2(v29, v22, v27) next MLA(v29, v23, v28) MLA2(v29, v23, v28) ADD(a2, v30)

/* Two products to a sum, three sums in turns. */
#define TWO(a0, a1, a2, a3, before, load, next)                                                                        \
    MUL(v30, v16, v27) ORDERED_2 ADD(before, v29)                                                                      \
    MUL(v29, v18, v27) MLA2(v30, v16, v27) load                                                                        \
    MUL(v31, v20, v27) MLA2(v29, v18, v27) ADD(a0, v30)                                                                \
    MUL(v30, v22, v27) MLA2(v31, v20, v27) ADD(a1, v29)                                                                \
    MUL(v29, v17, v28) MLA2(v30, v22, v27) ADD(a2, v31)                                                                \
    MUL(v31, v19, v28) MLA2(v29, v17, v28) ADD(a3, v30)                                                                \
    MUL(v30, v21, v28) MLA2(v31, v19, v28) ADD(a0, v29)                                                                \
    MUL(v29, v23, v28) MLA2(v30, v21, v28) ADD(a1, v31) next MLA2(v29, v23, v28) ADD(a2, v30)

/* Each product a sum of its own, which only weights of -128 need. */
#define ONE_OF(acc, w, x) MUL(v30, w, x) MUL2(v31, w, x) ADD(acc, v30) ADD(acc, v31)
#define ONE(a0, a1, a2, a3, before, load, next)                                                                        \
    ORDERED_2 load ONE_OF(a0, v16, v27) ONE_OF(a1, v18, v27) ONE_OF(a2, v20, v27) ONE_OF(a3, v22, v27)                 \
    ONE_OF(a0, v17, v28) ONE_OF(a1, v19, v28) ONE_OF(a2, v21, v28) ONE_OF(a3, v23, v28) next

/* DO for all of so many rows. */
#define ROW_1(DO, ...) DO(v4, v5, v6, v7, v3, __VA_ARGS__)
#define ROW_2(DO, ...) DO(v8, v9, v10, v11, v7, __VA_ARGS__)
#define ROW_3(DO, ...) DO(v12, v13, v14, v15, v11, __VA_ARGS__)
#define EACH_1(DO) DO(v0, v1, v2, v3, v3, "", "")
#define EACH_2(DO) DO(v0, v1, v2, v3, v7, LOAD(x10), ORDERED) ROW_1(DO, "", "")
#define EACH_3(DO)                                                                                                     \
    DO(v0, v1, v2, v3, v11, LOAD(x10), ORDERED) ROW_1(DO, LOAD(x11), ORDERED) ROW_2(DO, "", "")
#define EACH_4(DO)                                                                                                     \
    DO(v0, v1, v2, v3, v15, LOAD(x10), ORDERED) ROW_1(DO, LOAD(x11), ORDERED)                                          \
    ROW_2(DO, LOAD(x12), ORDERED) ROW_3(DO, "", "")

/* Two products of each row. */
#define PAIR(a0, a1, a2, a3, row)                                                                                      \
    I("ld1r {v26.8h}, [" #row "], #2")                                                                                 \
    MUL(v28, v16, v26) MUL2(v29, v16, v26) MUL(v30, v17, v26) MUL2(v31, v17, v26)                                      \
    ADD(a0, v28) ADD(a1, v29) ADD(a2, v30) ADD(a3, v31)
#define PAIR_1 PAIR(v0, v1, v2, v3, x9)
#define PAIR_2 PAIR_1 PAIR(v4, v5, v6, v7, x10)
#define PAIR_3 PAIR_2 PAIR(v8, v9, v10, v11, x11)
#define PAIR_4 PAIR_3 PAIR(v12, v13, v14, v15, x12)

#define COPY(a, b, c, d)                                                                                               \
    I("mov " #a ".16b, v0.16b") I("mov " #b ".16b, v1.16b") I("mov " #c ".16b, v2.16b") I("mov " #d ".16b, v3.16b")
#define BIAS_1 I("ldp q0, q1, [%[bias]]") I("ldp q2, q3, [%[bias], #32]")
#define BIAS_2 BIAS_1 COPY(v4, v5, v6, v7)
#define BIAS_3 BIAS_2 COPY(v8, v9, v10, v11)
#define BIAS_4 BIAS_3 COPY(v12, v13, v14, v15)

#define MOVE(bytes)                                                                                                    \
    I("add x9, x9, " bytes) I("add x10, x10, " bytes) I("add x11, x11, " bytes) I("add x12, x12, " bytes)
#define AGAIN I("subs x17, x17, #1") I("b.ne 1b")

/* All of a tile; `last`: the last accumulators. */
#define MULTIPLY(rows, last)                                                                                           \
    I("mov x9, %[in]") I("add x10, x9, %[step]") I("add x11, x10, %[step]") I("add x12, x11, %[step]")                 \
    BIAS_##rows I("mov x13, %[weights]") I("mov x15, %[chains]") I("movi v29.4s, #0")                                  \
    I("cbz %[left], 6f") I("mov x17, %[left]")                                                                         \
    I("1:") I("ldrb w7, [x15], #1") LOAD(x9) I("cmp w7, %[two]") I("add x7, %[orders], x7, lsl #5")                    \
    ORDER WEIGHTS(q16, q17) WEIGHTS(q18, q19) ORDERED WEIGHTS(q20, q21) WEIGHTS(q22, q23) I("b.hs 2f")                 \
    EACH_##rows(FOUR) AGAIN I("b 4f")                                                                                  \
    I("2:") I("b.hi 3f") EACH_##rows(TWO) AGAIN I("b 4f")                                                              \
    I("3:") EACH_##rows(ONE) AGAIN                                                                                     \
    I("4:") I("subs x7, %[end], x13") I("b.eq 5f") MOVE("%[skip]")                                                     \
    I("lsr x17, x7, #7") I("mov x7, #4") I("cmp x17, x7") I("csel x17, x17, x7, lo") I("b 1b")                         \
    I("5:") ADD(last, v29)                                                                                             \
    I("6:") I("cbz %[pairs], 8f") MOVE("%[gap]") I("mov x17, %[pairs]")                                                \
    I("7:") WEIGHTS(q16, q17) PAIR_##rows I("subs x17, x17, #1") I("b.ne 7b")                                          \
    I("8:")

#define RUN(code, ...)                                                                                                 \
    __asm__ volatile(code                                                                                              \
        : __VA_ARGS__                                                                                                  \
        : [in] "r"(p->in), [step] "r"(p->step), [weights] "r"(p->weights), [end] "r"(p->end),                          \
          [chains] "r"(p->chains), [orders] "r"(mn_arm_orders), [bias] "r"(p->bias), [left] "r"(p->left),              \
          [skip] "r"(p->skip), [pairs] "r"(p->pairs), [gap] "r"(p->gap), [two] "i"(MN_ARM_CHAIN_2)                     \
        : "memory", "cc", "x7", "x9", "x10", "x11", "x12", "x13", "x15", "x17", "v16", "v17", "v18", "v19", "v20",     \
          "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31")
/* clang-format on */

#define ROW_OF(r, a, b, c, d)                                                                                          \
    register int32x4_t acc##r##0 __asm__(a), acc##r##1 __asm__(b), acc##r##2 __asm__(c), acc##r##3 __asm__(d)
#define OUT(r) "=w"(acc##r##0), "=w"(acc##r##1), "=w"(acc##r##2), "=w"(acc##r##3)
#define RESULT(r) acc[r][0] = acc##r##0, acc[r][1] = acc##r##1, acc[r][2] = acc##r##2, acc[r][3] = acc##r##3

/* Bias and all products of 16 channels. */
Q8_INLINE void multiply(int rows, const factors *p, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    ROW_OF(0, "v0", "v1", "v2", "v3");
    ROW_OF(1, "v4", "v5", "v6", "v7");
    ROW_OF(2, "v8", "v9", "v10", "v11");
    ROW_OF(3, "v12", "v13", "v14", "v15");
    if (rows == 1) {
        RUN(MULTIPLY(1, v3), OUT(0));
    } else if (rows == 2) {
        RUN(MULTIPLY(2, v7), OUT(0), OUT(1));
        RESULT(1);
    } else if (rows == 3) {
        RUN(MULTIPLY(3, v11), OUT(0), OUT(1), OUT(2));
        RESULT(1), RESULT(2);
    } else {
        RUN(MULTIPLY(4, v15), OUT(0), OUT(1), OUT(2), OUT(3));
        RESULT(1), RESULT(2), RESULT(3);
    }
    RESULT(0);
}

#endif
