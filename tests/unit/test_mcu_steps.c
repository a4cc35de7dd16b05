/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Every kind of step of the runtime for microcontrollers: random shapes, windows, rings, slices and quantisation, byte
 * for byte against the reference kernels; and no byte outside its tensors is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/kernels.h"
#include "kernels/mcu/mn_mcu_kernels.h"
#include "kernels/quant.h"
#include "mcu/factor.h"

enum { CASES = 400, DEPTH = 24, CELLS = 12 * 12, MOST = CELLS * DEPTH, WEIGHTS = 96 * DEPTH * DEPTH, CANARY = 0x5a };

static uint64_t state = 1;

static int32_t random_between(int32_t low, int32_t high) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int32_t)(low + (int64_t)((state >> 33) % (uint64_t)((int64_t)high - low + 1)));
}

static void fill(int8_t *to, size_t n) {
    for (size_t i = 0; i < n; i++) to[i] = (int8_t)random_between(-128, 127);
}

/* A program of an input, in a ring or held, and one step behind it; the reference's parameters beside. */
typedef struct trial {
    mn_window w; /* batches = 1; of pixels that are read one by one, 1x1 */
    mn_mcu_window window;
    mn_mcu_tensor tensors[4];
    mn_mcu_step steps[3];
    uint16_t chain_ends[2];
    mn_mcu_program program;
    int8_t image[MOST], weights[WEIGHTS], border[DEPTH], expected[MOST];
    int32_t bias[DEPTH], folded[DEPTH], multiplier[DEPTH], shift[DEPTH];
    uint16_t fine[DEPTH];
    int8_t short_shift[DEPTH];
    mn_mcu_product product;
} trial;

static trial t;

/* ---- Shapes ---------------------------------------------------------------------------------------------- */

static int32_t cells_of_output(int32_t cells, int32_t k, int32_t stride, int32_t dilation, int32_t pad) {
    const int32_t reach = (k - 1) * dilation + 1;
    const int32_t all = cells + pad + random_between(0, reach - 1); /* some border at the end, too */
    return all < reach ? 1 : (all - reach) / stride + 1;
}

static void shape_window(int32_t largest, int32_t dilation) {
    mn_window *w = &t.w;
    w->k_h = random_between(1, largest), w->k_w = random_between(1, largest);
    w->stride_h = random_between(1, 3), w->stride_w = random_between(1, 3);
    w->dilation_h = random_between(1, dilation), w->dilation_w = random_between(1, dilation);
    w->pad_top = random_between(0, (w->k_h - 1) * w->dilation_h);
    w->pad_left = random_between(0, (w->k_w - 1) * w->dilation_w);
    do {
        w->in_h = random_between(1, 12), w->in_w = random_between(1, 12);
        w->out_h = cells_of_output(w->in_h, w->k_h, w->stride_h, w->dilation_h, w->pad_top);
        w->out_w = cells_of_output(w->in_w, w->k_w, w->stride_w, w->dilation_w, w->pad_left);
    } while (w->out_h * w->out_w > CELLS);
    t.window =
        (mn_mcu_window){(uint8_t)w->k_h,        (uint8_t)w->k_w,        (uint8_t)w->stride_h, (uint8_t)w->stride_w,
                        (uint8_t)w->dilation_h, (uint8_t)w->dilation_w, (uint8_t)w->pad_top,  (uint8_t)w->pad_left};
}

static void shape_same(void) {
    t.w = (mn_window){.batches = 1, .k_h = 1, .k_w = 1, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};
    t.w.in_h = t.w.out_h = random_between(1, 12);
    t.w.in_w = t.w.out_w = random_between(1, 12);
    t.w.in_c = t.w.out_c = random_between(1, DEPTH);
}

/* ---- Programs -------------------------------------------------------------------------------------------- */

/* Room for the rows that a window sees and a slice more, or for everything. */
static uint32_t random_places(uint32_t pixels, uint32_t rows, uint32_t width) {
    const uint32_t least = rows * width + 12;
    return least >= pixels || random_between(0, 3) == 0 ? pixels : (uint32_t)random_between((int)least, (int)pixels);
}

