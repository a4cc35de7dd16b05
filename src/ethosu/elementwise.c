/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* ELEMENTWISE: one or two feature maps, element by element. */
#include "ethosu/finish.h"
#include "ethosu/registers.h"

/* ---- Rows ------------------------------------------------------------------------------------------------- */

/* One row of each operand as numbers, and of the result. */
typedef struct memory {
    int32_t *a, *b;
    int64_t *acc;
    uint8_t *raw;
} memory;

static memory lay_out(const mn_ethosu_op *op, char *base) {
    const size_t row = mn_round_up(mn_ethosu_map_row(&op->out), 64);
    int64_t *acc = (int64_t *)(void *)base;
    int32_t *a = (int32_t *)(void *)(acc + row), *b = a + row;
    return (memory){a, b, acc, (uint8_t *)(b + row)};
}

bool mn_ethosu_elementwise_workspace(const mn_ethosu_op *op, size_t *bytes) {
    const size_t row = mn_ethosu_map_row(&op->out);
    return row < SIZE_MAX / 2 && mn_mul_size(mn_round_up(row, 64), 8 + 3 * 4, bytes);
}

/* Repeats one element of each of `runs` runs `times` times; `values` holds them close together at first. */
static void repeat_elements(int32_t *values, size_t runs, size_t times) {
    for (size_t i = runs; i-- > 0;) {
        const int32_t value = values[i];
        for (size_t k = 0; k < times; k++) values[i * times + k] = value;
    }
}

/* Row `y` of IFM2, as large as one of the output. */
static void load_pair(const mn_ethosu_op *op, const mn_ethosu_run *run, int32_t y, uint8_t *raw, int32_t *values) {
    const mn_ethosu_map *map = &op->pair.map;
    const size_t channels = (size_t)op->out.c, columns = (size_t)op->out.w;
    mn_ethosu_map_load(map, run->spaces[map->space], map->h == 1 ? 0 : y, raw, values);
    if (map->c == 1) repeat_elements(values, (size_t)map->w, channels);
    if (map->w > 1) return;
    for (size_t i = channels; i < columns * channels; i++) values[i] = values[i - channels];
}

/* ---- Operations ------------------------------------------------------------------------------------------- */

/* The operand that a program scales by 32 bits, after a left shift. */
static int64_t rescale(const mn_ethosu_pair *p, int32_t x, int32_t left) {
    const int32_t shift = p->shift + left - 31;
    const int32_t shifted = (int32_t)((uint32_t)x << left);
    return mn_ethosu_round_shift(mn_ethosu_high_mul(shifted, p->scale[0]), mn_max_i32(shift, 0));
}

/* The sum's two terms, in `acc` and returned. TensorFlow Lite shifts operands of 8 bits left by 20, of 16 bits by 15.
 */
static void add(const mn_ethosu_op *op, const memory *m, size_t count, bool subtract) {
    const mn_ethosu_pair *p = &op->pair;
    const int32_t left = op->in.bytes == 1 ? 20 : 15;
    for (size_t i = 0; i < count; i++) {
        int64_t a = m->a[i], b = m->b[i];
        if (p->scaled == 0) {
            a *= (int64_t)p->scale[0];
            b *= (int64_t)p->scale[1];
        } else if (p->scaled == 1) {
            a = rescale(p, m->a[i], left);
            b *= INT64_C(1) << (left - 1);
        } else if (p->scaled == 2) {
            a *= INT64_C(1) << (left - 1);
            b = rescale(p, m->b[i], left);
        }
        m->acc[i] = subtract ? a - b : a + b;
    }
}

static int32_t leading_zeros(int32_t x) {
    int32_t count = 0;
    for (uint32_t bits = (uint32_t)x; count < 32 && bits >> 31 == 0; bits <<= 1) count++;
    return count;
}

static int64_t shift_right(int64_t a, int32_t b, int32_t rounding) {
    const int32_t shift = mn_clamp_i32(b, 0, 62);
    if (rounding == MN_NPU_ROUND_TFL) return mn_ethosu_round_shift(a, shift);
    if (rounding == MN_NPU_ROUND_TRUNCATE || shift == 0) return a >> shift;
    return (a + (INT64_C(1) << (shift - 1))) >> shift;
}

static int32_t shift_left(int32_t a, int32_t b) { return b < 0 || b > 31 ? 0 : (int32_t)((uint32_t)a << b); }

static void compute(const mn_ethosu_op *op, const memory *m, size_t count) {
    const int32_t *a = m->a, *b = m->b;
    int64_t *acc = m->acc;
    switch (op->mode) {
    case MN_NPU_ADD: add(op, m, count, false); break;
    case MN_NPU_SUB: add(op, m, count, true); break;
    case MN_NPU_MUL:
        for (size_t i = 0; i < count; i++) acc[i] = (int64_t)a[i] * b[i];
        break;
    case MN_NPU_MIN:
        for (size_t i = 0; i < count; i++) acc[i] = mn_min_i32(a[i], b[i]);
        break;
    case MN_NPU_MAX:
        for (size_t i = 0; i < count; i++) acc[i] = mn_max_i32(a[i], b[i]);
        break;
    case MN_NPU_LRELU:
        for (size_t i = 0; i < count; i++) acc[i] = a[i];
        break;
    case MN_NPU_ABS:
        for (size_t i = 0; i < count; i++) acc[i] = a[i] < 0 ? -(int64_t)a[i] : a[i];
        break;
    case MN_NPU_CLZ:
        for (size_t i = 0; i < count; i++) acc[i] = leading_zeros(a[i]);
        break;
    case MN_NPU_SHR:
        for (size_t i = 0; i < count; i++) acc[i] = shift_right(a[i], b[i], op->finish.rounding);
        break;
    default:
        for (size_t i = 0; i < count; i++) acc[i] = shift_left(a[i], b[i]);
        break;
    }
}

void mn_ethosu_elementwise_run(const mn_ethosu_op *op, const mn_ethosu_run *run) {
    const size_t count = mn_ethosu_map_row(&op->out);
    const memory m = lay_out(op, run->workspace);
    const mn_ethosu_pair *p = &op->pair;
    int32_t *first = p->reversed ? m.b : m.a, *second = p->reversed ? m.a : m.b;
    for (int32_t y = 0; y < op->out.h; y++) {
        mn_ethosu_map_load(&op->in, run->spaces[op->in.space], y, m.raw, first);
        if (p->is_scalar) {
            for (size_t i = 0; i < count; i++) second[i] = p->scalar;
        } else if (!mn_npu_is_unary(op->mode)) {
            load_pair(op, run, y, m.raw, second);
        }
        compute(op, &m, count);
        /* The first operand's memory is free by now. */
        mn_ethosu_finish_row(op, run, m.acc, m.a);
        mn_ethosu_map_store(&op->out, run->spaces[op->out.space], y, m.raw, m.a);
    }
}
