/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Programs for Ethos-U of one operation at a time, in random types, layouts, tiles and strides, beside plain loops over
 * their elements; and programs that go wrong, each with its sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/little.h"
#include "ethosu/program.h"
#include "kernels/quant.h"
#include "support/ethosu_program.h"
#include "support/model_streams.h"

enum { MEMORY = 1 << 17, CASES = 300 };

/* Everything one program works on. */
typedef struct bench {
    ep_program program;
    uint32_t number, seed; /* of the case; of what is random in it */
    size_t used;
    uint8_t before[MEMORY], after[MEMORY]; /* region 1 */
} bench;

static bench the;

static int32_t between(int32_t low, int32_t high) { return sn_between(&the.seed, low, high); }

static void begin(uint32_t seed, uint32_t config) {
    the.number = the.seed = seed;
    the.used = 0;
    ep_open(&the.program, config);
    for (size_t i = 0; i < MEMORY; i++) the.before[i] = (uint8_t)between(0, 255);
}

static mn_status make(mn_ethosu_program **out) {
    mn_ethosu_memory memory = {.of_region = {0, 1, -1, -1, -1, -1, -1, -1},
                               .bytes = {mn_max_size(the.program.constant_bytes, 1), MEMORY},
                               .constant = {the.program.constants}};
    size_t bytes;
    uint8_t *payload = ep_payload(&the.program, &bytes);
    const mn_status status = mn_ethosu_program_make(payload, bytes, &memory, 2e9, out);
    free(payload);
    return status;
}

/* Runs it from `before` to `after`; workspace and memory hold nothing that a program may rely on. */
static void run(void) {
    mn_ethosu_program *program;
    if (make(&program) != MN_OK) fail_msg("seed %u: %s", the.number, mn_error_detail());
    const size_t bytes = mn_ethosu_program_workspace(program);
    uint8_t *workspace = malloc(bytes + 64), *spaces[MN_ETHOSU_SPACES] = {NULL, the.after};
    assert_non_null(workspace);
    memset(workspace, 0xa5, bytes + 64);
    memcpy(the.after, the.before, MEMORY);
    mn_ethosu_program_run(program, spaces, (void *)(((uintptr_t)workspace + 63) & ~(uintptr_t)63));
    mn_ethosu_program_free(program);
    free(workspace);
}

static void refused(mn_status status, const char *sentence) {
    mn_ethosu_program *program;
    assert_int_equal(make(&program), status);
    if (!strstr(mn_error_detail(), sentence)) fail_msg("'%s' has no '%s'", mn_error_detail(), sentence);
}

/* ---- What is expected -------------------------------------------------------------------------------------- */

static mn_ethosu_map place(int32_t h, int32_t w, int32_t c, int32_t bytes, bool is_signed) {
    mn_ethosu_map m = ep_place(&the.seed, h, w, c, bytes, is_signed, &the.used);
    if (bytes == 1) m.zero = m.is_signed ? between(-128, 127) : between(0, 255);
    if (the.used > MEMORY) fail_msg("the maps of seed %u take %zu bytes", the.number, the.used);
    return m;
}

static int64_t in(const mn_ethosu_map *m, int32_t y, int32_t x, int32_t c) {
    return ep_get(m, the.before, m->h == 1 ? 0 : y, m->w == 1 ? 0 : x, m->c == 1 ? 0 : c) - m->zero;
}

/* The clamp that a program asks for; all that the type holds in half of the cases. */
typedef struct clamp {
    int64_t low, high;
} clamp;

static clamp clamp_of(const mn_ethosu_map *out) {
    const int64_t least = out->is_signed ? -(INT64_C(1) << (8 * out->bytes - 1)) : 0;
    clamp r = {least, least + (INT64_C(1) << 8 * out->bytes) - 1};
    if (out->bytes == 4) return r;
    if (between(0, 1)) r = (clamp){r.low + between(0, 20), r.high - between(0, 20)};
    ep_short(&the.program, MN_NPU_ACTIVATION_MIN, (int32_t)r.low);
    ep_short(&the.program, MN_NPU_ACTIVATION_MAX, (int32_t)r.high);
    return r;
}

static void expect(const mn_ethosu_map *out, clamp r, int32_t y, int32_t x, int32_t c, int64_t value) {
    if (out->bytes < 4) value += out->zero;
    value = value < r.low ? r.low : value > r.high ? r.high : value;
    const int64_t actual = ep_get(out, the.after, y, x, c);
    if (actual == value) return;
    fail_msg("seed %u: row %d, column %d, channel %d is %lld, not %lld", the.number, y, x, c, (long long)actual,
             (long long)value);
}

