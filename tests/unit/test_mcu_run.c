/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The executor of the runtime for microcontrollers: random networks, cut into chains at random, run slice by slice in
 * the order of a recursive model, in rings of exactly as many places as that model needs; the bytes are those of whole
 * tensors. Rows that arrive one by one, too few, too many; inputs that are held. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/mcu/mn_mcu.h"

enum { NETWORKS = 400, STEPS = 14, SIDE = 12, CHANNELS = 3, SLICES = 1 << 16, ARENA = 1 << 17 };

static uint64_t state = 1;

static int32_t random_between(int32_t low, int32_t high) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int32_t)(low + (int64_t)((state >> 33) % (uint64_t)((int64_t)high - low + 1)));
}

typedef struct slice_of_step {
    uint32_t step, first, count;
} slice_of_step;

/* A network twice: in chains, and step by step with whole tensors. Tensor i is the output of step i. */
typedef struct network {
    mn_mcu_tensor tensors[STEPS], whole[STEPS];
    mn_mcu_step steps[STEPS];
    mn_mcu_window windows[STEPS];
    uint16_t chain_ends[STEPS], each[STEPS];
    mn_mcu_program chained, plain;
    int8_t table[256];
    int8_t image[SIDE * SIDE * CHANNELS];
    uint32_t next[STEPS], begin, end; /* the model's state, and the chain that it runs */
    slice_of_step slices[SLICES];
    uint32_t slice_count, told;
} network;

static network net;
MN_MCU_ALIGNED static int8_t arena[2][ARENA];

/* ---- Networks -------------------------------------------------------------------------------------------- */

static const mn_mcu_pool pool = {-128, 127};
static const mn_mcu_pad border = {7};
static const mn_mcu_add sum = {{1 << 30, 1 << 30}, 1 << 30, {0, 0}, -18, {-3, 4}, 5, -128, 127, 0};
static const mn_mcu_mean mean = {0, 0, 0, 0, -128, 127};

static uint16_t cells(uint16_t in, uint8_t k, uint8_t stride, uint8_t pad) {
    const int32_t all = in + 2 * pad - k;
    return (uint16_t)(all < 0 ? 1 : all / stride + 1);
}

static void random_window(uint32_t s, const mn_mcu_tensor *in, mn_mcu_tensor *out) {
    mn_mcu_window *w = &net.windows[s];
    mn_mcu_step *step = &net.steps[s];
    const uint8_t kinds[] = {MN_MCU_AVERAGE_POOL, MN_MCU_MAX_POOL, MN_MCU_PAD};
    step->kind = kinds[random_between(0, 2)];
    step->window = w;
    step->params = step->kind == MN_MCU_PAD ? (const void *)&border : (const void *)&pool;
    *w = (mn_mcu_window){1, 1, 1, 1, 1, 1, 1, 1};
    if (step->kind == MN_MCU_PAD) {
        out->height = (uint16_t)(in->height + 2), out->width = (uint16_t)(in->width + 2);
        return;
    }
    w->k_h = (uint8_t)random_between(1, 3 < in->height ? 3 : in->height);
    w->k_w = (uint8_t)random_between(1, 3 < in->width ? 3 : in->width);
    w->stride_h = (uint8_t)random_between(1, 2), w->stride_w = (uint8_t)random_between(1, 2);
    w->pad_top = (uint8_t)random_between(0, w->k_h - 1), w->pad_left = (uint8_t)random_between(0, w->k_w - 1);
    out->height = cells(in->height, w->k_h, w->stride_h, w->pad_top);
    out->width = cells(in->width, w->k_w, w->stride_w, w->pad_left);
    while ((out->height - 1) * w->stride_h - w->pad_top >= in->height) out->height--;
    while ((out->width - 1) * w->stride_w - w->pad_left >= in->width) out->width--;
}

static void random_step(uint32_t s) {
    const int32_t from = random_between(0, 3) > 0 ? (int32_t)s - 1 : random_between(0, (int32_t)s - 1);
    const mn_mcu_tensor *in = &net.tensors[from];
    mn_mcu_tensor *out = &net.tensors[s];
    mn_mcu_step *step = &net.steps[s];
    *out = *in;
    *step = (mn_mcu_step){.params = net.table, .kind = MN_MCU_MAP, .inputs = {(int16_t)from, -1}};
    const int32_t kind = random_between(0, 9);
    if (kind < 6 && in->height + 2 < 3 * SIDE && in->width + 2 < 3 * SIDE) {
        random_window(s, in, out);
    } else if (kind < 9) {
        for (int32_t other = random_between(0, (int32_t)s - 1); other < (int32_t)s; other++) {
            if (net.tensors[other].height != in->height || net.tensors[other].width != in->width) continue;
            *step = (mn_mcu_step){.params = &sum, .kind = MN_MCU_ADD, .inputs = {(int16_t)from, (int16_t)other}};
            break;
        }
    }
}