/* Puts a step behind the input. Tensors: 0 input, 1 output, 2 and 3 whatever the step has beside. */
static void build(uint8_t kind, const void *params, uint32_t out_bytes) {
    const mn_window *w = &t.w;
    const uint32_t in = (uint32_t)(w->in_h * w->in_w), reach = (uint32_t)((w->k_h - 1) * w->dilation_h + 1);
    const int held = random_between(0, 3) == 0 || kind == MN_MCU_DENSE;
    t.tensors[0] = (mn_mcu_tensor){16, held ? in : random_places(in, reach, (uint32_t)w->in_w), (uint32_t)w->in_c,
                                   (uint16_t)w->in_h, (uint16_t)w->in_w};
    const uint32_t out_at = (16 + t.tensors[0].places * (uint32_t)w->in_c + 19) / 4 * 4;
    const uint32_t out = (uint32_t)(w->out_h * w->out_w);
    t.tensors[1] = (mn_mcu_tensor){out_at, out, out_bytes, (uint16_t)w->out_h, (uint16_t)w->out_w};
    t.steps[0] = (mn_mcu_step){.inputs = {-1, -1}, .output = 0, .chunk = (uint16_t)random_between(1, 13)};
    t.steps[1] = (mn_mcu_step){.params = params,
                               .window = t.window.k_h > 0 ? &t.window : NULL,
                               .workspace = (out_at + out * out_bytes + 7) / 4 * 4,
                               .inputs = {0, -1},
                               .output = 1,
                               .chunk = (uint16_t)random_between(1, 13),
                               .kind = kind};
    t.chain_ends[0] = 2;
    t.program = (mn_mcu_program){.tensors = t.tensors,
                                 .steps = t.steps,
                                 .chain_ends = t.chain_ends,
                                 .tensor_count = 2,
                                 .step_count = 2,
                                 .chain_count = 1,
                                 .longest = 3,
                                 .input = 0,
                                 .output = 1};
    if (held) {
        t.program.steps++, t.program.step_count--;
        t.chain_ends[0] = 1;
    }
    t.program.arena_bytes = t.steps[1].workspace + mn_mcu_workspace_bytes(&t.program, &t.steps[1]) + 16;
}

/* Bytes that no tensor and no workspace has must stay as they are. */
static void check_canaries(const int8_t *arena) {
    char *owned = calloc(t.program.arena_bytes, 1);
    assert_non_null(owned);
    for (int32_t i = 0; i < t.program.tensor_count; i++) {
        memset(owned + t.tensors[i].offset, 1, t.tensors[i].places * t.tensors[i].bytes);
    }
    for (int32_t i = 0; i < t.program.step_count; i++) {
        const mn_mcu_step *step = &t.program.steps[i];
        memset(owned + step->workspace, 1, mn_mcu_workspace_bytes(&t.program, step));
    }
    for (uint32_t i = 0; i < t.program.arena_bytes; i++) {
        if (!owned[i]) assert_int_equal(arena[i], CANARY);
    }
    free(owned);
}

static void run_and_compare(void) {
    mn_mcu_run run = {0};
    mn_mcu_cursor cursors[3];
    int8_t *arena = malloc(t.program.arena_bytes);
    assert_non_null(arena);
    memset(arena, CANARY, t.program.arena_bytes);
    const int8_t *found = mn_mcu_run_image(&run, &t.program, arena, cursors, t.image);
    assert_non_null(found);
    const mn_mcu_tensor *out = &t.tensors[t.program.output];
    assert_memory_equal(found, t.expected, (size_t)out->height * out->width * out->bytes);
    check_canaries(arena);
    free(arena);
}

static void run_reference(mn_kernel_fn kernel, const void *params, const void *weights, const void *bias,
                          int32_t units) {
    const void *inputs[] = {t.image, weights, bias};
    const mn_task task = {.params = params, .inputs = inputs, .output = t.expected};
    kernel(&task, 0, units);
}