/* Q31 and its shift to the right, as TensorFlow Lite has them. */
typedef struct factor {
    uint32_t scale;
    int32_t shift;
} factor;

static factor factor_of(void) {
    return (factor){(UINT32_C(1) << 30) + (uint32_t)between(0, INT32_MAX >> 1), between(29, 44)};
}

static int32_t times(int64_t x, factor f) { return mn_requantize((int32_t)x, (int32_t)f.scale, 31 - f.shift); }

/* ---- ELEMENTWISE ------------------------------------------------------------------------------------------- */

/* Operands, as the operation meets them. */
typedef struct operands {
    mn_ethosu_map a, b, out;
    bool is_scalar, reversed;
    int32_t scalar, mode;
    clamp range;
} operands;

static void begin_elementwise(operands *o, uint32_t seed, int32_t mode, int32_t bytes, int32_t out_bytes) {
    const bool sign = seed & 1;
    begin(seed, EP_U65_256);
    const int32_t h = between(1, 5), w = between(1, 6), c = between(1, 40);
    *o = (operands){.mode = mode, .reversed = between(0, 3) == 0, .is_scalar = between(0, 4) == 0};
    o->a = place(h, w, c, bytes, sign);
    o->b = place(between(0, 2) ? h : 1, between(0, 2) ? w : 1, between(0, 2) ? c : 1, bytes, sign);
    o->out = place(h, w, c, out_bytes, sign);
    o->scalar = sign ? between(-100, 100) : between(0, 200);
    const int32_t broadcast = (o->b.h != h) | (o->b.w != w) << 1 | (o->b.c != c) << 2;
    ep_short(&the.program, MN_NPU_IFM2_BROADCAST,
             (o->is_scalar ? MN_NPU_SCALAR : broadcast) | (o->reversed ? MN_NPU_REVERSED : 0));
    ep_short(&the.program, MN_NPU_IFM2_SCALAR, o->scalar);
    ep_map(&the.program, MN_NPU_IFM2_BASE0, &o->b, 0);
    o->range = clamp_of(&o->out);
}

/* `of` makes the result of two numbers. */
static void check_elementwise(const operands *o, factor f, int64_t (*of)(int64_t a, int64_t b, factor f)) {
    ep_short(&the.program, MN_NPU_OP_ELEMENTWISE, o->mode);
    run();
    for (int32_t y = 0; y < o->out.h; y++) {
        for (int32_t x = 0; x < o->out.w; x++) {
            for (int32_t c = 0; c < o->out.c; c++) {
                const int64_t a = in(&o->a, y, x, c), b = o->is_scalar ? o->scalar - o->b.zero : in(&o->b, y, x, c);
                expect(&o->out, o->range, y, x, c, o->reversed ? of(b, a, f) : of(a, b, f));
            }
        }
    }
}

static int64_t smaller(int64_t a, int64_t b, factor f) { return (void)f, a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b, factor f) { return (void)f, a > b ? a : b; }
static int64_t scaled_product(int64_t a, int64_t b, factor f) { return times(a * b, f); }
static int64_t shifted_left(int64_t a, int64_t b, factor f) {
    return (void)f, b < 0 || b > 31 ? 0 : (int32_t)((uint32_t)a << b);
}
static int64_t magnitude(int64_t a, int64_t b, factor f) { return (void)b, times(a < 0 ? -a : a, f); }
static int64_t leaky(int64_t a, int64_t b, factor f) { return (void)b, a < 0 ? times(a, f) : a; }
static int64_t zeros_in_front(int64_t a, int64_t b, factor f) {
    int32_t n = 0;
    (void)b;
    (void)f;
    for (int32_t bit = 31; bit >= 0 && ((uint32_t)a >> bit & 1) == 0; bit--) n++;
    return n;
}

/* Halves go up. */
static int64_t shifted_right(int64_t a, int64_t b, factor f) {
    (void)f;
    if (b <= 0) return a;
    return b > 40 ? 0 : (a + (INT64_C(1) << (b - 1))) >> b;
}

