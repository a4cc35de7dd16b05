/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The estimate of an Ethos-U's time, for programs of a few commands whose cycles can be counted by hand, on a system of
 * round numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/little.h"
#include "ethosu/cycles.h"
#include "ethosu/registers.h"

enum { MOST = 128, U65_256 = 0x10003008, U65_512 = 0x10006009 };

/* Constants behind a port of 4 bytes a cycle after 100 cycles; the rest, of 16 bytes at once. */
static const mn_ethosu_system round_numbers = {1e9, {{"slow", 4, 100}, {"fast", 16, 0}}, {0, 1, 1}};

typedef struct writer {
    uint32_t words[MOST];
    size_t count, begin;
} writer;

static void open_program(writer *w, uint32_t config) {
    *w = (writer){{0x31504f43, 0x100001, config, 0x10060000}, 4, 5};
    w->words[w->count++] = 0; /* the number of commands, when it is known */
}

static void put(writer *w, int32_t code, uint32_t value) {
    assert_true(w->count < MOST);
    w->words[w->count++] = (uint32_t)code | value << 16;
}

static void put_long(writer *w, int32_t code, uint32_t value) {
    put(w, code | 0x4000, 0);
    assert_true(w->count < MOST);
    w->words[w->count++] = value;
}

/* A convolution of [h][w][c] from `in_c` channels by one filter of k x k, in blocks of 16 x 16 x 32. */
static void put_conv(writer *w, uint32_t h, uint32_t width, uint32_t c, uint32_t in_c, uint32_t k) {
    put(w, MN_NPU_IFM_REGION, 2);
    put(w, MN_NPU_OFM_REGION, 2);
    put(w, MN_NPU_WEIGHT_REGION, 2);
    put(w, MN_NPU_SCALE_REGION, 2);
    put(w, MN_NPU_OFM_HEIGHT_M1, h - 1);
    put(w, MN_NPU_OFM_WIDTH_M1, width - 1);
    put(w, MN_NPU_OFM_DEPTH_M1, c - 1);
    put(w, MN_NPU_IFM_DEPTH_M1, in_c - 1);
    put(w, MN_NPU_OFM_BLK_HEIGHT_M1, 15);
    put(w, MN_NPU_OFM_BLK_WIDTH_M1, 15);
    put(w, MN_NPU_OFM_BLK_DEPTH_M1, 31);
    put(w, MN_NPU_KERNEL_HEIGHT_M1, k - 1);
    put(w, MN_NPU_KERNEL_WIDTH_M1, k - 1);
    put_long(w, MN_NPU_WEIGHT_LENGTH, 1600);
    put_long(w, MN_NPU_SCALE_LENGTH, 320);
}

static void put_copy(writer *w, uint32_t bytes) {
    put(w, MN_NPU_DMA0_SRC_REGION, 0);
    put(w, MN_NPU_DMA0_DST_REGION, 2);
    put_long(w, MN_NPU_DMA0_LEN, bytes);
    put(w, MN_NPU_OP_DMA_START, 0);
}

static mn_ethosu_estimate estimate(writer *w) {
    static uint8_t bytes[4 * MOST];
    mn_ethosu_stream stream;
    mn_ethosu_estimate e;
    put(w, MN_NPU_OP_STOP, 0xffff);
    w->words[4] = 2 | (uint32_t)(w->count - w->begin) << 16;
    for (size_t i = 0; i < w->count; i++) mn_put_le(bytes + 4 * i, w->words[i], 4);
    assert_int_equal(mn_ethosu_stream_read(bytes, 4 * w->count, &stream), MN_OK);
    assert_int_equal(mn_ethosu_estimate_make(&stream, &round_numbers, &e), MN_OK);
    return e;
}

#define NEAR(actual, expected) assert_true((actual) > (expected)-1e-6 && (actual) < (expected) + 1e-6)

/* All multipliers are at work: 16 x 16 x 64 outputs of 128 products are 8192 times 256. Two blocks; the output stage
 * takes 16384 / 4 cycles, and memory 256 * 128 bytes for each block, 2 * (1600 + 320) / 2 of weights and scales and
 * 16384 of outputs. */
static void test_conv(void **state) {
    (void)state;
    writer w;
    open_program(&w, U65_256);
    put_conv(&w, 16, 16, 64, 128, 1);
    put(&w, MN_NPU_OP_CONV, 0);
    mn_ethosu_estimate e = estimate(&w);
    const double bytes = 2 * 256 * 128 + 1600 + 320 + 16384;
    assert_int_equal(e.count, 1);
    NEAR(e.costs[0].macs, 16 * 16 * 64 * 128);
    NEAR(e.costs[0].bytes, bytes);
    NEAR(e.costs[0].busy, 8192 + (4096 + bytes / 16) / 2);
    NEAR(e.cycles, e.costs[0].busy);
    assert_int_equal(e.costs[0].bound, MN_ETHOSU_BY_MACS);
    assert_int_equal(e.costs[0].command, 15);
    mn_ethosu_estimate_free(&e);
}