/* ---- Quantisation ---------------------------------------------------------------------------------------- */

static int32_t random_multiplier(void) {
    return random_between(0, 50) > 0 ? random_between(1 << 30, INT32_MAX) : random_between(0, 1) * INT32_MAX;
}

static int32_t random_shift(int32_t usual) {
    return random_between(0, 9) > 0 ? random_between(usual - 2, usual + 2) : random_between(-31, 31);
}

static mn_range_i32 random_range(void) {
    if (random_between(0, 1)) return (mn_range_i32){-128, 127};
    const int32_t low = random_between(-128, 127);
    return (mn_range_i32){low, random_between(low, 127)};
}

/* Do all channels keep to what mn_mcu_product calls tame? */
static uint8_t is_tame(int32_t channels, int32_t taps) {
    const int64_t limit = (INT64_C(1) << 29) - (int64_t)taps * 128 * 128;
    uint8_t tame = 1;
    for (int32_t c = 0; c < channels; c++) {
        if (t.folded[c] >= limit || t.folded[c] <= -limit || t.shift[c] < -22 || t.shift[c] > -1) tame = 0;
    }
    return tame;
}

/* Half of the time all channels are such as networks have. */
static int32_t random_bias(int usual) {
    if (usual || random_between(0, 9) > 0) return random_between(-20000, 20000);
    return random_between(INT32_MIN, INT32_MAX);
}

/* Weights of `channels` filters, `stride_c` apart, of taps `stride_tap` apart; folds the input's zero point into
 * biases. */
static void random_product(mn_conv_params *p, int32_t channels, int32_t taps, int32_t stride_c, int32_t stride_tap) {
    fill(t.weights, (size_t)(channels * taps));
    p->in_zero = random_between(-128, 127), p->out_zero = random_between(-128, 127);
    p->range = random_range();
    p->multiplier = t.multiplier, p->shift = t.shift;
    memset(t.border, p->in_zero, sizeof t.border);
    const int usual = random_between(0, 1);
    for (int32_t c = 0; c < channels; c++) {
        t.bias[c] = random_bias(usual);
        t.multiplier[c] = random_multiplier();
        t.shift[c] = usual ? random_between(-22, -1) : random_shift(-7);
        t.short_shift[c] = (int8_t)t.shift[c];
        int32_t sum = 0;
        for (int32_t k = 0; k < taps; k++) sum += t.weights[c * stride_c + k * stride_tap];
        t.folded[c] = mn_wrap_add(t.bias[c], -sum * p->in_zero);
    }
    t.product = (mn_mcu_product){.weights = t.weights,
                                 .bias = t.folded,
                                 .multiplier = t.multiplier,
                                 .shift = t.short_shift,
                                 .border = t.border,
                                 .channels = (uint16_t)channels,
                                 .out_zero = (int8_t)p->out_zero,
                                 .low = (int8_t)p->range.min,
                                 .high = (int8_t)p->range.max,
                                 .tame = is_tame(channels, taps)};
}

static void begin(void) {
    memset(&t, 0, sizeof t);
    fill(t.image, sizeof t.image);
}

/* Puts another tensor behind what there is in the arena, and a step in front of or behind the last. */
static void add_tensor(mn_mcu_tensor tensor) {
    tensor.offset = (t.program.arena_bytes + 3) / 4 * 4;
    t.program.arena_bytes = tensor.offset + tensor.places * tensor.bytes + 16;
    t.tensors[t.program.tensor_count++] = tensor;
}

static void add_step(mn_mcu_step step) {
    t.steps[2] = step;
    t.chain_ends[0]++;
    t.program.step_count++;
}

