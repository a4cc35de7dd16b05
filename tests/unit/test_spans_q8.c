/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Spans of activations (src/kernels/x86/spans_q8.c): as wide as 16 bits allow for the weights of all channels, around
 * the zero point, and folded into the bias; weights in an order that makes them wide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/x86/spans_q8.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "base/cpu.h"

enum { MOST_QUADS = 12, CHANNELS = 32, BLOCKS = 2, WIDEST = 255, UNIT = MN_SPANS_Q8_UNIT };

/* [block][group][channels][4], and as they were before they were packed. */
static int8_t weights[BLOCKS][MOST_QUADS][CHANNELS][4], before[BLOCKS][MOST_QUADS][CHANNELS][4];

static mn_weights_q8 all_weights(int32_t quads, int32_t together) {
    return (mn_weights_q8){.from = &weights[0][0][0][0],
                           .block_bytes = sizeof weights[0],
                           .channels = BLOCKS * CHANNELS,
                           .block_channels = CHANNELS,
                           .quads = quads,
                           .together = together,
                           .depth = quads * 4 - 1};
}

static void fill(int32_t kind) {
    int8_t *all = &weights[0][0][0][0];
    for (size_t i = 0; i < sizeof weights; i++) {
        const int32_t any = rand() % 256 - 128, signs = rand() % 2 ? 127 : -128;
        all[i] = (int8_t)(kind == 0 ? 127 : kind == 1 ? -128 : kind == 2 ? 0 : kind == 3 ? signs : any / kind);
    }
}

/* The greatest sum of one sign over all channels, of what product i is added up with in 16 bits. */
static int32_t greatest(int32_t i, int32_t together) {
    int32_t most = 0;
    for (int32_t c = 0; c < BLOCKS * CHANNELS; c++) {
        int32_t sums[2] = {0};
        for (int32_t k = 0; k < together; k++) {
            const int32_t quad = together == 2 ? i / 4 : i / 8 * 2 + k / 2;
            const int32_t w = weights[c / CHANNELS][quad][c % CHANNELS][i % 4 / 2 * 2 + k % 2];
            sums[w < 0] += abs(w);
        }
        if (together == 2 && sums[1] == 256) sums[1] = 255; /* 128 * -256 fits as well */
        most = sums[0] > most ? sums[0] : most;
        most = sums[1] > most ? sums[1] : most;
    }
    return most;
}

static void check_spans(const mn_spans_q8 *spans, int32_t quads, int32_t together, int32_t zero) {
    for (int32_t i = 0; i < quads * 4; i++) {
        const int32_t sum = greatest(i, together);
        const int32_t width = spans->width[i], low = spans->low[i];
        assert_true(width * sum <= INT16_MAX);
        assert_true(width == WIDEST || (width + 1) * sum > INT16_MAX);
        assert_in_range(low + width, 0, WIDEST);
        assert_true(low <= zero && zero <= low + width);
        if (low > 0 && low + width < WIDEST) assert_int_equal(low, zero - width / 2);
    }
    for (size_t i = (size_t)quads * 4; i < mn_spans_q8_products(quads); i++) {
        assert_int_equal(spans->low[i], 0);
        assert_int_equal(spans->width[i], WIDEST);
    }
}

/* Each unit's products are those it had. */
static void check_order(const mn_spans_q8 *spans, int32_t quads) {
    for (int32_t i = 0; i < quads * 4; i += UNIT) {
        const int32_t count = quads * 4 - i < UNIT ? quads * 4 - i : UNIT;
        uint32_t seen = 0;
        for (int32_t k = 0; k < count; k++) seen |= UINT32_C(1) << spans->order[i + k];
        assert_int_equal(seen, (UINT32_C(1) << count) - 1);
    }
    for (int32_t c = 0; c < BLOCKS * CHANNELS; c++) {
        for (int32_t i = 0; i < quads * 4; i++) {
            const int32_t was = i / UNIT * UNIT + spans->order[i];
            assert_int_equal(weights[c / CHANNELS][i / 4][c % CHANNELS][i % 4],
                             before[c / CHANNELS][was / 4][c % CHANNELS][was % 4]);
        }
    }
}

static void check_fold(const mn_spans_q8 *spans, int32_t quads) {
    for (int32_t first = 0; first < BLOCKS * CHANNELS; first += 16) {
        const int32_t block = first / CHANNELS;
        int32_t bias[16];
        for (int32_t c = 0; c < 16; c++) bias[c] = c;
        mn_spans_q8_fold(spans, quads, weights[block][0][first % CHANNELS], sizeof weights[0][0], bias);
        for (int32_t c = 0; c < 16; c++) {
            int32_t sum = c;
            for (int32_t i = 0; i < quads * 4; i++) {
                sum += weights[block][i / 4][first % CHANNELS + c][i % 4] * spans->low[i];
            }
            assert_int_equal(bias[c], sum);
        }
    }
}

