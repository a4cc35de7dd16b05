/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Little-endian values, as most files keep them, at any address of a machine of either byte order. */
#ifndef MN_BASE_LITTLE_H
#define MN_BASE_LITTLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t mn_le16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t mn_le32(const uint8_t *p) { return mn_le16(p) | (uint32_t)mn_le16(p + 2) << 16; }
static inline uint64_t mn_le64(const uint8_t *p) { return mn_le32(p) | (uint64_t)mn_le32(p + 4) << 32; }

/** Writes the lower `size` bytes, at most 8, of `value`. */
static inline void mn_put_le(uint8_t *to, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) to[i] = (uint8_t)(value >> 8 * i);
}

static inline float mn_le_f32(const uint8_t *p) {
    const uint32_t bits = mn_le32(p);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline double mn_le_f64(const uint8_t *p) {
    const uint64_t bits = mn_le64(p);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