static void test_two_operands(void **state) {
    (void)state;
    static const struct {
        int32_t mode, bytes, precision;
        int64_t (*of)(int64_t a, int64_t b, factor f);
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
    for (uint32_t seed = 0; seed < 2 * CASES; seed++) {
        const size_t kind = seed % (sizeof kinds / sizeof *kinds);
        operands o;
        begin_elementwise(&o, seed, kinds[kind].mode, kinds[kind].bytes, kinds[kind].bytes);
        const factor f = factor_of();
        if (o.mode == MN_NPU_SHL || o.mode == MN_NPU_SHR) { /* small shifts, as softmax has them */
            for (size_t i = 0; i < MEMORY / 2; i++) the.before[4 * i % MEMORY + 1] = 0;
            o.is_scalar = true;
            o.scalar = between(0, 31);
            ep_short(&the.program, MN_NPU_IFM2_BROADCAST, MN_NPU_SCALAR | (o.reversed ? MN_NPU_REVERSED : 0));
            ep_short(&the.program, MN_NPU_IFM2_SCALAR, o.scalar);
        }
        if (o.mode == MN_NPU_ABS || o.mode == MN_NPU_LRELU || o.mode == MN_NPU_CLZ) o.reversed = false;
        ep_map(&the.program, MN_NPU_IFM_BASE0, &o.a, 0);
        ep_map(&the.program, MN_NPU_OFM_BASE0, &o.out, kinds[kind].precision);
        ep_scale(&the.program, MN_NPU_OFM_SCALE, f.scale, f.shift);
        check_elementwise(&o, f, kinds[kind].of);
    }
}

/* Sums as TensorFlow Lite's ADD: one operand, whichever `which` says, has the smaller scale. */
static factor smaller_scale;
static int64_t half(int64_t x) { return x * (1 << 19); }
static int64_t other(int64_t x) { return times(x * (1 << 20), smaller_scale); }
static int64_t add_first(int64_t a, int64_t b, factor f) { return times(other(a) + half(b), f); }
static int64_t add_second(int64_t a, int64_t b, factor f) { return times(half(a) + other(b), f); }
static int64_t subtract_first(int64_t a, int64_t b, factor f) { return times(other(a) - half(b), f); }
static int64_t subtract_second(int64_t a, int64_t b, factor f) { return times(half(a) - other(b), f); }
static int64_t add_both(int64_t a, int64_t b, factor f) { return times(a * 32768 + b * 16384, f); }
static int64_t add_plain(int64_t a, int64_t b, factor f) { return (void)f, a + b; }

static void test_sums(void **state) {
    (void)state;
    static const struct {
        int32_t mode, which;
        int64_t (*of)(int64_t a, int64_t b, factor f);
    } kinds[] = {{MN_NPU_ADD, 1, add_first},       {MN_NPU_ADD, 2, add_second}, {MN_NPU_SUB, 1, subtract_first},
                 {MN_NPU_SUB, 2, subtract_second}, {MN_NPU_ADD, 0, add_both},   {MN_NPU_ADD, 0, add_plain}};
    for (uint32_t seed = 0; seed < CASES; seed++) {
        const size_t kind = seed % (sizeof kinds / sizeof *kinds);
        const bool plain = kinds[kind].of == add_plain;
        operands o;
        begin_elementwise(&o, seed, kinds[kind].mode, 1, plain ? 4 : 1);
        const factor f = factor_of();
        smaller_scale = (factor){factor_of().scale, between(31, 36)};
        const bool both = kinds[kind].which == 0;
        ep_map(&the.program, MN_NPU_IFM_BASE0, &o.a, kinds[kind].which << 8);
        ep_map(&the.program, MN_NPU_OFM_BASE0, &o.out, 256);
        ep_scale(&the.program, MN_NPU_OFM_SCALE, plain ? 1 : f.scale, plain ? 0 : f.shift);
        ep_scale(&the.program, MN_NPU_OPA_SCALE,
                 plain  ? 1
                 : both ? 32768
                        : smaller_scale.scale,
                 both ? 0 : smaller_scale.shift - 20); /* of the operand before its shift */
        ep_scale(&the.program, MN_NPU_OPB_SCALE, plain ? 1 : both ? 16384 : 0, 0);
        check_elementwise(&o, f, kinds[kind].of);
    }
}

/* Of 32 bits only the shift of a product's scale counts. */
static int64_t shifted_product(int64_t a, int64_t b, factor f) {
    return mn_round_shift(mn_high_mul((int32_t)a, (int32_t)b), f.shift - 31);
}

static void test_wide_products(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < CASES / 3; seed++) {
        operands o;
        begin_elementwise(&o, seed, MN_NPU_MUL, 4, 4);
        const factor f = {12345, between(31, 45)};
        ep_map(&the.program, MN_NPU_IFM_BASE0, &o.a, 0);
        ep_map(&the.program, MN_NPU_OFM_BASE0, &o.out, 256);
        ep_scale(&the.program, MN_NPU_OFM_SCALE, f.scale, f.shift);
        check_elementwise(&o, f, shifted_product);
    }
}