static uint32_t pixels(const mn_mcu_tensor *t) { return (uint32_t)t->height * t->width; }

static void random_network(void) {
    memset(&net, 0, sizeof net);
    for (size_t i = 0; i < sizeof net.image; i++) net.image[i] = (int8_t)random_between(-128, 127);
    for (int32_t i = 0; i < 256; i++) net.table[i] = (int8_t)random_between(-128, 127);
    const uint32_t count = (uint32_t)random_between(2, STEPS - 2);
    net.tensors[0].height = (uint16_t)random_between(1, SIDE), net.tensors[0].width = (uint16_t)random_between(1, SIDE);
    net.steps[0] = (mn_mcu_step){.inputs = {-1, -1}, .kind = MN_MCU_INPUT};
    for (uint32_t s = 1; s < count; s++) random_step(s);
    uint32_t total = count;
    if (random_between(0, 1)) { /* the mean of all pixels, by sums */
        net.tensors[total] = net.tensors[total - 1];
        net.steps[total] = (mn_mcu_step){.inputs = {(int16_t)(total - 1), -1}, .kind = MN_MCU_SUM};
        total++;
        net.tensors[total] = (mn_mcu_tensor){.height = 1, .width = 1};
        net.steps[total] = (mn_mcu_step){.params = &mean, .inputs = {(int16_t)(total - 1), -1}, .kind = MN_MCU_AVERAGE};
        total++;
    }
    for (uint32_t s = 0; s < total; s++) {
        net.steps[s].output = (int16_t)s;
        net.steps[s].chunk = (uint16_t)random_between(1, 9);
        net.tensors[s].bytes = net.steps[s].kind == MN_MCU_SUM ? 4 * CHANNELS : CHANNELS;
        net.each[s] = (uint16_t)(s + 1);
    }
    net.chained = (mn_mcu_program){.tensors = net.tensors,
                                   .steps = net.steps,
                                   .chain_ends = net.chain_ends,
                                   .tensor_count = (uint16_t)total,
                                   .step_count = (uint16_t)total,
                                   .longest = STEPS,
                                   .output = (int16_t)(total - 1)};
}

/* Steps [begin, end) of each chain; what later chains read is whole. */
static void cut_at_random(void) {
    const uint32_t count = net.chained.step_count;
    for (uint32_t s = 1; s <= count; s++) {
        const int last = s == count;
        const int sums = net.steps[s - 1].kind == MN_MCU_SUM; /* of which the last step needs all */
        if (last || (!sums && random_between(0, 4) == 0)) net.chain_ends[net.chained.chain_count++] = (uint16_t)s;
    }
}

/* ---- The model ------------------------------------------------------------------------------------------- */

static uint32_t clamped(int32_t x, uint32_t most) { return x < 0 ? 0 : (uint32_t)x > most ? most : (uint32_t)x; }

static int needs_all(const mn_mcu_step *step) { return step->kind == MN_MCU_AVERAGE; }

/* The first pixel of an input that output pixel `p` needs, and the one behind the last. */
static uint32_t first_of(const mn_mcu_step *step, int input, uint32_t p) {
    const mn_mcu_tensor *in = &net.tensors[step->inputs[input]], *out = &net.tensors[step->output];
    const mn_mcu_window *w = step->window;
    if (needs_all(step)) return 0;
    if (!w) return p;
    const uint32_t y = p / out->width, x = p % out->width;
    return clamped((int32_t)(y * w->stride_h) - w->pad_top, in->height) * in->width +
           clamped((int32_t)(x * w->stride_w) - w->pad_left, in->width);
}

static uint32_t end_of(const mn_mcu_step *step, int input, uint32_t p) {
    const mn_mcu_tensor *in = &net.tensors[step->inputs[input]], *out = &net.tensors[step->output];
    const mn_mcu_window *w = step->window;
    if (needs_all(step)) return pixels(in);
    if (!w) return p + 1;
    const uint32_t y = p / out->width, x = p % out->width;
    const uint32_t rows = clamped((int32_t)(y * w->stride_h + w->k_h) - w->pad_top, in->height);
    return rows == 0 ? 0
                     : (rows - 1) * in->width + clamped((int32_t)(x * w->stride_w + w->k_w) - w->pad_left, in->width);
}