/* Some programs bring their weights into the arena first. */
static void load_some(int32_t bytes) {
    static mn_mcu_constants constants;
    if (random_between(0, 2) > 0) return;
    constants = (mn_mcu_constants){t.weights};
    t.product.weights = NULL;
    add_tensor((mn_mcu_tensor){0, 1, (uint32_t)bytes, 1, 1});
    t.steps[1].inputs[1] = 2;
    add_step(t.steps[1]);
    t.steps[1] = (mn_mcu_step){.params = &constants, .inputs = {-1, -1}, .output = 2, .chunk = 1, .kind = MN_MCU_LOAD};
    if (t.program.steps == t.steps && random_between(0, 1)) { /* in front of the input, too */
        const mn_mcu_step load = t.steps[1];
        t.steps[1] = t.steps[0], t.steps[0] = load;
    }
}

/* ---- Kinds ----------------------------------------------------------------------------------------------- */

static void pointwise(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < CASES; i++) {
        begin();
        shape_same();
        t.w.out_c = random_between(1, DEPTH);
        mn_conv_params p = {.window = t.w, .groups = 1};
        random_product(&p, t.w.out_c, t.w.in_c, t.w.in_c, 1);
        p.window = t.w;
        t.product.depth = (uint16_t)t.w.in_c;
        run_reference(mn_conv_i8_ref, &p, t.weights, t.bias, t.w.out_h);
        build(MN_MCU_POINTWISE, &t.product, (uint32_t)t.w.out_c);
        load_some(t.w.out_c * t.w.in_c);
        run_and_compare();
    }
}

/* The kernel that the target does not run, too; slices beyond a chunk, and depths beyond a few. */
static void pointwise_kernels(void **unused) {
    (void)unused;
    enum { PIXELS = 9, WIDEST = 100 };
    static int8_t in[PIXELS * WIDEST], wanted[PIXELS * DEPTH], found[2][PIXELS * DEPTH];
    for (int32_t i = 0; i < CASES; i++) {
        begin();
        const int32_t n = random_between(1, PIXELS), depth = random_between(1, WIDEST);
        t.w.out_c = random_between(1, DEPTH);
        mn_conv_params p = {.groups = 1};
        random_product(&p, t.w.out_c, depth, depth, 1);
        fill(in, sizeof in);
        for (int32_t k = 0; k < n * t.w.out_c; k++) {
            int32_t sum = 0;
            for (int32_t d = 0; d < depth; d++) {
                sum += in[k / t.w.out_c * depth + d] * t.weights[k % t.w.out_c * depth + d];
            }
            wanted[k] = mn_mcu_store(&t.product, (uint32_t)(k % t.w.out_c), sum);
        }
        memset(found, CANARY, sizeof found);
        mn_mcu_pointwise_c(&t.product, t.weights, (uint32_t)depth, in, found[0], (uint32_t)n, NULL);
        mn_mcu_pointwise_wide(&t.product, t.weights, (uint32_t)depth, in, found[1], (uint32_t)n, NULL);
        memset(wanted + n * t.w.out_c, CANARY, sizeof wanted - (size_t)(n * t.w.out_c));
        assert_memory_equal(found[0], wanted, sizeof wanted);
        assert_memory_equal(found[1], wanted, sizeof wanted);
    }
}

/* Both ways to requantise, at the ends of what is tame. */
static void requantisation(void **unused) {
    (void)unused;
    static const int32_t multipliers[] = {0, 1, 1 << 30, 1500000000, INT32_MAX};
    const int32_t end = 1 << 29;
    for (int32_t i = 0; i < 1000 * CASES; i++) {
        const int32_t zero = random_between(-128, 127), shift = random_between(-22, -1);
        const int32_t m = i % 2 ? random_multiplier() : multipliers[random_between(0, 4)];
        const int32_t small = random_between(-1000, 1000), any = random_between(1 - end, end - 1);
        const int32_t at_end = small < 0 ? small + end : small - end + 1, a = i % 3 == 0   ? small
                                                                              : i % 3 == 1 ? any
                                                                                           : at_end;
        assert_int_equal(mn_mcu_rescaled(mn_mcu_rescale_of(m, shift, zero), a), mn_mcu_requantize(a, m, shift) + zero);
    }
}

