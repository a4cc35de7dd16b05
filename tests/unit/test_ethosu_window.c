/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Programs for Ethos-U of one convolution or pool, in random types, layouts, tiles, strides and padding, beside plain
 * loops over their elements; and programs that go wrong, each with its sentence. */
#include "support/ethosu_bench.h"

/* ---- Windows ----------------------------------------------------------------------------------------------- */

typedef struct window {
    int32_t k_h, k_w, stride_h, stride_w, dilation_h, dilation_w, top, left, bottom, right;
} window;

static window window_of(bool dilates) {
    window w = {eb_between(1, 4), eb_between(1, 4), eb_between(1, 3), eb_between(1, 3), 1, 1, 0, 0, 0, 0};
    if (dilates) w.dilation_h = eb_between(1, 2), w.dilation_w = eb_between(1, 2);
    if (eb_between(0, 1)) {
        w.top = eb_between(0, (w.k_h - 1) * w.dilation_h), w.bottom = eb_between(0, (w.k_h - 1) * w.dilation_h);
        w.left = eb_between(0, (w.k_w - 1) * w.dilation_w), w.right = eb_between(0, (w.k_w - 1) * w.dilation_w);
    }
    return w;
}

static int32_t covered(int32_t outputs, int32_t k, int32_t stride, int32_t dilation, int32_t padding) {
    return (outputs - 1) * stride + (k - 1) * dilation + 1 - padding;
}

/* Sets the registers; false where nothing of the input is left. */
static bool set_window(const window *w, int32_t out_h, int32_t out_w, bool part_kernel, int32_t *h, int32_t *width) {
    ep_program *p = &eb.program;
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
                const int64_t value = ep_get(m, eb.before, in_y, in_x, f->own ? c : i) - m->zero;
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
    for (uint32_t seed = 0; seed < EB_CASES; seed++) {
        eb_begin(seed, EP_U65_256);
        const int32_t kind = (int32_t)(seed % 3), c = eb_between(1, 35), bytes = seed % 4 == 3 ? 2 : 1;
        window w = window_of(false);
        if (kind == 2) w.top = w.left = w.bottom = w.right = 0;
        if (kind == 1)
            w.k_h = mn_max_i32(w.k_h, 2), w.k_w = mn_max_i32(w.k_w, 2), w.top = w.left = w.bottom = w.right = 1;
        int32_t h, width;
        const mn_ethosu_map out = eb_place(eb_between(1, 5), eb_between(1, 5), c, bytes, seed & 1);
        if (!set_window(&w, out.h, out.w, false, &h, &width)) continue;
        const mn_ethosu_map input = eb_place(h, width, c, bytes, seed & 1);
        const eb_clamp r = eb_clamp_of(&out);
        ep_map(&eb.program, MN_NPU_IFM_BASE0, &input, 0);
        ep_map(&eb.program, MN_NPU_OFM_BASE0, &out, kind == 2 ? 256 | 2 << 14 : 0);
        ep_scale(&eb.program, MN_NPU_OFM_SCALE, kind == 2 ? 1000 : 1, kind == 2 ? 14 : 0);
        ep_short(&eb.program, MN_NPU_OP_POOL, kind == 0 ? MN_NPU_POOL_MAX : MN_NPU_POOL_AVERAGE);
        eb_run();
        for (int32_t i = 0; i < out.h * out.w * c; i++) {
            const int32_t y = i / c / out.w, x = i / c % out.w, channel = i % c;
            const gathered g = gather(&input, &w, &none, y, x, channel);
            if (g.cells == 0) continue;
            eb_expect(&out, r, y, x, channel,
                      kind == 0   ? g.most
                      : kind == 1 ? rounded_quotient(g.sum, g.cells)
                                  : (g.sum * 1000 + 8192) >> 14);
        }
    }
}

