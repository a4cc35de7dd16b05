/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "ethosu/finish.h"

#include "base/little.h"
#include "ethosu/registers.h"

/* (int32_t)x modulo 2^32, as the reference's accumulators. */
static inline int32_t wrap(int64_t x) { return (int32_t)(uint32_t)(uint64_t)x; }

/* Two roundings, as TensorFlow Lite: of the product's upper half, then of the shift. */
static inline int64_t scale_tfl(int64_t x, uint32_t scale, int32_t shift) {
    if (scale == 1) return mn_ethosu_round_shift(x, shift);
    if (shift < 31) return mn_ethosu_high_mul(wrap((int64_t)((uint64_t)x << (31 - shift))), scale);
    return mn_ethosu_round_shift(mn_ethosu_high_mul(wrap(x), scale), shift - 31);
}

/* The product of a sum of up to 47 bits and a scale of 16, or of 32 and 32. */
static inline int64_t product(int64_t x, uint32_t scale) {
    const int64_t most = INT64_C(1) << (scale > UINT16_MAX ? 31 : 46);
    const int64_t inside = x < -most ? -most : x > most - 1 ? most - 1 : x;
    return inside * (int64_t)scale;
}

/* One rounding: halves upward, or towards zero. */
static inline int64_t scale_natural(int64_t x, uint32_t scale, int32_t shift) {
    if (shift == 0) return product(x, scale);
    return ((product(x, scale) >> (shift - 1)) + 1) >> 1;
}

static inline int64_t scale_truncate(int64_t x, uint32_t scale, int32_t shift) {
    const int64_t p = product(x, scale);
    return p < 0 ? -(-p >> shift) : p >> shift;
}

static inline int64_t scale_one(int64_t x, uint32_t scale, int32_t shift, int32_t rounding) {
    if (rounding == MN_NPU_ROUND_TFL) return scale_tfl(x, scale, shift);
    return rounding == MN_NPU_ROUND_NATURAL ? scale_natural(x, scale, shift) : scale_truncate(x, scale, shift);
}

/* A product of 64 bits by its shift alone, with the same two roundings. */
static inline int64_t shift_product(int64_t x, int32_t shift) {
    if (shift == 0) return x;
    const int64_t wide = shift < 31 ? (int64_t)((uint64_t)x << (31 - shift)) : x;
    return mn_ethosu_round_shift(((wide >> 30) + 1) >> 1, shift < 31 ? 0 : shift - 31);
}

static inline int64_t scaled(const mn_ethosu_finish *f, int64_t acc, size_t channel) {
    if (f->scaling == MN_ETHOSU_UNSCALED || (f->negative_only && acc >= 0)) return acc;
    if (f->shift_only) return shift_product(acc, f->scale.shift);
    if (f->scaling == MN_ETHOSU_SCALED) return scale_one(acc, f->scale.scale, f->scale.shift, f->rounding);
    const mn_ethosu_scale *s = &f->scales[channel];
    return scale_one(acc + s->bias, s->scale, s->shift, f->rounding);
}

static inline int32_t clamp(int64_t x, int32_t low, int32_t high) {
    return x < low ? low : x > high ? high : (int32_t)x;
}

/* Between 512 values of 16 bits lie straight lines of 128 steps: an entry holds a value, and above it the slope. */
static int32_t look_up_between(const uint8_t *table, int64_t value) {
    const int32_t x = clamp(value, INT16_MIN, INT16_MAX) - INT16_MIN;
    const uint32_t entry = mn_le32(table + (size_t)(x >> 7) * 4);
    const int32_t base = (int16_t)(entry & 0xffff), slope = (int16_t)(entry >> 16);
    return clamp(base + ((slope * (x & 127) + 64) >> 7), INT16_MIN, INT16_MAX);
}

static int32_t look_up(const mn_ethosu_finish *f, const uint8_t *tables, int32_t bytes, int64_t value) {
    const uint8_t *table = tables + f->table;
    if (bytes == 2) return look_up_between(table, value);
    const int32_t entry = clamp(value, f->table_low, f->table_low + 255) - f->table_low;
    return bytes == 4 ? (int32_t)mn_le32(table + (size_t)entry * 4) : table[entry];
}

void mn_ethosu_finish_row(const mn_ethosu_op *op, const mn_ethosu_run *run, const int64_t *acc, int32_t *values) {
    const mn_ethosu_finish *f = &op->finish;
    const size_t channels = (size_t)op->out.c;
    for (size_t x = 0; x < (size_t)op->out.w; x++, acc += channels, values += channels) {
        for (size_t c = 0; c < channels; c++) {
            const int64_t value = scaled(f, acc[c], c) + f->zero;
            values[c] = f->table < 0 ? clamp(value, f->low, f->high)
                                     : look_up(f, run->spaces[MN_ETHOSU_TABLES], op->out.bytes, value);
        }
    }
}

void mn_ethosu_look_up_bytes(const mn_ethosu_op *op, const mn_ethosu_run *run, uint8_t *values, size_t count) {
    const uint8_t *table = run->spaces[MN_ETHOSU_TABLES] + op->finish.table;
    const int32_t low = op->finish.table_low;
    for (size_t i = 0; i < count; i++) values[i] = table[(uint8_t)(values[i] - low)];
}