static void conv(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < CASES; i++) {
        begin();
        t.w.batches = 1;
        shape_window(5, 3);
        t.w.in_c = random_between(1, DEPTH), t.w.out_c = random_between(1, DEPTH);
        mn_conv_params p = {.groups = 1};
        const int32_t taps = t.w.k_h * t.w.k_w * t.w.in_c;
        random_product(&p, t.w.out_c, taps, taps, 1);
        p.window = t.w;
        t.product.depth = (uint16_t)t.w.in_c;
        run_reference(mn_conv_i8_ref, &p, t.weights, t.bias, t.w.out_h);
        build(MN_MCU_CONV, &t.product, (uint32_t)t.w.out_c);
        load_some(t.w.out_c * taps);
        run_and_compare();
    }
}

static void depthwise(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < CASES; i++) {
        begin();
        t.w.batches = 1;
        shape_window(i % 2 ? 3 : 9, 3);
        t.w.in_c = random_between(1, DEPTH);
        t.w.out_c = t.w.in_c * random_between(1, DEPTH / t.w.in_c);
        mn_conv_params p = {.groups = 1};
        random_product(&p, t.w.out_c, t.w.k_h * t.w.k_w, 1, t.w.out_c);
        p.window = t.w;
        t.product.depth = (uint16_t)t.w.in_c;
        run_reference(mn_depthwise_i8_ref, &p, t.weights, t.bias, t.w.out_h);
        build(MN_MCU_DEPTHWISE, &t.product, (uint32_t)t.w.out_c);
        load_some(t.w.out_c * t.w.k_h * t.w.k_w);
        run_and_compare();
    }
}

static void fully_connected(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < CASES; i++) {
        const int dense = i % 2;
        double scale[DEPTH];
        mn_conv_params conv_params = {.groups = 1};
        begin();
        shape_same();
        if (dense) t.w.in_h = random_between(1, 4), t.w.in_w = random_between(1, 6), t.w.out_h = t.w.out_w = 1;
        t.w.out_c = random_between(1, DEPTH);
        const int32_t depth = t.w.in_c * (dense ? t.w.in_h * t.w.in_w : 1), rows = t.w.out_h * t.w.out_w;
        random_product(&conv_params, t.w.out_c, depth, depth, 1);
        for (int32_t c = 0; c < t.w.out_c; c++) {
            mn_mcu_factor f;
            scale[c] = ldexp(random_between(1, INT32_MAX), -31 + random_shift(-7));
            assert_true(mn_mcu_factor_find(scale[c], conv_params.out_zero, conv_params.range, &f));
            t.multiplier[c] = f.multiplier, t.fine[c] = f.fine, t.short_shift[c] = f.shift;
        }
        t.product.fine = t.fine;
        t.product.tame = 0;
        t.product.depth = (uint16_t)depth;
        const mn_fully_connected_params p = {.rows = rows,
                                             .in_c = depth,
                                             .out_c = t.w.out_c,
                                             .range = conv_params.range,
                                             .in_zero = conv_params.in_zero,
                                             .out_zero = conv_params.out_zero,
                                             .scale = scale};
        run_reference(mn_fully_connected_i8_ref, &p, t.weights, t.bias, rows * t.w.out_c);
        build(dense ? MN_MCU_DENSE : MN_MCU_POINTWISE, &t.product, (uint32_t)t.w.out_c);
        load_some(t.w.out_c * depth);
        run_and_compare();
    }
}

/* Operands are never enlarged. */
static int32_t operand_shift(void) { return mn_min_i32(random_shift(-3), 0); }

