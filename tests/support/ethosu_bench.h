/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What tests of single operations for Ethos-U work on: a program, its memory before and after, and what they expect. */
#ifndef TEST_ETHOSU_BENCH_H
#define TEST_ETHOSU_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ethosu/program.h"
#include "kernels/quant.h"
#include "support/ethosu_program.h"
#include "support/model_streams.h"

enum { EB_MEMORY = 1 << 17, EB_CASES = 300 };

/* Everything one program works on. */
typedef struct eb_bench {
    ep_program program;
    uint32_t number, seed; /* of the case; of what is random in it */
    size_t used;
    uint8_t before[EB_MEMORY], after[EB_MEMORY]; /* region 1 */
} eb_bench;

static eb_bench eb;

static inline int32_t eb_between(int32_t low, int32_t high) { return sn_between(&eb.seed, low, high); }

static inline void eb_begin(uint32_t seed, uint32_t config) {
    eb.number = eb.seed = seed;
    eb.used = 0;
    ep_open(&eb.program, config);
    for (size_t i = 0; i < EB_MEMORY; i++) eb.before[i] = (uint8_t)eb_between(0, 255);
}

static inline mn_status eb_make(mn_ethosu_program **out) {
    mn_ethosu_memory memory = {.of_region = {0, 1, -1, -1, -1, -1, -1, -1},
                               .bytes = {mn_max_size(eb.program.constant_bytes, 1), EB_MEMORY},
                               .constant = {eb.program.constants}};
    size_t bytes;
    uint8_t *payload = ep_payload(&eb.program, &bytes);
    mn_ethosu_machine machine = mn_ethosu_machine_here();
    if (eb.number % 4 == 1) machine.tier = MN_TIER_REF;
    if (eb.number % 4 == 2) machine.tier = MN_TIER_PORTABLE;
    const mn_status status = mn_ethosu_program_make(payload, bytes, &memory, &machine, 2e9, out);
    free(payload);
    return status;
}

/* Runs it from `before` to `after`; workspace and memory hold nothing that a program may rely on. */
static inline void eb_run(void) {
    mn_ethosu_program *program;
    if (eb_make(&program) != MN_OK) fail_msg("seed %u: %s", eb.number, mn_error_detail());
    const size_t bytes = mn_ethosu_program_workspace(program);
    uint8_t *workspace = malloc(bytes + 64), *spaces[MN_ETHOSU_SPACES] = {NULL, eb.after};
    assert_non_null(workspace);
    memset(workspace, 0xa5, bytes + 64);
    memcpy(eb.after, eb.before, EB_MEMORY);
    mn_ethosu_program_run(program, spaces, (void *)(((uintptr_t)workspace + 63) & ~(uintptr_t)63), NULL);
    mn_ethosu_program_free(program);
    free(workspace);
}

static inline void eb_refused(mn_status status, const char *sentence) {
    mn_ethosu_program *program;
    assert_int_equal(eb_make(&program), status);
    if (!strstr(mn_error_detail(), sentence)) fail_msg("'%s' has no '%s'", mn_error_detail(), sentence);
}

/* DMA of `bytes` bytes from one region to another. */
static inline void eb_copy(int32_t from_region, uint64_t from, int32_t to_region, uint64_t to, uint64_t bytes) {
    ep_program *p = &eb.program;
    ep_short(p, MN_NPU_DMA0_SRC_REGION, from_region);
    ep_long(p, MN_NPU_DMA0_SRC, from);
    ep_short(p, MN_NPU_DMA0_DST_REGION, to_region);
    ep_long(p, MN_NPU_DMA0_DST, to);
    ep_long(p, MN_NPU_DMA0_LEN, bytes);
    ep_short(p, MN_NPU_OP_DMA_START, 0);
}

/* ---- What is expected -------------------------------------------------------------------------------------- */

static inline mn_ethosu_map eb_place(int32_t h, int32_t w, int32_t c, int32_t bytes, bool is_signed) {
    mn_ethosu_map m = ep_place(&eb.seed, h, w, c, bytes, is_signed, &eb.used);
    if (bytes == 1) m.zero = m.is_signed ? eb_between(-128, 127) : eb_between(0, 255);
    if (eb.used > EB_MEMORY) fail_msg("the maps of seed %u take %zu bytes", eb.number, eb.used);
    return m;
}

static inline int64_t eb_in(const mn_ethosu_map *m, int32_t y, int32_t x, int32_t c) {
    return ep_get(m, eb.before, m->h == 1 ? 0 : y, m->w == 1 ? 0 : x, m->c == 1 ? 0 : c) - m->zero;
}

/* The clamp that a program asks for; all that the type holds in half of the cases. */
typedef struct eb_clamp {
    int64_t low, high;
} eb_clamp;

static inline eb_clamp eb_clamp_of(const mn_ethosu_map *out) {
    const int64_t least = out->is_signed ? -(INT64_C(1) << (8 * out->bytes - 1)) : 0;
    eb_clamp r = {least, least + (INT64_C(1) << 8 * out->bytes) - 1};
    if (out->bytes == 4) return r;
    if (eb_between(0, 1)) r = (eb_clamp){r.low + eb_between(0, 20), r.high - eb_between(0, 20)};
    ep_short(&eb.program, MN_NPU_ACTIVATION_MIN, (int32_t)r.low);
    ep_short(&eb.program, MN_NPU_ACTIVATION_MAX, (int32_t)r.high);
    return r;
}

static inline void eb_expect(const mn_ethosu_map *out, eb_clamp r, int32_t y, int32_t x, int32_t c, int64_t value) {
    if (out->bytes < 4) value += out->zero;
    value = value < r.low ? r.low : value > r.high ? r.high : value;
    const int64_t actual = ep_get(out, eb.after, y, x, c);
    if (actual == value) return;
    fail_msg("seed %u: row %d, column %d, channel %d is %lld, not %lld", eb.number, y, x, c, (long long)actual,
             (long long)value);
}

/* Q31 and its shift to the right, as TensorFlow Lite has them. */
typedef struct eb_factor {
    uint32_t scale;
    int32_t shift;
} eb_factor;

static inline eb_factor eb_factor_of(void) {
    return (eb_factor){(UINT32_C(1) << 30) + (uint32_t)eb_between(0, INT32_MAX >> 1), eb_between(29, 44)};
}

static inline int32_t eb_times(int64_t x, eb_factor f) {
    return mn_requantize((int32_t)x, (int32_t)f.scale, 31 - f.shift);
}

#endif