/* ---- Windows ----------------------------------------------------------------------------------------------- */

typedef struct window {
    int32_t k_h, k_w, stride_h, stride_w, dilation_h, dilation_w, top, left, bottom, right;
} window;

static window window_of(bool dilates) {
    window w = {between(1, 4), between(1, 4), between(1, 3), between(1, 3), 1, 1, 0, 0, 0, 0};
    if (dilates) w.dilation_h = between(1, 2), w.dilation_w = between(1, 2);
    if (between(0, 1)) {
        w.top = between(0, (w.k_h - 1) * w.dilation_h), w.bottom = between(0, (w.k_h - 1) * w.dilation_h);
        w.left = between(0, (w.k_w - 1) * w.dilation_w), w.right = between(0, (w.k_w - 1) * w.dilation_w);
    }
    return w;
}

static int32_t covered(int32_t outputs, int32_t k, int32_t stride, int32_t dilation, int32_t padding) {
    return (outputs - 1) * stride + (k - 1) * dilation + 1 - padding;
}

/* Sets the registers; false where nothing of the input is left. */
static bool set_window(const window *w, int32_t out_h, int32_t out_w, bool part_kernel, int32_t *h, int32_t *width) {
    ep_program *p = &the.program;
    *h = covered(out_h, w->k_h, w->stride_h, w->dilation_h, w->top + w->bottom);
    *width = covered(out_w, w->k_w, w->stride_w, w->dilation_w, w->left + w->right);
    ep_short(p, MN_NPU_KERNEL_HEIGHT_M1, (w->k_h - 1) * w->dilation_h);
    ep_short(p, MN_NPU_KERNEL_WIDTH_M1, (w->k_w - 1) * w->dilation_w);
    ep_short(p, MN_NPU_KERNEL_STRIDE,
             ((w->stride_w - 1) & 1) | ((w->stride_h - 1) & 1) << 1 | part_kernel << 2 | (w->dilation_w - 1) << 3 |
                 (w->dilation_h - 1) << 4 | (w->stride_w - 1) / 2 << 6 | (w->stride_h - 1) / 2 << 9);
    ep_short(p, MN_NPU_IFM_PAD_TOP, w->top);
    ep_short(p, MN_NPU_IFM_PAD_LEFT, w->left);
    ep_short(p, MN_NPU_IFM_PAD_BOTTOM, w->bottom);
    ep_short(p, MN_NPU_IFM_PAD_RIGHT, w->right);
    return *h >= 1 && *width >= 1;
}

/* Adds up what `weight` says of each cell under a window; maximum and cells too. */
typedef struct gathered {
    int64_t sum, most, cells;
} gathered;

typedef struct filter {
    const int16_t *weights; /* [c][k_h][k_w][in_c]; NULL: 1 */
    int32_t in_c;
    bool own; /* each channel of the output is made of its own alone */
} filter;

static gathered gather(const mn_ethosu_map *m, const window *w, const filter *f, int32_t y, int32_t x, int32_t c) {
    gathered g = {0, INT32_MIN, 0};
    for (int32_t ky = 0; ky < w->k_h; ky++) {
        for (int32_t kx = 0; kx < w->k_w; kx++) {
            const int32_t in_y = y * w->stride_h + ky * w->dilation_h - w->top;
            const int32_t in_x = x * w->stride_w + kx * w->dilation_w - w->left;
            if (in_y < 0 || in_y >= m->h || in_x < 0 || in_x >= m->w) continue;
            g.cells++;
            for (int32_t i = 0; i < f->in_c; i++) {
                const int64_t value = ep_get(m, the.before, in_y, in_x, f->own ? c : i) - m->zero;
                const int64_t weight = f->weights ? f->weights[((c * w->k_h + ky) * w->k_w + kx) * f->in_c + i] : 1;
                g.sum += value * weight;
                if (value > g.most) g.most = value;
            }
        }
    }
    return g;
}

