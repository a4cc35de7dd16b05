/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Programs for Ethos-U of one ELEMENTWISE operation or DMA, in random types, layouts, tiles and strides, beside plain
 * loops over their elements; and programs that go wrong, each with its sentence. */
#include "base/little.h"
#include "support/ethosu_bench.h"

/* ---- ELEMENTWISE ------------------------------------------------------------------------------------------- */

/* Operands, as the operation meets them. */
typedef struct operands {
    mn_ethosu_map a, b, out;
    bool is_scalar, reversed;
    int32_t scalar, mode;
    eb_clamp range;
} operands;

static void begin_elementwise(operands *o, uint32_t seed, int32_t mode, int32_t bytes, int32_t out_bytes) {
    const bool sign = seed & 1;
    eb_begin(seed, EP_U65_256);
    const int32_t h = eb_between(1, 5), w = eb_between(1, 6), c = eb_between(1, 40);
    *o = (operands){.mode = mode, .reversed = eb_between(0, 3) == 0, .is_scalar = eb_between(0, 4) == 0};
    o->a = eb_place(h, w, c, bytes, sign);
    o->b = eb_place(eb_between(0, 2) ? h : 1, eb_between(0, 2) ? w : 1, eb_between(0, 2) ? c : 1, bytes, sign);
    o->out = eb_place(h, w, c, out_bytes, sign);
    o->scalar = sign ? eb_between(-100, 100) : eb_between(0, 200);
    const int32_t broadcast = (o->b.h != h) | (o->b.w != w) << 1 | (o->b.c != c) << 2;
    ep_short(&eb.program, MN_NPU_IFM2_BROADCAST,
             (o->is_scalar ? MN_NPU_SCALAR : broadcast) | (o->reversed ? MN_NPU_REVERSED : 0));
    ep_short(&eb.program, MN_NPU_IFM2_SCALAR, o->scalar);
    ep_map(&eb.program, MN_NPU_IFM2_BASE0, &o->b, 0);
    o->range = eb_clamp_of(&o->out);
}

/* `of` makes the result of two numbers. */
static void check_elementwise(const operands *o, eb_factor f, int64_t (*of)(int64_t a, int64_t b, eb_factor f)) {
    ep_short(&eb.program, MN_NPU_OP_ELEMENTWISE, o->mode);
    eb_run();
    for (int32_t y = 0; y < o->out.h; y++) {
        for (int32_t x = 0; x < o->out.w; x++) {
            for (int32_t c = 0; c < o->out.c; c++) {
                const int64_t a = eb_in(&o->a, y, x, c),
                              b = o->is_scalar ? o->scalar - o->b.zero : eb_in(&o->b, y, x, c);
                eb_expect(&o->out, o->range, y, x, c, o->reversed ? of(b, a, f) : of(a, b, f));
            }
        }
    }
}

static int64_t smaller(int64_t a, int64_t b, eb_factor f) { return (void)f, a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b, eb_factor f) { return (void)f, a > b ? a : b; }
static int64_t scaled_product(int64_t a, int64_t b, eb_factor f) { return eb_times(a * b, f); }
static int64_t shifted_left(int64_t a, int64_t b, eb_factor f) {
    return (void)f, b < 0 || b > 31 ? 0 : (int32_t)((uint32_t)a << b);
}
static int64_t magnitude(int64_t a, int64_t b, eb_factor f) { return (void)b, eb_times(a < 0 ? -a : a, f); }
static int64_t leaky(int64_t a, int64_t b, eb_factor f) { return (void)b, a < 0 ? eb_times(a, f) : a; }
static int64_t zeros_in_front(int64_t a, int64_t b, eb_factor f) {
    int32_t n = 0;
    (void)b;
    (void)f;
    for (int32_t bit = 31; bit >= 0 && ((uint32_t)a >> bit & 1) == 0; bit--) n++;
    return n;
}

/* Halves go up. */
static int64_t shifted_right(int64_t a, int64_t b, eb_factor f) {
    (void)f;
    if (b <= 0) return a;
    return b > 40 ? 0 : (a + (INT64_C(1) << (b - 1))) >> b;
}