/* Of the input and a function of it in another ring. */
static void add(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < CASES; i++) {
        int8_t table[256], second[MOST];
        begin();
        fill(table, sizeof table);
        shape_same();
        const int32_t count = t.w.in_h * t.w.in_w * t.w.in_c;
        const mn_binary_params p = {.dims = {1, 1, 1, 1, 1, count},
                                    .stride = {{0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 1}},
                                    .same_shape = true,
                                    .subtract = random_between(0, 1),
                                    .range = random_range(),
                                    .in = {{random_between(-128, 127), random_multiplier(), operand_shift()},
                                           {random_between(-128, 127), random_multiplier(), operand_shift()}},
                                    .out = {random_between(-128, 127), random_multiplier(), random_shift(-17)}};
        const mn_mcu_add own = {{p.in[0].multiplier, p.in[1].multiplier},
                                p.out.multiplier,
                                {(int8_t)p.in[0].shift, (int8_t)p.in[1].shift},
                                (int8_t)p.out.shift,
                                {(int8_t)p.in[0].zero, (int8_t)p.in[1].zero},
                                (int8_t)p.out.zero,
                                (int8_t)p.range.min,
                                (int8_t)p.range.max,
                                p.subtract};
        for (int32_t k = 0; k < count; k++) second[k] = table[t.image[k] + 128];
        run_reference(mn_add_i8_ref, &p, second, NULL, count);
        build(MN_MCU_ADD, &own, (uint32_t)t.w.in_c);
        add_tensor(t.tensors[0]);
        t.steps[1].inputs[1] = 2;
        add_step(t.steps[1]);
        t.steps[1].kind = MN_MCU_MAP, t.steps[1].params = table;
        t.steps[1].inputs[1] = -1, t.steps[1].output = 2;
        run_and_compare();
    }
}

static void pools(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < CASES; i++) {
        begin();
        t.w.batches = 1;
        do shape_window(5, 1);
        while ((t.w.out_h - 1) * t.w.stride_h - t.w.pad_top >= t.w.in_h ||
               (t.w.out_w - 1) * t.w.stride_w - t.w.pad_left >= t.w.in_w);
        t.w.in_c = t.w.out_c = random_between(1, DEPTH);
        const mn_pool_params p = {.window = t.w, .range = random_range()};
        const mn_mcu_pool own = {(int8_t)p.range.min, (int8_t)p.range.max};
        run_reference(i % 2 ? mn_max_pool_i8_ref : mn_average_pool_i8_ref, &p, NULL, NULL, t.w.out_h);
        build(i % 2 ? MN_MCU_MAX_POOL : MN_MCU_AVERAGE_POOL, &own, (uint32_t)t.w.out_c);
        run_and_compare();
    }
}

static void pad(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < CASES; i++) {
        begin();
        shape_same();
        t.w.in_h = random_between(1, 9), t.w.in_w = random_between(1, 9);
        t.w.pad_top = random_between(0, 2), t.w.pad_left = random_between(0, 2);
        t.w.out_h = t.w.in_h + t.w.pad_top + random_between(0, 1);
        t.w.out_w = t.w.in_w + t.w.pad_left + random_between(0, 1);
        t.window = (mn_mcu_window){1, 1, 1, 1, 1, 1, (uint8_t)t.w.pad_top, (uint8_t)t.w.pad_left};
        const mn_mcu_pad own = {(int8_t)random_between(-128, 127)};
        const mn_pad_params p = {.in_dims = {1, 1, 1, t.w.in_h, t.w.in_w, t.w.in_c},
                                 .out_dims = {1, 1, 1, t.w.out_h, t.w.out_w, t.w.in_c},
                                 .before = {0, 0, 0, t.w.pad_top, t.w.pad_left, 0},
                                 .element_bytes = 1,
                                 .value = {(uint8_t)own.border}};
        run_reference(mn_pad_any_ref, &p, NULL, NULL, t.w.out_h * t.w.out_w);
        build(MN_MCU_PAD, &own, (uint32_t)t.w.out_c);
        run_and_compare();
    }
}