static void test_sum_of_channels(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < EB_CASES / 3; seed++) {
        eb_begin(seed, EP_U65_256);
        const mn_ethosu_map out = eb_place(eb_between(1, 5), eb_between(1, 5), 1, 4, true);
        const mn_ethosu_map input = eb_place(out.h, out.w, eb_between(1, 70), seed & 1 ? 4 : 1, true);
        const window w = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0};
        int32_t h, width;
        for (size_t i = 3; i < EB_MEMORY; i += 4) eb.before[i] = 0; /* sums of 32 bits stay inside */
        assert_true(set_window(&w, out.h, out.w, false, &h, &width));
        ep_map(&eb.program, MN_NPU_IFM_BASE0, &input, 0);
        ep_map(&eb.program, MN_NPU_OFM_BASE0, &out, 256 | 2 << 14);
        ep_scale(&eb.program, MN_NPU_OFM_SCALE, 1, 0);
        ep_short(&eb.program, MN_NPU_OP_POOL, MN_NPU_POOL_REDUCE_SUM);
        eb_run();
        const filter all = {NULL, input.c, false};
        const eb_clamp r = {INT32_MIN, INT32_MAX};
        for (int32_t i = 0; i < out.h * out.w; i++) {
            const int32_t y = i / out.w, x = i % out.w;
            eb_expect(&out, r, y, x, 0, gather(&input, &w, &all, y, x, 0).sum);
        }
    }
}

/* ---- Convolutions ------------------------------------------------------------------------------------------ */

enum { MOST_CHANNELS = 24, MOST_WEIGHTS = MOST_CHANNELS * 16 * MOST_CHANNELS };

/* One convolution, and its answers. */
typedef struct convolution {
    window w;
    mn_ethosu_filter filter;
    mn_ethosu_map in, out;
    eb_clamp range;
    bool looks_up; /* in a table of bytes */
    uint8_t table[256];
    mn_ethosu_scale scales[MOST_CHANNELS];
    int16_t weights[MOST_WEIGHTS];
} convolution;

static convolution the;

/* Weights of 8 bits, rarely of 9; half of them span less than 256 with zero, as those of uint8 do. */
static void fill_weights(bool sign) {
    const int32_t most = sign && eb_between(0, 9) ? 127 : 255, high = eb_between(0, 1) ? most / 2 : most;
    for (int32_t i = 0; i < MOST_WEIGHTS; i++) the.weights[i] = (int16_t)eb_between(-high, high);
    for (int32_t c = 0; c < MOST_CHANNELS; c++) {
        const eb_factor one = eb_factor_of();
        const int32_t shift = the.out.bytes == 4 ? one.shift - 6 : one.shift;
        the.scales[c] = (mn_ethosu_scale){eb_between(-100000, 100000), one.scale, shift};
    }
}

/* The table lies where the accelerator's memory for tables begins. */
static void set_table(uint32_t config) {
    the.looks_up = the.out.bytes == 1 && eb_between(0, 3) == 0;
    for (int32_t i = 0; i < 256; i++) the.table[i] = (uint8_t)eb_between(0, 255);
    if (!the.looks_up) return;
    const uint64_t to = config == EP_U55_32 ? 14 * 1024 : 46 * 1024;
    eb_copy(0, ep_constant(&eb.program, the.table, 256), MN_NPU_REGION_INTERNAL, to, 256);
    ep_short(&eb.program, MN_NPU_ACTIVATION, 16);
}