static void test_two_operands(void **state) {
    (void)state;
    static const struct {
        int32_t mode, bytes, precision;
        int64_t (*of)(int64_t a, int64_t b, eb_factor f);
    } kinds[] = {
        {MN_NPU_MIN, 1, 0, smaller},
        {MN_NPU_MAX, 1, 0, larger},
        {MN_NPU_MIN, 2, 0, smaller},
        {MN_NPU_MUL, 1, 256, scaled_product},
        {MN_NPU_ABS, 1, 256, magnitude},
        {MN_NPU_LRELU, 1, 256, leaky},
        {MN_NPU_SHL, 4, 0, shifted_left},
        {MN_NPU_CLZ, 4, 0, zeros_in_front},
        {MN_NPU_SHR, 4, 2 << 14, shifted_right},
    };
    for (uint32_t seed = 0; seed < 2 * EB_CASES; seed++) {
        const size_t kind = seed % (sizeof kinds / sizeof *kinds);
        operands o;
        begin_elementwise(&o, seed, kinds[kind].mode, kinds[kind].bytes, kinds[kind].bytes);
        const eb_factor f = eb_factor_of();
        if (o.mode == MN_NPU_SHL || o.mode == MN_NPU_SHR) { /* small shifts, as softmax has them */
            for (size_t i = 0; i < EB_MEMORY / 2; i++) eb.before[4 * i % EB_MEMORY + 1] = 0;
            o.is_scalar = true;
            o.scalar = eb_between(0, 31);
            ep_short(&eb.program, MN_NPU_IFM2_BROADCAST, MN_NPU_SCALAR | (o.reversed ? MN_NPU_REVERSED : 0));
            ep_short(&eb.program, MN_NPU_IFM2_SCALAR, o.scalar);
        }
        if (o.mode == MN_NPU_ABS || o.mode == MN_NPU_LRELU || o.mode == MN_NPU_CLZ) o.reversed = false;
        ep_map(&eb.program, MN_NPU_IFM_BASE0, &o.a, 0);
        ep_map(&eb.program, MN_NPU_OFM_BASE0, &o.out, kinds[kind].precision);
        ep_scale(&eb.program, MN_NPU_OFM_SCALE, f.scale, f.shift);
        check_elementwise(&o, f, kinds[kind].of);
    }
}

/* Sums as TensorFlow Lite's ADD: one operand, whichever `which` says, has the smaller scale. */
static eb_factor smaller_scale;
static int64_t half(int64_t x) { return x * (1 << 19); }
static int64_t other(int64_t x) { return eb_times(x * (1 << 20), smaller_scale); }
static int64_t add_first(int64_t a, int64_t b, eb_factor f) { return eb_times(other(a) + half(b), f); }
static int64_t add_second(int64_t a, int64_t b, eb_factor f) { return eb_times(half(a) + other(b), f); }
static int64_t subtract_first(int64_t a, int64_t b, eb_factor f) { return eb_times(other(a) - half(b), f); }
static int64_t subtract_second(int64_t a, int64_t b, eb_factor f) { return eb_times(half(a) - other(b), f); }
static int64_t add_both(int64_t a, int64_t b, eb_factor f) { return eb_times(a * 32768 + b * 16384, f); }
static int64_t add_plain(int64_t a, int64_t b, eb_factor f) { return (void)f, a + b; }

static void test_sums(void **state) {
    (void)state;
    static const struct {
        int32_t mode, which;
        int64_t (*of)(int64_t a, int64_t b, eb_factor f);
    } kinds[] = {{MN_NPU_ADD, 1, add_first},       {MN_NPU_ADD, 2, add_second}, {MN_NPU_SUB, 1, subtract_first},
                 {MN_NPU_SUB, 2, subtract_second}, {MN_NPU_ADD, 0, add_both},   {MN_NPU_ADD, 0, add_plain}};
    for (uint32_t seed = 0; seed < EB_CASES; seed++) {
        const size_t kind = seed % (sizeof kinds / sizeof *kinds);
        const bool plain = kinds[kind].of == add_plain;
        operands o;
        begin_elementwise(&o, seed, kinds[kind].mode, 1, plain ? 4 : 1);
        const eb_factor f = eb_factor_of();
        smaller_scale = (eb_factor){eb_factor_of().scale, eb_between(31, 36)};
        const bool both = kinds[kind].which == 0;
        ep_map(&eb.program, MN_NPU_IFM_BASE0, &o.a, kinds[kind].which << 8);
        ep_map(&eb.program, MN_NPU_OFM_BASE0, &o.out, 256);
        ep_scale(&eb.program, MN_NPU_OFM_SCALE, plain ? 1 : f.scale, plain ? 0 : f.shift);
        ep_scale(&eb.program, MN_NPU_OPA_SCALE,
                 plain  ? 1
                 : both ? 32768
                        : smaller_scale.scale,
                 both ? 0 : smaller_scale.shift - 20); /* of the operand before its shift */
        ep_scale(&eb.program, MN_NPU_OPB_SCALE, plain ? 1 : both ? 16384 : 0, 0);
        check_elementwise(&o, f, kinds[kind].of);
    }
}

