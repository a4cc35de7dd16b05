/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* All products of a tile of 16 channels by eights, as one piece of assembly: compilers move the 24 accumulators of it
 * about, and put loads where cores that run in order wait for them.
 *
 * Weights are in v25 to v28, two vectors of a phase and two of the next one; activations of three pairs of rows in v29
 * to v31. Rows are at x9 to x14, weights at x15, eights left in w16, bytes from eight activations to the next in x17.
 * The including file has PAIR_n(first, second, a, b, x), phase n of the products of a pair of rows, and ONE_n() of a
 * last one without another; and what accumulators begin with, OPEN_FIRST, OPEN_SECOND, OPEN_EVEN(row) and
 * OPEN_ODD(row);
 * REST(PHASE), phases 2 and 3 where four products need them; and NEXT_1 to NEXT_3(a, b), weights loaded in a phase. */
#ifndef MN_KERNELS_ARM_DOTS_Q8_ASM_H
#define MN_KERNELS_ARM_DOTS_Q8_ASM_H

#define LOAD_WEIGHTS(a, b) "ldp q" #a ", q" #b ", [x15], #32\n"

/* Activations from rows anywhere: a pair's first row, then its second one. */
#define LOW(x, row) "ld1 {v" #x ".8b}, [x" #row "], x17\n"
#define HIGH(x, row) "ld1 {v" #x ".d}[1], [x" #row "], x17\n"

/* A phase with what is loaded behind each pair. */
#define PHASE_6(n, a, b, first, second, third)                                                                         \
    PAIR_##n(0, 1, a, b, 29) first PAIR_##n(2, 3, a, b, 30) second PAIR_##n(4, 5, a, b, 31) third
#define PHASE_5(n, a, b, first, second, third)                                                                         \
    PAIR_##n(0, 1, a, b, 29) first PAIR_##n(2, 3, a, b, 30) second ONE_##n(4, 5, a, b, 31) third
#define PHASE_4(n, a, b, first, second, third) PAIR_##n(0, 1, a, b, 29) first PAIR_##n(2, 3, a, b, 30) second third
#define PHASE_3(n, a, b, first, second, third) PAIR_##n(0, 1, a, b, 29) first ONE_##n(2, 3, a, b, 30) second third
#define PHASE_2(n, a, b, first, second, third) PAIR_##n(0, 1, a, b, 29) first second third
#define PHASE_1(n, a, b, first, second, third) ONE_##n(0, 1, a, b, 29) first second third

/* The three places of the last phase, and the first one of the first phase, where rows' activations are loaded. */
#define ROWS_6(PLACE) PLACE(LOW(29, 9), HIGH(29, 10) LOW(30, 11), HIGH(30, 12) LOW(31, 13), HIGH(31, 14))
#define ROWS_5(PLACE) PLACE(LOW(29, 9), HIGH(29, 10) LOW(30, 11), HIGH(30, 12) LOW(31, 13), "")
#define ROWS_4(PLACE) PLACE(LOW(29, 9), HIGH(29, 10) LOW(30, 11), "", HIGH(30, 12))
#define ROWS_3(PLACE) PLACE(LOW(29, 9), LOW(30, 11) HIGH(29, 10), "", "")
#define ROWS_2(PLACE) PLACE(LOW(29, 9), HIGH(29, 10), "", "")
#define ROWS_1(PLACE) PLACE(LOW(29, 9), "", "", "")

/* Those of blocks, where rows follow one another. */
#define BLOCKS_6(PLACE) PLACE("", "", "ld1 {v29.16b, v30.16b, v31.16b}, [x9], x17\n", "")
#define BLOCKS_5(PLACE) PLACE("", "", "ldp q29, q30, [x9]\nldr d31, [x9, #32]\nadd x9, x9, x17\n", "")
#define BLOCKS_4(PLACE) PLACE("", "", "ld1 {v29.16b, v30.16b}, [x9], x17\n", "")
#define BLOCKS_3(PLACE) PLACE("", "", "ldr q29, [x9]\nldr d30, [x9, #16]\nadd x9, x9, x17\n", "")
#define BLOCKS_2(PLACE) PLACE("", "", "ld1 {v29.16b}, [x9], x17\n", "")
#define BLOCKS_1(PLACE) PLACE("", "", "ld1 {v29.8b}, [x9], x17\n", "")

#define FIRST(a, b, c, late) a
#define SECOND(a, b, c, late) b
#define THIRD(a, b, c, late) c
#define LATE(a, b, c, late) late

#define ROWS_FIND_1 ""
#define ROWS_FIND_2 "add x10, x9, %[step]\n"
#define ROWS_FIND_3 ROWS_FIND_2 "add x11, x10, %[step]\n"
#define ROWS_FIND_4 ROWS_FIND_3 "add x12, x11, %[step]\n"
#define ROWS_FIND_5 ROWS_FIND_4 "add x13, x12, %[step]\n"
#define ROWS_FIND_6 ROWS_FIND_5 "add x14, x13, %[step]\n"
#define BLOCKS_FIND_1 ""
#define BLOCKS_FIND_2 ""
#define BLOCKS_FIND_3 ""
#define BLOCKS_FIND_4 ""
#define BLOCKS_FIND_5 ""
#define BLOCKS_FIND_6 ""