/* A random one, with all registers but those of the output; false where its padding leaves no input. */
static bool make_convolution(uint32_t seed, uint32_t config) {
    eb_begin(seed, config);
    const bool depthwise = eb_between(0, 1), sign = eb_between(0, 1), part = !depthwise && eb_between(0, 1);
    const int32_t bytes = eb_between(0, 3) ? 1 : 4, out_c = eb_between(1, MOST_CHANNELS);
    const int32_t in_c = depthwise ? 1 : eb_between(1, MOST_CHANNELS);
    int32_t h, width;
    the.w = window_of(true);
    the.out = eb_place(eb_between(1, 4), eb_between(1, 4), out_c, bytes, sign);
    if (!set_window(&the.w, the.out.h, the.out.w, part, &h, &width)) return false;
    the.in = eb_place(h, width, depthwise ? out_c : in_c, 1, sign);
    the.filter = (mn_ethosu_filter){.out_c = out_c,
                                    .k_h = the.w.k_h,
                                    .k_w = the.w.k_w,
                                    .in_c = in_c,
                                    .depthwise = depthwise,
                                    .part_kernel = part,
                                    .dilation_h = the.w.dilation_h,
                                    .dilation_w = the.w.dilation_w,
                                    .in_bits = 8,
                                    .block_depth = 8 * eb_between(1, 3),
                                    .cores = config == EP_U65_512 ? 2 : 1,
                                    .micro_in = 8,
                                    .micro_out = config == EP_U55_32 ? 4 : 8};
    fill_weights(sign);
    the.range = eb_clamp_of(&the.out);
    set_table(config);
    ep_map(&eb.program, MN_NPU_IFM_BASE0, &the.in, 0);
    ep_filter(&eb.program, &the.filter, the.weights, the.scales, seed);
    return true;
}

static void convolve_to(const mn_ethosu_map *out) {
    ep_map(&eb.program, MN_NPU_OFM_BASE0, out, 0);
    ep_short(&eb.program, the.filter.depthwise ? MN_NPU_OP_DEPTHWISE : MN_NPU_OP_CONV, 0);
}

static void check_convolution(const mn_ethosu_map *out, eb_clamp r) {
    const filter taken = {the.weights, the.filter.in_c, the.filter.depthwise};
    for (int32_t i = 0; i < out->h * out->w * out->c; i++) {
        const int32_t y = i / out->c / out->w, x = i / out->c % out->w, c = i % out->c;
        const mn_ethosu_scale *s = &the.scales[c];
        const int64_t sum = gather(&the.in, &the.w, &taken, y, x, c).sum + s->bias;
        int64_t value = eb_times(sum, (eb_factor){s->scale, s->shift});
        if (the.looks_up) {
            const int32_t low = out->is_signed ? -128 : 0;
            const uint8_t found = the.table[mn_clamp_i32((int32_t)value + out->zero, low, low + 255) - low];
            value = (low ? (int8_t)found : found) - out->zero;
        }
        eb_expect(out, r, y, x, c, value);
    }
}

/* The same weights again, at another place; and then with another clamp and zero point, which go into what is packed.
 */
static void try_convolution(uint32_t seed, uint32_t config) {
    if (!make_convolution(seed, config)) return;
    mn_ethosu_map again = eb_place(the.out.h, the.out.w, the.out.c, the.out.bytes, the.out.is_signed);
    mn_ethosu_map other = eb_place(the.out.h, the.out.w, the.out.c, the.out.bytes, the.out.is_signed);
    again.zero = the.out.zero;
    if (eb_between(0, 1)) other.zero = the.out.zero; /* the clamp alone differs */
    convolve_to(&the.out);
    convolve_to(&again);
    const eb_clamp range = eb_clamp_of(&other), all = {INT32_MIN, INT32_MAX};
    convolve_to(&other);
    eb_run();
    check_convolution(&the.out, the.looks_up ? all : the.range);
    check_convolution(&again, the.looks_up ? all : the.range);
    check_convolution(&other, the.looks_up ? all : range);
}

static void test_convolutions(void **state) {
    (void)state;
    static const uint32_t configs[] = {EP_U65_256, EP_U65_512, EP_U55_32};
    for (uint32_t seed = 0; seed < 3 * EB_CASES; seed++) try_convolution(seed, configs[seed % 3]);
}

/* The registers of an operation of one window for each output: 2 x 3, and `bytes` bytes for each input element.
 * Returns the output. */