/* Of 32 bits only the shift of a product's scale counts. */
static int64_t shifted_product(int64_t a, int64_t b, eb_factor f) {
    return mn_round_shift(mn_high_mul((int32_t)a, (int32_t)b), f.shift - 31);
}

static void test_wide_products(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < EB_CASES / 3; seed++) {
        operands o;
        begin_elementwise(&o, seed, MN_NPU_MUL, 4, 4);
        const eb_factor f = {12345, eb_between(31, 45)};
        ep_map(&eb.program, MN_NPU_IFM_BASE0, &o.a, 0);
        ep_map(&eb.program, MN_NPU_OFM_BASE0, &o.out, 256);
        ep_scale(&eb.program, MN_NPU_OFM_SCALE, f.scale, f.shift);
        check_elementwise(&o, f, shifted_product);
    }
}

/* ---- DMA --------------------------------------------------------------------------------------------------- */

/* A table of bytes, and one of numbers of 32 bits, at any of the places for tables. */
static void test_tables(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < EB_CASES / 3; seed++) {
        uint8_t table[1024];
        const bool wide = seed & 1;
        const int32_t slot = eb_between(0, wide ? 4 : 7);
        operands o;
        begin_elementwise(&o, seed, MN_NPU_MAX, 1, wide ? 4 : 1);
        for (size_t i = 0; i < sizeof table; i++) table[i] = (uint8_t)eb_between(0, 255);
        const uint64_t place_of_table = 0xb800 + 256 * (uint64_t)slot;
        eb_copy(0, ep_constant(&eb.program, table, sizeof table), MN_NPU_REGION_INTERNAL, place_of_table,
                wide ? 1024 : 256);
        ep_map(&eb.program, MN_NPU_IFM_BASE0, &o.a, 0);
        o.out.zero = o.out.is_signed ? eb_between(-20, 20) : eb_between(0, 40);
        ep_map(&eb.program, MN_NPU_OFM_BASE0, &o.out, 0);
        ep_short(&eb.program, MN_NPU_ACTIVATION, 16 + slot);
        ep_short(&eb.program, MN_NPU_OP_ELEMENTWISE, o.mode);
        eb_run();
        for (int32_t i = 0; i < o.out.h * o.out.w * o.out.c; i++) {
            const int32_t c = i % o.out.c, x = i / o.out.c % o.out.w, y = i / o.out.c / o.out.w;
            const int64_t a = eb_in(&o.a, y, x, c), b = o.is_scalar ? o.scalar - o.b.zero : eb_in(&o.b, y, x, c);
            const int32_t low = o.out.is_signed ? -128 : 0;
            const int32_t entry = mn_clamp_i32((int32_t)(a > b ? a : b) + o.out.zero, low, low + 255) - low;
            const int64_t expected = wide  ? (int32_t)mn_le32(table + 4 * entry)
                                     : low ? (int8_t)table[entry]
                                           : table[entry];
            assert_int_equal(ep_get(&o.out, eb.after, y, x, c), expected);
        }
    }
}

/* A table of 16 bits: 512 values and slopes, with lines of 128 steps between them. */
static void test_wide_tables(void **state) {
    (void)state;
    for (uint32_t seed = 1; seed < EB_CASES / 3; seed += 2) {
        uint8_t table[2048];
        operands o;
        begin_elementwise(&o, seed, MN_NPU_MIN, 2, 2);
        for (size_t i = 0; i < sizeof table; i++) table[i] = (uint8_t)eb_between(0, 255);
        eb_copy(0, ep_constant(&eb.program, table, sizeof table), MN_NPU_REGION_INTERNAL, 0xb800, sizeof table);
        ep_map(&eb.program, MN_NPU_IFM_BASE0, &o.a, 0);
        ep_map(&eb.program, MN_NPU_OFM_BASE0, &o.out, 0);
        ep_short(&eb.program, MN_NPU_ACTIVATION, 16);
        ep_short(&eb.program, MN_NPU_OP_ELEMENTWISE, o.mode);
        eb_run();
        for (int32_t i = 0; i < o.out.h * o.out.w * o.out.c; i++) {
            const int32_t c = i % o.out.c, x = i / o.out.c % o.out.w, y = i / o.out.c / o.out.w;
            const int64_t a = eb_in(&o.a, y, x, c), b = o.is_scalar ? o.scalar : eb_in(&o.b, y, x, c);
            const int64_t steps = (a < b ? a : b) + 32768;
            const uint8_t *entry = table + 4 * (steps / 128);
            const int64_t line = ((int16_t)mn_le16(entry + 2) * (steps % 128) + 64) >> 7;
            assert_int_equal(ep_get(&o.out, eb.after, y, x, c),
                             mn_clamp_i32((int16_t)mn_le16(entry) + (int32_t)line, INT16_MIN, INT16_MAX));
        }
    }
}