/* The first pixel of tensor `t` that the chain still needs. */
static uint32_t oldest(uint32_t t) {
    uint32_t least = pixels(&net.tensors[t]);
    for (uint32_t s = net.begin; s < net.end; s++) {
        for (int i = 0; i < 2; i++) {
            if (net.steps[s].inputs[i] != (int16_t)t || net.steps[s].kind == MN_MCU_AVERAGE) continue;
            for (uint32_t p = net.next[s]; p < pixels(&net.tensors[s]); p++) {
                const uint32_t first = first_of(&net.steps[s], i, p);
                least = first < least ? first : least;
            }
        }
    }
    return least;
}

static void make_slice(uint32_t s, uint32_t n) {
    assert_true(net.slice_count < SLICES);
    net.slices[net.slice_count++] = (slice_of_step){s, net.next[s], n};
    mn_mcu_tensor *t = &net.tensors[s];
    if (net.steps[s].kind != MN_MCU_SUM && net.next[s] + n > oldest(s) + t->places) {
        t->places = net.next[s] + n - oldest(s);
    }
    net.next[s] += n;
}

static void pull(uint32_t s, uint32_t end) {
    while (net.next[s] < end) {
        const uint32_t width = net.tensors[s].width, row = width - net.next[s] % width;
        uint32_t n = end - net.next[s];
        if ((net.steps[s].window || net.steps[s].kind == MN_MCU_INPUT) && row < n) n = row;
        n = net.steps[s].chunk < n ? net.steps[s].chunk : n;
        for (int i = 0; i < 2; i++) {
            const int32_t maker = net.steps[s].inputs[i];
            if (maker >= (int32_t)net.begin) pull((uint32_t)maker, end_of(&net.steps[s], i, net.next[s] + n - 1));
        }
        make_slice(s, n);
    }
}

/* Does a chain behind `end`, or the caller, read tensor `t`? */
static int is_read_later(uint32_t t, uint32_t end) {
    for (uint32_t s = end; s < net.chained.step_count; s++) {
        if (net.steps[s].inputs[0] == (int16_t)t || net.steps[s].inputs[1] == (int16_t)t) return 1;
    }
    return t + 1 == net.chained.step_count;
}

static void run_model(void) {
    for (uint32_t k = 0; k < net.chained.chain_count; k++) {
        net.begin = k > 0 ? net.chain_ends[k - 1] : 0, net.end = net.chain_ends[k];
        for (uint32_t s = net.end; s-- > net.begin;) {
            net.steps[s].whole = (uint8_t)is_read_later(s, net.end);
            if (s + 1 == net.end || net.steps[s].whole) pull(s, pixels(&net.tensors[s]));
        }
        for (uint32_t s = net.begin; s < net.end; s++) {
            mn_mcu_tensor *t = &net.tensors[s];
            if (s + 1 == net.end || net.steps[s].whole) t->places = pixels(t);
            if (t->places == 0) t->places = 1; /* sums, or what nobody reads */
        }
    }
}

/* Each tensor in a place of its own; `plain` has them whole, and each step is a chain. */
static void place(void) {
    uint32_t end[2] = {0, 0};
    net.plain = net.chained;
    net.plain.tensors = net.whole, net.plain.chain_ends = net.each, net.plain.chain_count = net.plain.step_count;
    for (uint32_t s = 0; s < net.chained.step_count; s++) {
        net.whole[s] = net.tensors[s];
        if (net.steps[s].kind != MN_MCU_SUM) net.whole[s].places = pixels(&net.tensors[s]);
        net.whole[s].offset = end[1], net.tensors[s].offset = end[0];
        end[0] += (net.tensors[s].places * net.tensors[s].bytes + 3) / 4 * 4;
        end[1] += (net.whole[s].places * net.whole[s].bytes + 3) / 4 * 4;
    }
    assert_true(end[0] <= ARENA && end[1] <= ARENA);
}

/* ---- Running --------------------------------------------------------------------------------------------- */

static void compare_slice(void *context, uint32_t step, uint32_t first, uint32_t count) {
    assert_ptr_equal(context, &net);
    const slice_of_step *expected = &net.slices[net.told++];
    assert_int_equal(step, expected->step);
    assert_int_equal(first, expected->first);
    assert_int_equal(count, expected->count);
}

static void networks_run_in_the_order_of_the_model(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < NETWORKS; i++) {
        mn_mcu_cursor cursors[STEPS];
        mn_mcu_run run = {0}, plain = {0};
        random_network();
        cut_at_random();
        run_model();
        place();
        run.tell = compare_slice, run.context = &net;
        const int8_t *found = mn_mcu_run_image(&run, &net.chained, arena[0], cursors, net.image);
        const int8_t *expected = mn_mcu_run_image(&plain, &net.plain, arena[1], cursors, net.image);
        assert_int_equal(net.told, net.slice_count);
        assert_memory_equal(found, expected, pixels(&net.tensors[net.chained.output]) * CHANNELS);
    }
}