static int64_t rounded_quotient(int64_t a, int64_t b) { return (a < 0 ? a - b / 2 : a + b / 2) / b; }

/* Pools: the largest; the mean of cells inside, which the NPU divides; a scaled sum, halves up. */
static void test_pools(void **state) {
    (void)state;
    const filter none = {NULL, 1, true};
    for (uint32_t seed = 0; seed < CASES; seed++) {
        begin(seed, EP_U65_256);
        const int32_t kind = (int32_t)(seed % 3), c = between(1, 35), bytes = seed % 4 == 3 ? 2 : 1;
        window w = window_of(false);
        if (kind == 2) w.top = w.left = w.bottom = w.right = 0;
        if (kind == 1)
            w.k_h = mn_max_i32(w.k_h, 2), w.k_w = mn_max_i32(w.k_w, 2), w.top = w.left = w.bottom = w.right = 1;
        int32_t h, width;
        const mn_ethosu_map out = place(between(1, 5), between(1, 5), c, bytes, seed & 1);
        if (!set_window(&w, out.h, out.w, false, &h, &width)) continue;
        const mn_ethosu_map input = place(h, width, c, bytes, seed & 1);
        const clamp r = clamp_of(&out);
        ep_map(&the.program, MN_NPU_IFM_BASE0, &input, 0);
        ep_map(&the.program, MN_NPU_OFM_BASE0, &out, kind == 2 ? 256 | 2 << 14 : 0);
        ep_scale(&the.program, MN_NPU_OFM_SCALE, kind == 2 ? 1000 : 1, kind == 2 ? 14 : 0);
        ep_short(&the.program, MN_NPU_OP_POOL, kind == 0 ? MN_NPU_POOL_MAX : MN_NPU_POOL_AVERAGE);
        run();
        for (int32_t i = 0; i < out.h * out.w * c; i++) {
            const int32_t y = i / c / out.w, x = i / c % out.w, channel = i % c;
            const gathered g = gather(&input, &w, &none, y, x, channel);
            if (g.cells == 0) continue;
            expect(&out, r, y, x, channel,
                   kind == 0   ? g.most
                   : kind == 1 ? rounded_quotient(g.sum, g.cells)
                               : (g.sum * 1000 + 8192) >> 14);
        }
    }
}

static void test_sum_of_channels(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < CASES / 3; seed++) {
        begin(seed, EP_U65_256);
        const mn_ethosu_map out = place(between(1, 5), between(1, 5), 1, 4, true);
        const mn_ethosu_map input = place(out.h, out.w, between(1, 70), seed & 1 ? 4 : 1, true);
        const window w = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0};
        int32_t h, width;
        for (size_t i = 3; i < MEMORY; i += 4) the.before[i] = 0; /* sums of 32 bits stay inside */
        assert_true(set_window(&w, out.h, out.w, false, &h, &width));
        ep_map(&the.program, MN_NPU_IFM_BASE0, &input, 0);
        ep_map(&the.program, MN_NPU_OFM_BASE0, &out, 256 | 2 << 14);
        ep_scale(&the.program, MN_NPU_OFM_SCALE, 1, 0);
        ep_short(&the.program, MN_NPU_OP_POOL, MN_NPU_POOL_REDUCE_SUM);
        run();
        const filter all = {NULL, input.c, false};
        const clamp r = {INT32_MIN, INT32_MAX};
        for (int32_t i = 0; i < out.h * out.w; i++) {
            const int32_t y = i / out.w, x = i % out.w;
            expect(&out, r, y, x, 0, gather(&input, &w, &all, y, x, 0).sum);
        }
    }
}

/* ---- Convolutions ------------------------------------------------------------------------------------------ */

enum { MOST_CHANNELS = 24, MOST_WEIGHTS = MOST_CHANNELS * 16 * MOST_CHANNELS };