/* A convolution of one weight, at `base` of region `region`, and its scale 16 bytes later. */
static void small_convolution(int32_t region, uint64_t weights, uint64_t scales, const mn_ethosu_map *from,
                              const mn_ethosu_map *to) {
    ep_program *p = &eb.program;
    ep_map(p, MN_NPU_IFM_BASE0, from, 0);
    ep_map(p, MN_NPU_OFM_BASE0, to, 0);
    ep_short(p, MN_NPU_WEIGHT_REGION, region);
    ep_long(p, MN_NPU_WEIGHT_BASE, weights);
    ep_short(p, MN_NPU_SCALE_REGION, region);
    ep_long(p, MN_NPU_SCALE_BASE, scales);
    ep_short(p, MN_NPU_OP_CONV, 0);
}

/* Weights that a program copies, twice and in two parts, are constants still; what it writes over them are none. */
static void test_copied_weights(void **state) {
    (void)state;
    const mn_ethosu_filter f = {1, 1, 1, 1, false, false, 1, 1, 8, 8, 1, 8, 8};
    const mn_ethosu_scale scale = {5, UINT32_C(1) << 30, 30};
    const int16_t weight = 3;
    const mn_ethosu_map from = {1, 1, true, false, 1, 1, 1, 0, {1, 1}, 1, {7}, 1, 1, 1};
    mn_ethosu_map to = from;
    to.base[0] = 8;
    eb_begin(1, EP_U65_256);
    (void)eb_clamp_of(&to);
    ep_short(&eb.program, MN_NPU_ACTIVATION_MIN, -128);
    ep_short(&eb.program, MN_NPU_ACTIVATION_MAX, 127);
    ep_filter(&eb.program, &f, &weight, &scale, 1);
    const uint64_t bytes = eb.program.constant_bytes, scales_at = bytes - 16;
    eb_copy(0, 0, 1, 1000, scales_at);
    eb_copy(0, scales_at, 1, 1000 + scales_at, bytes - scales_at);
    eb_copy(1, 1000, 1, 5000, scales_at);
    eb_copy(1, 1000 + scales_at, 1, 5000 + scales_at, bytes - scales_at);
    small_convolution(1, 5000, 5000 + scales_at, &from, &to);
    eb.before[7] = 11;
    eb_run();
    assert_int_equal((int8_t)eb.after[8], 11 * 3 + 5);
    eb.program.count--;                          /* STOP */
    to.base[0] = 5000 + (int64_t)scales_at + 12; /* behind the scale */
    small_convolution(1, 5000, 5000 + scales_at, &from, &to);
    ep_long(&eb.program, MN_NPU_SCALE_LENGTH, 10); /* what is left of them */
    ep_short(&eb.program, MN_NPU_OP_CONV, 0);
    eb_run();
    assert_int_equal((int8_t)eb.after[to.base[0]], 11 * 3 + 5);
    eb.program.count--;
    to.base[0] = 5000 + (int64_t)scales_at + 1;
    small_convolution(1, 5000, 5000 + scales_at, &from, &to);
    small_convolution(1, 5000, 5000 + scales_at, &from, &to);
    eb_refused(MN_ERROR_UNSUPPORTED, "its scales are not constants of the model");
}

/* ---- Programs that go wrong -------------------------------------------------------------------------------- */