/* ---- Rows ------------------------------------------------------------------------------------------------ */

/* Three rows, and the largest of each 2x2 behind. */
static void build_small(int held) {
    memset(&net, 0, sizeof net);
    for (int8_t i = 0; i < 9; i++) net.image[i] = (int8_t)(i * 5 % 9);
    net.windows[1] = (mn_mcu_window){2, 2, 1, 1, 1, 1, 0, 0};
    net.tensors[0] = (mn_mcu_tensor){0, held ? 9 : 5, 1, 3, 3};
    net.tensors[1] = (mn_mcu_tensor){12, 4, 1, 2, 2};
    net.steps[0] = (mn_mcu_step){.inputs = {-1, -1}, .output = 0, .chunk = 1, .kind = MN_MCU_INPUT};
    net.steps[1] = (mn_mcu_step){.params = &pool,
                                 .window = &net.windows[1],
                                 .inputs = {0, -1},
                                 .output = 1,
                                 .chunk = 1,
                                 .kind = MN_MCU_MAX_POOL};
    net.chain_ends[0] = held ? 1 : 2;
    net.chained = (mn_mcu_program){.tensors = net.tensors,
                                   .steps = net.steps + held,
                                   .chain_ends = net.chain_ends,
                                   .tensor_count = 2,
                                   .step_count = (uint16_t)(2 - held),
                                   .chain_count = 1,
                                   .longest = 2,
                                   .output = 1};
}

static void check_small(const int8_t *found) {
    static const int8_t expected[] = {6, 7, 8, 8}; /* of 0 5 1, 6 2 7, 3 8 4 */
    assert_non_null(found);
    assert_memory_equal(found, expected, sizeof expected);
}

static void rows_are_counted(void **unused) {
    (void)unused;
    for (int held = 0; held < 2; held++) {
        mn_mcu_cursor cursors[2];
        mn_mcu_run run = {0};
        build_small(held);
        assert_int_equal(mn_mcu_push_row(&run, net.image), -1);
        assert_null(mn_mcu_held_input(&run));
        assert_null(mn_mcu_finish(&run));
        for (int i = 0; i < 2; i++) { /* a second image begins anew, in the middle of the first, too */
            mn_mcu_begin(&run, &net.chained, arena[0], cursors);
            assert_null(mn_mcu_finish(&run));
            assert_int_equal(mn_mcu_push_row(&run, net.image), 0);
            assert_int_equal(mn_mcu_push_row(&run, net.image + 3), 0);
            assert_null(mn_mcu_finish(&run));
            if (i == 0) continue;
            assert_int_equal(mn_mcu_push_row(&run, net.image + 6), 0);
            assert_int_equal(mn_mcu_push_row(&run, net.image), -1);
            check_small(mn_mcu_finish(&run));
            check_small(mn_mcu_finish(&run));
        }
    }
}

/* The chain is done before the last row. */
static void a_row_that_nobody_needs_may_come(void **unused) {
    (void)unused;
    mn_mcu_cursor cursors[2];
    mn_mcu_run run = {0};
    build_small(0);
    net.windows[1].stride_h = net.windows[1].stride_w = 2;
    net.tensors[1] = (mn_mcu_tensor){12, 1, 1, 1, 1};
    const int8_t *found = mn_mcu_run_image(&run, &net.chained, arena[0], cursors, net.image);
    assert_non_null(found);
    assert_int_equal(*found, 6);
}

static void a_held_input_may_be_written_in_place(void **unused) {
    (void)unused;
    mn_mcu_cursor cursors[2];
    mn_mcu_run run = {0};
    build_small(0);
    mn_mcu_begin(&run, &net.chained, arena[0], cursors);
    assert_null(mn_mcu_held_input(&run));
    build_small(1);
    mn_mcu_begin(&run, &net.chained, arena[0], cursors);
    int8_t *input = mn_mcu_held_input(&run);
    assert_non_null(input);
    memcpy(input, net.image, 9);
    assert_int_equal(mn_mcu_push_row(&run, net.image), -1);
    check_small(mn_mcu_finish(&run));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_run_in_the_order_of_the_model),
        cmocka_unit_test(rows_are_counted),
        cmocka_unit_test(a_row_that_nobody_needs_may_come),
        cmocka_unit_test(a_held_input_may_be_written_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