/* Sums, and a mean or an average of them behind. */
static void means(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < CASES; i++) {
        begin();
        shape_same();
        const int32_t cells = t.w.in_h * t.w.in_w;
        mn_mean_params p = {.rank = 3,
                            .dims = {t.w.in_h, t.w.in_w, t.w.in_c},
                            .reduced = {true, true, false},
                            .count = cells,
                            .in_zero = random_between(-128, 127),
                            .out_zero = random_between(-128, 127)};
        mn_quant_mean(0.01f * (float)random_between(1, 100), 0.3f, cells, &p.multiplier, &p.shift);
        const mn_range_i32 range = i % 2 ? (mn_range_i32){-128, 127} : random_range();
        const mn_mcu_mean own = {p.multiplier, p.shift, p.in_zero, p.out_zero, range.min, range.max};
        t.w.k_h = t.w.in_h, t.w.k_w = t.w.in_w, t.w.out_h = t.w.out_w = 1;
        const mn_pool_params pool = {.window = t.w, .range = range};
        run_reference(i % 2 ? mn_mean_i8_ref : mn_average_pool_i8_ref, i % 2 ? (void *)&p : (void *)&pool, NULL, NULL,
                      i % 2 ? t.w.in_c : 1);
        t.w.k_h = t.w.k_w = 1, t.w.out_h = t.w.in_h, t.w.out_w = t.w.in_w;
        build(MN_MCU_SUM, NULL, 4 * (uint32_t)t.w.in_c);
        t.tensors[1].places = 1;
        add_tensor((mn_mcu_tensor){0, 1, (uint32_t)t.w.in_c, 1, 1});
        add_step((mn_mcu_step){
            .params = &own, .inputs = {1, -1}, .output = 2, .chunk = 1, .kind = i % 2 ? MN_MCU_MEAN : MN_MCU_AVERAGE});
        t.program.output = 2;
        run_and_compare();
    }
}

static void maps(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < CASES; i++) {
        int8_t table[256];
        begin();
        shape_same();
        fill(table, sizeof table);
        for (int32_t k = 0; k < MOST; k++) t.expected[k] = table[t.image[k] + 128];
        build(MN_MCU_MAP, table, (uint32_t)t.w.in_c);
        run_and_compare();
    }
}

static void softmax(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < CASES; i++) {
        begin();
        shape_same();
        if (i % 3 == 0) memset(t.image, i, sizeof t.image);
        mn_softmax_params p = {.rows = t.w.in_h * t.w.in_w, .depth = t.w.in_c};
        mn_quant_softmax(1, 0.001f * (float)random_between(1, 1000), &p);
        const mn_mcu_softmax own = {p.multiplier, p.shift, p.diff_min};
        run_reference(mn_softmax_i8_ref, &p, NULL, NULL, p.rows);
        build(MN_MCU_SOFTMAX, &own, (uint32_t)t.w.in_c);
        run_and_compare();
    }
}

/* Many equal logits: sums of exponentials beyond 512. */
static void softmax_of_many_classes(void **unused) {
    (void)unused;
    static int8_t in[100000], expected[100000], found[100000];
    static const int32_t counts[] = {1, 255, 511, 512, 513, 1000, 8191, 8193, 65536, 100000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        mn_softmax_params p = {.rows = 1, .depth = counts[i]};
        mn_quant_softmax(1, 0.1f, &p);
        const void *inputs[] = {in};
        const mn_task task = {.params = &p, .inputs = inputs, .output = expected};
        const mn_mcu_softmax own = {p.multiplier, p.shift, p.diff_min};
        mn_softmax_i8_ref(&task, 0, 1);
        mn_mcu_softmax_c(&own, in, found, 1, (uint32_t)counts[i]);
        assert_memory_equal(found, expected, (size_t)counts[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointwise),
        cmocka_unit_test(requantisation),
        cmocka_unit_test(pointwise_kernels),
        cmocka_unit_test(conv),
        cmocka_unit_test(depthwise),
        cmocka_unit_test(fully_connected),
        cmocka_unit_test(add),
        cmocka_unit_test(pools),
        cmocka_unit_test(pad),
        cmocka_unit_test(means),
        cmocka_unit_test(maps),
        cmocka_unit_test(softmax),
        cmocka_unit_test(softmax_of_many_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