/* A program that would be right: a sum of two maps. Each case damages one register of it. */
static void test_refused(void **state) {
    (void)state;
    static const struct {
        bool is_long;
        int32_t code;
        uint64_t value;
        mn_status status;
        const char *sentence;
    } cases[] = {
        {true, MN_NPU_IFM_BASE0, EB_MEMORY - 5, MN_ERROR_FORMAT,
         "command 44 (OP_ELEMENTWISE): its IFM of 2 x 3 x 4 lies"},
        {true, MN_NPU_IFM_BASE0, UINT64_C(1) << 47, MN_ERROR_FORMAT, "its IFM of 2 x 3 x 4 lies beyond region 1"},
        {true, MN_NPU_IFM_BASE0 + 5, UINT64_C(0x7fffffffffff), MN_ERROR_FORMAT, "lies beyond region 1"},
        {true, MN_NPU_IFM_BASE0 + 5, UINT64_C(0xffffffff0000), MN_ERROR_FORMAT, "lies beyond region 1"},
        {true, MN_NPU_IFM2_BASE0, EB_MEMORY, MN_ERROR_FORMAT, "its IFM2 of 2 x 3 x 4 lies beyond region 1"},
        {true, MN_NPU_OFM_BASE0, EB_MEMORY - 23, MN_ERROR_FORMAT, "its OFM of 2 x 3 x 4 lies beyond region 1"},
        {true, MN_NPU_OFM_BASE0, EB_MEMORY - 24, MN_OK, ""},
        {false, MN_NPU_OFM_HEIGHT0_M1, 0, MN_OK, ""},
        {false, MN_NPU_OFM_HEIGHT_M1, 65535, MN_ERROR_FORMAT, "its OFM of 65536 x 3 x 4 lies beyond region 1"},
        {false, MN_NPU_OFM_REGION, 0, MN_ERROR_FORMAT, "it writes to region 0, a constant"},
        {false, MN_NPU_OFM_REGION, 5, MN_ERROR_FORMAT, "it uses region 5, for which the operator has no tensor"},
        {false, MN_NPU_IFM_REGION, 0x103, MN_ERROR_FORMAT, "it uses region 259"},
        {false, MN_NPU_IFM_PRECISION, 0xd, MN_ERROR_FORMAT, "its IFM has elements of an unknown width"},
        {false, MN_NPU_IFM2_PRECISION, 0x9, MN_ERROR_UNSUPPORTED, "its operands have different widths"},
        {false, MN_NPU_IFM_PRECISION, 0x301, MN_ERROR_FORMAT, "it scales its operands in an unknown way"},
        {false, MN_NPU_OFM_PRECISION, 0xc101, MN_ERROR_FORMAT, "it rounds in an unknown way"},
        {false, MN_NPU_ACTIVATION, 3, MN_ERROR_UNSUPPORTED, "its activation, number 3, is not emulated"},
        {false, MN_NPU_IFM_UPSCALE, 1, MN_ERROR_UNSUPPORTED, "it enlarges its IFM"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mn_ethosu_map m = {1, 1, true, false, 2, 3, 4, 0, {2, 2}, 3, {0}, 12, 4, 1};
        eb_begin(1, EP_U65_256);
        eb.program.constant_bytes = 64;
        ep_map(&eb.program, MN_NPU_IFM_BASE0, &m, 0);
        ep_map(&eb.program, MN_NPU_IFM2_BASE0, &m, 0);
        ep_map(&eb.program, MN_NPU_OFM_BASE0, &m, 0);
        if (cases[i].is_long) ep_long(&eb.program, cases[i].code, cases[i].value);
        if (!cases[i].is_long) ep_short(&eb.program, cases[i].code, (int32_t)cases[i].value);
        ep_short(&eb.program, MN_NPU_OP_ELEMENTWISE, MN_NPU_ADD);
        if (cases[i].status == MN_OK) eb_run();
        if (cases[i].status != MN_OK) eb_refused(cases[i].status, cases[i].sentence);
    }
}

static void test_refused_copies(void **state) {
    (void)state;
    static const struct {
        int32_t from_region;
        uint64_t from;
        int32_t to_region;
        uint64_t to, bytes;
        const char *sentence;
    } cases[] = {
        {1, EB_MEMORY - 15, 1, 0, 16, "it reads beyond region 1"},
        {1, UINT64_C(0xffffffffffff), 1, 0, 2, "it reads beyond region 1"},
        {1, 0, 1, EB_MEMORY - 15, 16, "it writes beyond region 1"},
        {1, 0, 0, 0, 1, "it writes to a constant region"},
        {1, 0, MN_NPU_REGION_INTERNAL, 0xb7ff, 16, "it writes beyond region 259"},
        {1, 0, MN_NPU_REGION_INTERNAL, 0xbff1, 16, "it writes beyond region 259"},
        {1, 0, 3, 0, 16, "it uses region 3"},
        {MN_NPU_REGION_INTERNAL, 0, 1, 0, 16, "it uses region 259"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eb_begin(1, EP_U65_256);
        eb_copy(cases[i].from_region, cases[i].from, cases[i].to_region, cases[i].to, cases[i].bytes);
        eb_refused(MN_ERROR_FORMAT, cases[i].sentence);
    }
}

/* Strides of 0 make large maps of few bytes, which would take for ever. */
static void test_too_much_work(void **state) {
    (void)state;
    mn_ethosu_map m = {1, 1, true, false, 8193, 8192, 1, 0, {65536, 65536}, 65536, {0}, 0, 0, 0};
    eb_begin(1, EP_U65_256);
    ep_map(&eb.program, MN_NPU_IFM_BASE0, &m, 0);
    ep_map(&eb.program, MN_NPU_OFM_BASE0, &m, 0);
    ep_short(&eb.program, MN_NPU_OP_ELEMENTWISE, MN_NPU_ABS);
    eb_refused(MN_ERROR_LIMIT, "more than 2^26 elements");
    eb_begin(1, EP_U65_256);
    m.h = m.w = 4096;
    ep_map(&eb.program, MN_NPU_IFM_BASE0, &m, 0);
    ep_map(&eb.program, MN_NPU_OFM_BASE0, &m, 0);
    for (int32_t i = 0; i < 8; i++) ep_short(&eb.program, MN_NPU_OP_ELEMENTWISE, MN_NPU_ABS);
    eb_refused(MN_ERROR_LIMIT, "asks for more work than is allowed");
}

/* The registers of a convolution of one cell, and weights and scales for one of 1 x 1. */
static void begin_convolution(int32_t in_c, int32_t out_c) {
    const mn_ethosu_filter f = {1, 1, 1, 1, false, false, 1, 1, 8, 8, 1, 8, 8};
    const mn_ethosu_scale scale = {5, UINT32_C(1) << 30, 30};
    const int16_t weight = 3;
    const mn_ethosu_map from = {1, 1, true, false, 1, 1, in_c, 0, {1, 1}, 1, {0}, in_c, in_c, 1};
    const mn_ethosu_map to = {1, 1, true, false, 1, 1, out_c, 0, {1, 1}, 1, {65536}, out_c, out_c, 1};
    ep_map(&eb.program, MN_NPU_IFM_BASE0, &from, 0);
    ep_map(&eb.program, MN_NPU_OFM_BASE0, &to, 0);
    ep_filter(&eb.program, &f, &weight, &scale, 1);
}

/* 2^28 of one convolution, and one more. */
static void test_too_many_weights(void **state) {
    (void)state;
    eb_begin(1, EP_U65_256);
    begin_convolution(1, 1);
    ep_short(&eb.program, MN_NPU_OP_CONV, 0);
    begin_convolution(65536, 4096);
    ep_short(&eb.program, MN_NPU_OP_CONV, 0);
    eb_refused(MN_ERROR_LIMIT, "up to here the program has more than 2^28 weights");
}

/* Of one weight each, which end where they should, and of as many bytes as there are: no two the same. */
static void test_long_streams(void **state) {
    (void)state;
    ep_program *p = &eb.program;
    eb_begin(1, EP_U65_256);
    begin_convolution(1, 1);
    const size_t scales = p->constant_bytes - 16;
    memcpy(p->constants + EP_CONSTANTS - 16, p->constants + scales, 16);
    memset(p->constants + scales, 0xff, EP_CONSTANTS - 16 - scales);
    p->constant_bytes = EP_CONSTANTS;
    ep_long(p, MN_NPU_SCALE_BASE, EP_CONSTANTS - 16);
    for (uint32_t i = 0; i < 600; i++) {
        ep_long(p, MN_NPU_WEIGHT_LENGTH, EP_CONSTANTS - 16 - i);
        ep_short(p, MN_NPU_OP_CONV, 0);
    }
    eb_refused(MN_ERROR_LIMIT, "asks for more work than is allowed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_operands),  cmocka_unit_test(test_sums),
        cmocka_unit_test(test_wide_products), cmocka_unit_test(test_tables),
        cmocka_unit_test(test_wide_tables),   cmocka_unit_test(test_copied_weights),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_refused_copies),
        cmocka_unit_test(test_too_much_work), cmocka_unit_test(test_too_many_weights),
        cmocka_unit_test(test_long_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