static void check_convolution(uint32_t seed, uint32_t config) {
    static int16_t weights[MOST_WEIGHTS];
    static mn_ethosu_scale scales[MOST_CHANNELS];
    begin(seed, config);
    const bool depthwise = between(0, 1), sign = between(0, 1), part = !depthwise && between(0, 1);
    const int32_t out_bytes = between(0, 3) ? 1 : 4, out_c = between(1, MOST_CHANNELS),
                  cores = config == EP_U65_512 ? 2 : 1;
    const int32_t in_c = depthwise ? 1 : between(1, MOST_CHANNELS), most = sign ? between(0, 9) ? 127 : 255 : 255;
    const window w = window_of(true);
    int32_t h, width;
    const mn_ethosu_map out = place(between(1, 4), between(1, 4), out_c, out_bytes, sign || out_bytes == 4);
    if (!set_window(&w, out.h, out.w, part, &h, &width)) return;
    const mn_ethosu_map input = place(h, width, depthwise ? out_c : in_c, 1, sign);
    const mn_ethosu_filter f = {out_c,
                                w.k_h,
                                w.k_w,
                                in_c,
                                depthwise,
                                part,
                                w.dilation_h,
                                w.dilation_w,
                                8,
                                8 * between(1, 3),
                                cores,
                                8,
                                config == EP_U55_32 ? 4 : 8};
    const bool narrow = between(0, 1); /* spans less than 256 with zero, as weights of uint8 */
    for (int32_t i = 0; i < MOST_WEIGHTS; i++)
        weights[i] = (int16_t)between(narrow ? -most / 2 : -most, narrow ? most / 2 : most);
    for (int32_t c = 0; c < out_c; c++) {
        const factor one = factor_of();
        scales[c] = (mn_ethosu_scale){between(-100000, 100000), one.scale, out_bytes == 4 ? one.shift - 6 : one.shift};
    }
    const clamp r = clamp_of(&out);
    ep_map(&the.program, MN_NPU_IFM_BASE0, &input, 0);
    ep_map(&the.program, MN_NPU_OFM_BASE0, &out, 0);
    ep_filter(&the.program, &f, weights, scales, seed);
    ep_short(&the.program, depthwise ? MN_NPU_OP_DEPTHWISE : MN_NPU_OP_CONV, 0);
    run();
    const filter taken = {weights, in_c, depthwise};
    for (int32_t i = 0; i < out.h * out.w * out_c; i++) {
        const int32_t y = i / out_c / out.w, x = i / out_c % out.w, c = i % out_c;
        const gathered g = gather(&input, &w, &taken, y, x, c);
        expect(&out, r, y, x, c, times(g.sum + scales[c].bias, (factor){scales[c].scale, scales[c].shift}));
    }
}

static void test_convolutions(void **state) {
    (void)state;
    static const uint32_t configs[] = {EP_U65_256, EP_U65_512, EP_U55_32};
    for (uint32_t seed = 0; seed < 3 * CASES; seed++) check_convolution(seed, configs[seed % 3]);
}

/* ---- DMA --------------------------------------------------------------------------------------------------- */

static void copy(int32_t from_region, uint64_t from, int32_t to_region, uint64_t to, uint64_t bytes) {
    ep_program *p = &the.program;
    ep_short(p, MN_NPU_DMA0_SRC_REGION, from_region);
    ep_long(p, MN_NPU_DMA0_SRC, from);
    ep_short(p, MN_NPU_DMA0_DST_REGION, to_region);
    ep_long(p, MN_NPU_DMA0_DST, to);
    ep_long(p, MN_NPU_DMA0_LEN, bytes);
    ep_short(p, MN_NPU_OP_DMA_START, 0);
}

/* A table of bytes, and one of numbers of 32 bits, at any of the places for tables. */
static void test_tables(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < CASES / 3; seed++) {
        uint8_t table[1024];
        const bool wide = seed & 1;
        const int32_t slot = between(0, wide ? 4 : 7);
        operands o;
        begin_elementwise(&o, seed, MN_NPU_MAX, 1, wide ? 4 : 1);
        for (size_t i = 0; i < sizeof table; i++) table[i] = (uint8_t)between(0, 255);
        const uint64_t place_of_table = 0xb800 + 256 * (uint64_t)slot;
        copy(0, ep_constant(&the.program, table, sizeof table), MN_NPU_REGION_INTERNAL, place_of_table,
             wide ? 1024 : 256);
        ep_map(&the.program, MN_NPU_IFM_BASE0, &o.a, 0);
        o.out.zero = o.out.is_signed ? between(-20, 20) : between(0, 40);
        ep_map(&the.program, MN_NPU_OFM_BASE0, &o.out, 0);
        ep_short(&the.program, MN_NPU_ACTIVATION, 16 + slot);
        ep_short(&the.program, MN_NPU_OP_ELEMENTWISE, o.mode);
        run();
        for (int32_t i = 0; i < o.out.h * o.out.w * o.out.c; i++) {
            const int32_t c = i % o.out.c, x = i / o.out.c % o.out.w, y = i / o.out.c / o.out.w;
            const int64_t a = in(&o.a, y, x, c), b = o.is_scalar ? o.scalar - o.b.zero : in(&o.b, y, x, c);
            const int32_t low = o.out.is_signed ? -128 : 0;
            const int32_t entry = mn_clamp_i32((int32_t)(a > b ? a : b) + o.out.zero, low, low + 255) - low;
            const int64_t expected = wide  ? (int32_t)mn_le32(table + 4 * entry)
                                     : low ? (int8_t)table[entry]
                                           : table[entry];
            assert_int_equal(ep_get(&o.out, the.after, y, x, c), expected);
        }
    }
}