/* What accumulators begin with, and meanwhile what is loaded first. */
#define OPEN_2(first, second, third) OPEN_FIRST first OPEN_SECOND second third
#define OPEN_4(first, second, third) OPEN_FIRST first OPEN_SECOND second OPEN_EVEN(2) third OPEN_ODD(3)
#define OPEN_6(first, second, third) OPEN_4(first, second, third) OPEN_EVEN(4) OPEN_ODD(5)

#define SUMS(r)                                                                                                        \
    [a##r##0] "=w"(acc[r][0]), [a##r##1] "=w"(acc[r][1]), [a##r##2] "=w"(acc[r][2]), [a##r##3] "=w"(acc[r][3])
#define SUMS_2 SUMS(0), SUMS(1)
#define SUMS_4 SUMS_2, SUMS(2), SUMS(3)
#define SUMS_6 SUMS_4, SUMS(4), SUMS(5)

/* Four activations of each row. */
#define FOUR(x, low, high) "ldr s" #x ", [" low "]\nld1 {v" #x ".s}[2], [" high "]\n"
#define LONE(x, low) "ldr s" #x ", [" low "]\n"
#define ROWS_FOUR_6 ROWS_FOUR_4 FOUR(31, "x13", "x14")
#define ROWS_FOUR_5 ROWS_FOUR_4 LONE(31, "x13")
#define ROWS_FOUR_4 ROWS_FOUR_2 FOUR(30, "x11", "x12")
#define ROWS_FOUR_3 ROWS_FOUR_2 LONE(30, "x11")
#define ROWS_FOUR_2 FOUR(29, "x9", "x10")
#define ROWS_FOUR_1 LONE(29, "x9")
#define BLOCKS_FOUR_6 BLOCKS_6(THIRD)
#define BLOCKS_FOUR_5 BLOCKS_5(THIRD)
#define BLOCKS_FOUR_4 BLOCKS_4(THIRD)
#define BLOCKS_FOUR_3 BLOCKS_3(THIRD)
#define BLOCKS_FOUR_2 BLOCKS_2(THIRD)
#define BLOCKS_FOUR_1 BLOCKS_1(THIRD)

/* clang-format off */
/* All phases but the last one. */
#define THREE_PHASES(rows, SOURCE)                                                                                     \
    PHASE_##rows(0, 25, 26, SOURCE##_##rows(LATE) NEXT_1(27, 28), NEXT_2(27, 28), NEXT_3(27, 28))                      \
    LOAD_WEIGHTS(25, 26) PHASE_##rows(1, 27, 28, "", "", "")                                                           \
    PHASE_##rows(2, 25, 26, NEXT_1(27, 28), NEXT_2(27, 28), NEXT_3(27, 28))

/* Accumulators of a tile after `depth` products, a multiple of 4. `even`: rows, and one more if those are odd; SOURCE:
 * ROWS `step` bytes apart, or BLOCKS; `next`: bytes from one eight to the next. */
#define SUM_EIGHTS(rows, even, SOURCE)                                                                                 \
    __asm__ volatile(                                                                                                  \
        "mov x9, %[in]\n"                                                                                              \
        "mov x15, %[weights]\n"                                                                                        \
        "mov x17, %[next]\n"                                                                                           \
        "lsr w16, %w[depth], #3\n"                                                                                     \
        SOURCE##_FIND_##rows                                                                                           \
        "cbnz w16, 0f\n"                                                                                               \
        OPEN_##even("", "", "")                                                                                        \
        "b 3f\n"                                                                                                       \
        "0:\n"                                                                                                         \
        LOAD_WEIGHTS(25, 26)                                                                                           \
        OPEN_##even(SOURCE##_##rows(FIRST), SOURCE##_##rows(SECOND), SOURCE##_##rows(THIRD))                           \
        "subs w16, w16, #1\n"                                                                                          \
        "b.eq 2f\n"                                                                                                    \
        "1:\n"                                                                                                         \
        THREE_PHASES(rows, SOURCE) LOAD_WEIGHTS(25, 26)                                                                \
        PHASE_##rows(3, 27, 28, SOURCE##_##rows(FIRST), SOURCE##_##rows(SECOND), SOURCE##_##rows(THIRD))               \
        "subs w16, w16, #1\n"                                                                                          \
        "b.ne 1b\n"                                                                                                    \
        "2:\n"                                                                                                         \
        THREE_PHASES(rows, SOURCE) PHASE_##rows(3, 27, 28, "", "", "")                                                 \
        "tbz %w[depth], #2, 4f\n"                                                                                      \
        "3:\n"                                                                                                         \
        SOURCE##_FOUR_##rows LOAD_WEIGHTS(25, 26) LOAD_WEIGHTS(27, 28)                                                 \
        PHASE_##rows(0, 25, 26, "", "", "") PHASE_##rows(1, 27, 28, "", "", "") REST(PHASE_##rows)                     \
        "4:\n"                                                                                                         \
        : SUMS_##even                                                                                                  \
        : [in] "r"(in), [step] "r"(step), [next] "ri"(next), [weights] "r"(weights), [depth] "r"(depth),               \
          [bias] "r"(bias)                                                                                             \
        : "cc", "memory", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "v25", "v26", "v27", "v28",    \
          "v29", "v30", "v31")
/* clang-format on */

#endif
