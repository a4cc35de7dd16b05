/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/checked.h"
#include "checkkernels/check.h"
#include "kernels/quant.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next64(check_rng *r) {
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t check_hash(const void *data, size_t bytes) {
    const uint8_t *from = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ from[i]) * UINT64_C(0x100000001b3);
    return hash;
}

check_rng check_rng_for(uint64_t seed, const char *name, int32_t number) {
    check_rng r = {.state = seed ^ check_hash(name, strlen(name))};
    r.state = next64(&r) + (uint64_t)number;
    r.state = next64(&r);
    return r;
}

uint32_t check_next(check_rng *r) { return (uint32_t)(next64(r) >> 32); }

int32_t check_between(check_rng *r, int32_t low, int32_t high) {
    uint64_t span = (uint64_t)((int64_t)high - low) + 1;
    return (int32_t)(low + (int64_t)((check_next(r) * span) >> 32));
}

bool check_one_in(check_rng *r, int32_t n) { return check_between(r, 1, n) == 1; }

int32_t check_size(check_rng *r, int32_t limit) {
    if (check_one_in(r, 3)) return check_between(r, 1, limit);
    int32_t step = 4 << check_between(r, 0, 4);
    int32_t multiple = step * check_between(r, 1, mn_max_i32(1, limit / step));
    return mn_clamp_i32(multiple + check_between(r, -1, 1), 1, limit);
}

float check_scale(check_rng *r) {
    float unit = 1 + ldexpf((float)check_between(r, 0, 1 << 20), -20);
    if (r->plain) return unit / 64;
    return check_one_in(r, 8) ? ldexpf(unit, check_between(r, -24, 10)) : ldexpf(unit, check_between(r, -9, -3));
}

int32_t check_zero_point(check_rng *r, mn_type type) {
    mn_range_i32 range = mn_type_range(type);
    if (type == MN_INT16) return 0;
    switch (check_between(r, 0, 4)) {
    case 0: return range.min;
    case 1: return range.max;
    default: return check_between(r, range.min, range.max);
    }
}

mn_range_i32 check_range_i32(check_rng *r, mn_type type) {
    mn_range_i32 whole = mn_type_range(type);
    if (r->plain || !check_one_in(r, 3)) return whole;
    int32_t a = check_between(r, whole.min, whole.max), b = check_between(r, whole.min, whole.max);
    return (mn_range_i32){mn_min_i32(a, b), mn_max_i32(a, b)};
}

mn_range_f32 check_range_f32(check_rng *r) {
    static const mn_range_f32 ranges[] = {{-FLT_MAX, FLT_MAX}, {0, FLT_MAX}, {0, 6}, {-1, 1}};
    return ranges[check_between(r, 0, 3)];
}

/* How data are drawn: 0 to PLAIN, the last and most others being uniform. Floats may all be subnormal, or so large that
 * products of both show. */
enum { TINY = 2, VAST = 3, PLAIN = 7 };

static void fill_int(check_rng *r, uint8_t *data, size_t count, size_t bytes, mn_range_i32 range) {
    int32_t mode = r->plain ? PLAIN : check_between(r, 0, PLAIN);
    for (size_t i = 0; i < count; i++) {
        int32_t value = check_between(r, range.min, range.max);
        if (mode == 0) value = range.min;
        if (mode == 1) value = range.max;
        if (mode == 2) value = check_one_in(r, 2) ? range.min : range.max;
        memcpy(data + i * bytes, &value, bytes); /* little-endian */
    }
}

static float strange_float(check_rng *r) {
    static const float values[] = {0.0f, -0.0f, FLT_MIN / 4, -FLT_MIN / 4, 3e38f, -3e38f, INFINITY, -INFINITY};
    return values[check_between(r, 0, 7)];
}

static void fill_float(check_rng *r, float *data, size_t count) {
    int32_t mode = r->plain ? PLAIN : check_between(r, 0, PLAIN);
    for (size_t i = 0; i < count; i++) {
        const int exponent = mode == TINY ? -151 : mode == VAST ? 102 : mode < 4 ? -22 : -26;
        data[i] = ldexpf((float)check_between(r, -(1 << 24), 1 << 24), exponent);
        if (mode == 0 && check_one_in(r, 2)) data[i] = check_one_in(r, 2) ? 0.0f : -0.0f;
        if (mode == 1 && check_one_in(r, 4)) data[i] = strange_float(r);
    }
}

void check_fill(check_rng *r, mn_type type, void *data, size_t count) {
    if (type == MN_FLOAT32) {
        fill_float(r, data, count);
    } else if (check_is_quantized(type)) {
        fill_int(r, data, count, mn_type_size(type), mn_type_range(type));
    } else {
        uint8_t *bytes = data;
        size_t size = type == MN_NONE ? 1 : mn_type_size(type);
        for (size_t i = 0; i < count * size; i++) bytes[i] = (uint8_t)check_next(r);
    }
}

void check_fill_weights(check_rng *r, mn_type type, void *data, size_t count) {
    if (type == MN_INT8)
        fill_int(r, data, count, 1, (mn_range_i32){-127, 127});
    else
        check_fill(r, type, data, count);
}