/* A convolution of one weight, at `base` of region `region`, and its scale 16 bytes later. */
static void small_convolution(int32_t region, uint64_t weights, uint64_t scales, const mn_ethosu_map *from,
                              const mn_ethosu_map *to) {
    ep_program *p = &the.program;
    const window w = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0};
    int32_t h, width;
    assert_true(set_window(&w, 1, 1, false, &h, &width));
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
    begin(1, EP_U65_256);
    (void)clamp_of(&to);
    ep_short(&the.program, MN_NPU_ACTIVATION_MIN, -128);
    ep_short(&the.program, MN_NPU_ACTIVATION_MAX, 127);
    ep_filter(&the.program, &f, &weight, &scale, 1);
    const uint64_t bytes = the.program.constant_bytes, scales_at = bytes - 16;
    copy(0, 0, 1, 1000, scales_at);
    copy(0, scales_at, 1, 1000 + scales_at, bytes - scales_at);
    copy(1, 1000, 1, 5000, scales_at);
    copy(1, 1000 + scales_at, 1, 5000 + scales_at, bytes - scales_at);
    small_convolution(1, 5000, 5000 + scales_at, &from, &to);
    the.before[7] = 11;
    run();
    assert_int_equal((int8_t)the.after[8], 11 * 3 + 5);
    the.program.count--;                         /* STOP */
    to.base[0] = 5000 + (int64_t)scales_at + 12; /* behind the scale */
    small_convolution(1, 5000, 5000 + scales_at, &from, &to);
    ep_long(&the.program, MN_NPU_SCALE_LENGTH, 10); /* what is left of them */
    ep_short(&the.program, MN_NPU_OP_CONV, 0);
    run();
    assert_int_equal((int8_t)the.after[to.base[0]], 11 * 3 + 5);
    the.program.count--;
    to.base[0] = 5000 + (int64_t)scales_at + 1;
    small_convolution(1, 5000, 5000 + scales_at, &from, &to);
    small_convolution(1, 5000, 5000 + scales_at, &from, &to);
    refused(MN_ERROR_UNSUPPORTED, "its scales are not constants of the model");
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
        {true, MN_NPU_IFM_BASE0, MEMORY - 5, MN_ERROR_FORMAT, "command 44 (OP_ELEMENTWISE): its IFM of 2 x 3 x 4 lies"},
        {true, MN_NPU_IFM_BASE0, UINT64_C(1) << 47, MN_ERROR_FORMAT, "its IFM of 2 x 3 x 4 lies beyond region 1"},
        {true, MN_NPU_IFM_BASE0 + 5, UINT64_C(0x7fffffffffff), MN_ERROR_FORMAT, "lies beyond region 1"},
        {true, MN_NPU_IFM_BASE0 + 5, UINT64_C(0xffffffff0000), MN_ERROR_FORMAT, "lies beyond region 1"},
        {true, MN_NPU_IFM2_BASE0, MEMORY, MN_ERROR_FORMAT, "its IFM2 of 2 x 3 x 4 lies beyond region 1"},
        {true, MN_NPU_OFM_BASE0, MEMORY - 23, MN_ERROR_FORMAT, "its OFM of 2 x 3 x 4 lies beyond region 1"},
        {true, MN_NPU_OFM_BASE0, MEMORY - 24, MN_OK, ""},
        {false, MN_NPU_OFM_HEIGHT0_M1, 0, MN_OK, ""},
        {false, MN_NPU_OFM_HEIGHT_M1, 65535, MN_ERROR_FORMAT, "its OFM of 65536 x 3 x 4 lies beyond region 1"},
        {false, MN_NPU_OFM_REGION, 0, MN_ERROR_FORMAT, "it writes to region 0, a constant"},
        {false, MN_NPU_OFM_REGION, 5, MN_ERROR_FORMAT, "it uses region 5, for which the operator has no tensor"},
        {false, MN_NPU_IFM_REGION, 0x103, MN_ERROR_FORMAT, "it uses region 259"},
        {false, MN_NPU_IFM_PRECISION, 0xd, MN_ERROR_FORMAT, "its IFM has elements of an unknown width"},
        {false, MN_NPU_IFM_PRECISION, 0x301, MN_ERROR_FORMAT, "it scales its operands in an unknown way"},
        {false, MN_NPU_OFM_PRECISION, 0xc101, MN_ERROR_FORMAT, "it rounds in an unknown way"},
        {false, MN_NPU_ACTIVATION, 3, MN_ERROR_UNSUPPORTED, "its activation, number 3, is not emulated"},
        {false, MN_NPU_IFM_UPSCALE, 1, MN_ERROR_UNSUPPORTED, "it enlarges its IFM"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mn_ethosu_map m = {1, 1, true, false, 2, 3, 4, 0, {2, 2}, 3, {0}, 12, 4, 1};
        begin(1, EP_U65_256);
        the.program.constant_bytes = 64;
        ep_map(&the.program, MN_NPU_IFM_BASE0, &m, 0);
        ep_map(&the.program, MN_NPU_IFM2_BASE0, &m, 0);
        ep_map(&the.program, MN_NPU_OFM_BASE0, &m, 0);
        if (cases[i].is_long) ep_long(&the.program, cases[i].code, cases[i].value);
        if (!cases[i].is_long) ep_short(&the.program, cases[i].code, (int32_t)cases[i].value);
        ep_short(&the.program, MN_NPU_OP_ELEMENTWISE, MN_NPU_ADD);
        if (cases[i].status == MN_OK) run();
        if (cases[i].status != MN_OK) refused(cases[i].status, cases[i].sentence);
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
        {1, MEMORY - 15, 1, 0, 16, "it reads beyond region 1"},
        {1, UINT64_C(0xffffffffffff), 1, 0, 2, "it reads beyond region 1"},
        {1, 0, 1, MEMORY - 15, 16, "it writes beyond region 1"},
        {1, 0, 0, 0, 1, "it writes to a constant region"},
        {1, 0, MN_NPU_REGION_INTERNAL, 0xb7ff, 16, "it writes beyond region 259"},
        {1, 0, MN_NPU_REGION_INTERNAL, 0xbff1, 16, "it writes beyond region 259"},
        {1, 0, 3, 0, 16, "it uses region 3"},
        {MN_NPU_REGION_INTERNAL, 0, 1, 0, 16, "it uses region 259"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(1, EP_U65_256);
        copy(cases[i].from_region, cases[i].from, cases[i].to_region, cases[i].to, cases[i].bytes);
        refused(MN_ERROR_FORMAT, cases[i].sentence);
    }
}

