/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Spans of activations (src/kernels/x86/spans_q8.c): as wide as 16 bits allow for the weights of all channels, around
 * the zero point, and folded into the bias. */
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

enum { MOST_QUADS = 9, CHANNELS = 32, PIECES = 2, WIDEST = 255 };

/* [piece][group][channels][4], as two blocks of a convolution are packed. */
static int8_t weights[PIECES][MOST_QUADS][CHANNELS][4];

static mn_weights_q8 piece(int32_t index, int32_t quads) {
    return (mn_weights_q8){&weights[index][0][0][0], sizeof weights[0][0], CHANNELS, quads};
}

static void fill(int32_t kind) {
    int8_t *all = &weights[0][0][0][0];
    for (size_t i = 0; i < sizeof weights; i++) {
        const int32_t any = rand() % 256 - 128, signs = rand() % 2 ? 127 : -128;
        all[i] = (int8_t)(kind == 0 ? 127 : kind == 1 ? -128 : kind == 2 ? 0 : kind == 3 ? signs : any / kind);
    }
}

/* The greatest sum of one sign over all channels, of a pair of a group. */
static int32_t greatest(int32_t quad, int32_t pair) {
    int32_t most = 0;
    for (int32_t c = 0; c < PIECES * CHANNELS; c++) {
        int32_t sums[2] = {0};
        for (int32_t i = 0; i < 2; i++) {
            const int32_t w = weights[c / CHANNELS][quad][c % CHANNELS][2 * pair + i];
            sums[w < 0] += abs(w);
        }
        most = sums[0] > most ? sums[0] : most;
        most = sums[1] > most ? sums[1] : most;
    }
    return most;
}

static void check_spans(const mn_spans_q8 *spans, int32_t quads, int32_t zero) {
    for (int32_t i = 0; i < quads * 4; i++) {
        const int32_t sum = greatest(i / 4, i % 4 / 2);
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

static void check_fold(const mn_spans_q8 *spans, int32_t quads) {
    for (int32_t p = 0; p < PIECES; p++) {
        int32_t bias[CHANNELS];
        for (int32_t c = 0; c < CHANNELS; c++) bias[c] = c;
        const mn_weights_q8 w = piece(p, quads);
        mn_spans_q8_fold(spans, &w, bias);
        for (int32_t c = 0; c < CHANNELS; c++) {
            int32_t sum = c;
            for (int32_t i = 0; i < quads * 4; i++) sum += weights[p][i / 4][c][i % 4] * spans->low[i];
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
            uint8_t memory[256];
            assert_in_range(mn_spans_q8_bytes(quads), 1, sizeof memory);
            const mn_spans_q8 spans = mn_spans_q8_at(memory, quads);
            const int32_t zero = kind % 3 == 0 ? 0 : kind % 3 == 1 ? 255 : rand() % 256;
            fill(kind);
            mn_spans_q8_start(&spans, quads);
            for (int32_t p = 0; p < PIECES; p++) {
                const mn_weights_q8 w = piece(p, quads);
                mn_spans_q8_narrow(&spans, &w);
            }
            mn_spans_q8_centre(&spans, quads, zero);
            check_spans(&spans, quads, zero);
            check_fold(&spans, quads);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spans)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void) {
    printf("SKIPPED: these kernels are for x86-64\n");
    return 77;
}

#endif