/* One output of 1000 channels: weights come 8 a cycle, as slowly as that. */
static void test_dense(void **state) {
    (void)state;
    writer w;
    open_program(&w, U65_256);
    put_conv(&w, 1, 1, 1000, 1280, 1);
    put(&w, MN_NPU_OP_CONV, 0);
    mn_ethosu_estimate e = estimate(&w);
    assert_int_equal(e.costs[0].bound, MN_ETHOSU_BY_WEIGHTS);
    assert_true(e.costs[0].busy >= 1280 * 1000 / 8 && e.costs[0].busy < 1280 * 1000 / 8 * 1.02);
    mn_ethosu_estimate_free(&e);
}

/* Depthwise 3x3 takes 12 steps for each 2 x 2 x 8 outputs. Two cores halve what multipliers and outputs take. */
static void test_depthwise(void **state) {
    (void)state;
    for (int32_t cores = 1; cores <= 2; cores++) {
        writer w;
        open_program(&w, cores == 1 ? U65_256 : U65_512);
        put_conv(&w, 32, 32, 64, 64, 3);
        put(&w, MN_NPU_OP_DEPTHWISE, 0);
        mn_ethosu_estimate e = estimate(&w);
        const double array = 16.0 * 16 * 8 * 12 / cores, output = 65536.0 / 4 / cores;
        const double bytes = 4 * 18 * 18 * 64 + 4 * (1600 + 320) + 65536;
        NEAR(e.costs[0].macs, 32 * 32 * 64 * 9);
        NEAR(e.costs[0].busy, array + (output + bytes / 16) / 8);
        mn_ethosu_estimate_free(&e);
    }
}

/* The padding of part-kernel-first: 9 elements are 12, 3 channels 8. Depth first, 3 channels are 32. */
static void test_traversal(void **state) {
    (void)state;
    double busy[2];
    for (uint32_t part = 0; part < 2; part++) {
        writer w;
        open_program(&w, U65_256);
        put_conv(&w, 16, 16, 32, 3, 3);
        put(&w, MN_NPU_KERNEL_STRIDE, part << 2);
        put(&w, MN_NPU_OP_CONV, 0);
        mn_ethosu_estimate e = estimate(&w);
        busy[part] = e.costs[0].busy;
        mn_ethosu_estimate_free(&e);
    }
    NEAR(busy[0] - busy[1], 64.0 * 4 * (9 * 4 - 12));
}

/* Copies run beside operations unless a wait says otherwise. */
static void test_timeline(void **state) {
    (void)state;
    writer w;
    open_program(&w, U65_256);
    put_conv(&w, 16, 16, 64, 128, 1);
    put_copy(&w, 4000);             /* 100 + 1000 cycles */
    put(&w, MN_NPU_OP_CONV, 0);     /* beside it */
    put_copy(&w, 400);              /* behind it */
    put(&w, MN_NPU_OP_DMA_WAIT, 0); /* until 1300 */
    put(&w, MN_NPU_OP_CONV, 0);     /* behind the first */
    put(&w, MN_NPU_OP_KERNEL_WAIT, 1);
    put_copy(&w, 40); /* when the first has ended */
    put(&w, MN_NPU_OP_KERNEL_WAIT, 0);
    put_copy(&w, 40);
    mn_ethosu_estimate e = estimate(&w);
    const double busy = e.costs[1].busy;
    assert_int_equal(e.count, 6);
    NEAR(e.costs[0].end, 1100);
    NEAR(e.costs[1].begin, 0);
    NEAR(e.costs[2].begin, 1100);
    NEAR(e.costs[2].end, 1300);
    NEAR(e.costs[3].begin, busy);
    NEAR(e.costs[4].begin, busy);
    NEAR(e.costs[5].begin, 2 * busy);
    NEAR(e.cycles, 2 * busy + 110);
    mn_ethosu_estimate_free(&e);
}

static void test_systems(void **state) {
    (void)state;
    const mn_ethosu_system u65 = mn_ethosu_usual_system(&(mn_ethosu_config){.product = MN_ETHOSU_U65});
    const mn_ethosu_system u55 = mn_ethosu_usual_system(&(mn_ethosu_config){.product = MN_ETHOSU_U55});
    assert_true(u65.clock == 1e9 && u55.clock == 500e6);
    assert_string_equal(u65.ports[u65.port_of[MN_ETHOSU_ARENA]].name, "DRAM");
    assert_string_equal(u55.ports[u55.port_of[MN_ETHOSU_ARENA]].name, "SRAM");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv),      cmocka_unit_test(test_dense),    cmocka_unit_test(test_depthwise),
        cmocka_unit_test(test_traversal), cmocka_unit_test(test_timeline), cmocka_unit_test(test_systems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