/* Strides of 0 make large maps of few bytes, which would take for ever. */
static void test_too_much_work(void **state) {
    (void)state;
    mn_ethosu_map m = {1, 1, true, false, 8193, 8192, 1, 0, {65536, 65536}, 65536, {0}, 0, 0, 0};
    begin(1, EP_U65_256);
    ep_map(&the.program, MN_NPU_IFM_BASE0, &m, 0);
    ep_map(&the.program, MN_NPU_OFM_BASE0, &m, 0);
    ep_short(&the.program, MN_NPU_OP_ELEMENTWISE, MN_NPU_ABS);
    refused(MN_ERROR_LIMIT, "more than 2^26 elements");
    begin(1, EP_U65_256);
    m.h = m.w = 4096;
    ep_map(&the.program, MN_NPU_IFM_BASE0, &m, 0);
    ep_map(&the.program, MN_NPU_OFM_BASE0, &m, 0);
    for (int32_t i = 0; i < 8; i++) ep_short(&the.program, MN_NPU_OP_ELEMENTWISE, MN_NPU_ABS);
    refused(MN_ERROR_LIMIT, "asks for more work than is allowed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_operands),    cmocka_unit_test(test_sums),
        cmocka_unit_test(test_wide_products),   cmocka_unit_test(test_pools),
        cmocka_unit_test(test_sum_of_channels), cmocka_unit_test(test_convolutions),
        cmocka_unit_test(test_tables),          cmocka_unit_test(test_copied_weights),
        cmocka_unit_test(test_refused),         cmocka_unit_test(test_refused_copies),
        cmocka_unit_test(test_too_much_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