static mn_ethosu_map small_windows(int32_t in_c, int32_t bytes) {
    const mn_ethosu_map to = {1, 1, true, false, 2, 3, 1, 0, {2, 2}, 3, {4096}, 3, 1, 1};
    mn_ethosu_map from = to;
    from.bytes = bytes;
    from.c = in_c;
    from.base[0] = 0;
    from.stride_x = in_c * bytes;
    from.stride_y = 3 * from.stride_x;
    eb_begin(1, EP_U65_256);
    ep_map(&eb.program, MN_NPU_IFM_BASE0, &from, 0);
    ep_map(&eb.program, MN_NPU_OFM_BASE0, &to, 0);
    return to;
}

/* A filter with one scale for all channels, and then the same with its own. */
static void test_one_scale(void **state) {
    (void)state;
    const mn_ethosu_filter f = {1, 1, 1, 1, false, false, 1, 1, 8, 8, 1, 8, 8};
    const mn_ethosu_scale scale = {5, UINT32_C(1) << 30, 30};
    const int16_t weight = 3;
    mn_ethosu_map to = small_windows(1, 1);
    ep_short(&eb.program, MN_NPU_ACTIVATION_MIN, -128);
    ep_short(&eb.program, MN_NPU_ACTIVATION_MAX, 127);
    ep_filter(&eb.program, &f, &weight, &scale, 1);
    ep_map(&eb.program, MN_NPU_OFM_BASE0, &to, 256);
    ep_scale(&eb.program, MN_NPU_OFM_SCALE, UINT32_C(1) << 30, 31);
    ep_short(&eb.program, MN_NPU_OP_CONV, 0);
    to.base[0] = 8192;
    ep_map(&eb.program, MN_NPU_OFM_BASE0, &to, 0);
    ep_short(&eb.program, MN_NPU_OP_CONV, 0);
    eb.before[0] = 11;
    eb_run();
    assert_int_equal(eb.after[4096], (11 * 3 + 5) / 2);
    assert_int_equal(eb.after[8192], 11 * 3 + 5);
}

/* ---- Programs that go wrong -------------------------------------------------------------------------------- */

/* A sum reads the cells where its windows begin, which padding would move out of the input. */
static void test_padded_sums(void **state) {
    (void)state;
    static const int32_t pads[] = {MN_NPU_IFM_PAD_BOTTOM, MN_NPU_IFM_PAD_RIGHT, MN_NPU_IFM_PAD_TOP,
                                   MN_NPU_IFM_PAD_LEFT};
    for (size_t i = 0; i < sizeof pads / sizeof *pads; i++) {
        (void)small_windows(4, 1);
        ep_short(&eb.program, pads[i], 1);
        ep_short(&eb.program, MN_NPU_OP_POOL, MN_NPU_POOL_REDUCE_SUM);
        eb_refused(MN_ERROR_FORMAT, "it sums channels into 1, in windows of 1 x 1, or with padding");
    }
}

/* Products of 32 bits and 9 would not stay inside sums of 64; no convolution of the NPU takes them. */
static void test_wide_inputs(void **state) {
    (void)state;
    for (int32_t code = MN_NPU_OP_CONV; code <= MN_NPU_OP_DEPTHWISE; code++) {
        const mn_ethosu_filter f = {1, 1, 1, 1, code == MN_NPU_OP_DEPTHWISE, false, 1, 1, 8, 8, 1, 8, 8};
        const mn_ethosu_scale scale = {5, UINT32_C(1) << 30, 30};
        const int16_t weight = 3;
        (void)small_windows(1, 4);
        ep_filter(&eb.program, &f, &weight, &scale, 1);
        ep_short(&eb.program, code, 0);
        eb_refused(MN_ERROR_FORMAT, "its IFM has elements of 32 bits, which no convolution takes");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pools),     cmocka_unit_test(test_sum_of_channels), cmocka_unit_test(test_convolutions),
        cmocka_unit_test(test_one_scale), cmocka_unit_test(test_padded_sums),     cmocka_unit_test(test_wide_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