static void test_spans(void **state) {
    (void)state;
    if (!(mn_cpu_flags() & MN_CPU_AVX2)) {
        print_message("SKIPPED: the processor has no AVX2\n");
        skip();
    }
    for (int32_t kind = 0; kind < 12; kind++) {
        for (int32_t quads = 1; quads <= MOST_QUADS; quads++) {
            for (int32_t together = 2; together <= (quads % 4 ? 2 : 4); together += 2) {
                uint8_t memory[256];
                assert_in_range(mn_spans_q8_bytes(quads), 1, sizeof memory);
                const mn_spans_q8 spans = mn_spans_q8_at(memory, quads);
                const int32_t zero = kind % 3 == 0 ? 0 : kind % 3 == 1 ? 255 : rand() % 256;
                fill(kind);
                memcpy(before, weights, sizeof weights);
                const mn_weights_q8 w = all_weights(quads, together);
                const int32_t added = mn_spans_q8_pack(&spans, &w, zero);
                assert_true(added == together || added == 2);
                check_order(&spans, quads);
                check_spans(&spans, quads, added, zero);
                check_fold(&spans, quads);
            }
        }
    }
}

/* As many large weights as small ones: each gets one of the others beside it. */
static void test_pairs(void **state) {
    (void)state;
    if (!(mn_cpu_flags() & MN_CPU_AVX2)) {
        print_message("SKIPPED: the processor has no AVX2\n");
        skip();
    }
    int8_t *all = &weights[0][0][0][0];
    for (size_t i = 0; i < sizeof weights; i++) all[i] = (int8_t)(i % 4 < 2 ? 127 : rand() % 2);
    uint8_t memory[256];
    const mn_spans_q8 spans = mn_spans_q8_at(memory, MOST_QUADS);
    const mn_weights_q8 w = all_weights(MOST_QUADS, 2);
    mn_spans_q8_pack(&spans, &w, 128);
    for (int32_t i = 0; i < MOST_QUADS * 4; i++) {
        assert_int_equal(spans.width[i], WIDEST);
        assert_int_equal(spans.low[i], 0);
    }
}

/* Where weights make spans narrow and no activation is below the zero point, they stay in their order. */
static void test_checked(void **state) {
    (void)state;
    if (!(mn_cpu_flags() & MN_CPU_AVX2)) {
        print_message("SKIPPED: the processor has no AVX2\n");
        skip();
    }
    for (int32_t zero = 0; zero < 2; zero++) {
        for (int32_t is_wide = 0; is_wide < 2; is_wide++) {
            uint8_t memory[256];
            const mn_spans_q8 spans = mn_spans_q8_at(memory, MOST_QUADS);
            mn_weights_q8 w = all_weights(MOST_QUADS, MN_SPANS_Q8_FOURS);
            w.may_check = true;
            fill(is_wide ? 8 : 1);
            memcpy(before, weights, sizeof weights);
            const int32_t added = mn_spans_q8_pack(&spans, &w, zero);
            assert_int_equal(added, is_wide ? MN_SPANS_Q8_FOURS : zero == 0 ? MN_SPANS_Q8_CHECKED : MN_SPANS_Q8_PAIRS);
            check_order(&spans, MOST_QUADS);
            for (int32_t i = 0; added == MN_SPANS_Q8_CHECKED && i < MOST_QUADS * 4; i++) {
                assert_int_equal(spans.order[i], i % UNIT);
                assert_int_equal(spans.width[i], WIDEST);
            }
        }
    }
}

/* Signed bytes: the zero point is folded into biases, and weights are unsigned then. */
static void test_signed(void **state) {
    (void)state;
    if (!(mn_cpu_flags() & MN_CPU_AVX2)) {
        print_message("SKIPPED: the processor has no AVX2\n");
        skip();
    }
    for (int32_t quads = 1; quads <= MOST_QUADS; quads++) {
        uint8_t memory[256];
        const mn_spans_q8 spans = mn_spans_q8_at(memory, quads);
        mn_weights_q8 w = all_weights(quads, MN_SPANS_Q8_PAIRS);
        w.may_sign = true;
        fill(1);
        memcpy(before, weights, sizeof weights);
        assert_int_equal(mn_spans_q8_pack(&spans, &w, 100), MN_SPANS_Q8_SIGNED);
        assert_true(mn_spans_q8_are_signed(&spans, 100));
        check_order(&spans, quads);
        check_fold(&spans, quads);
        for (int32_t i = 0; i < (int32_t)mn_spans_q8_products(quads); i++) {
            assert_int_equal(spans.low[i], 100);
            assert_int_equal(spans.width[i], i < w.depth ? WIDEST : 0);
        }
        mn_spans_q8_flip(&w);
        for (size_t i = 0; i < sizeof weights; i++) {
            const bool is_packed = i % sizeof weights[0] < (size_t)quads * sizeof weights[0][0];
            const int32_t was = (&before[0][0][0][0])[i];
            assert_int_equal((uint8_t)(&weights[0][0][0][0])[i], is_packed ? was + 128 : (uint8_t)was);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spans), cmocka_unit_test(test_pairs),
                                       cmocka_unit_test(test_checked), cmocka_unit_test(test_signed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void) {
    printf("SKIPPED: these kernels are for x86-64\n");
    return 77;
}

#endif
