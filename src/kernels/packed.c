/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/packed.h"

#include "base/checked.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

mn_raw_weights mn_raw_rows(const void *data, mn_type type, int32_t channels, int64_t products) {
    return (mn_raw_weights){data, type, channels, products, (ptrdiff_t)products, 1};
}

mn_raw_weights mn_raw_taps(const void *data, mn_type type, int32_t channels, int64_t products) {
    return (mn_raw_weights){data, type, channels, products, 1, channels};
}

static int64_t parts(int64_t whole, int32_t size) { return (whole + size - 1) / size; }

/* Elements of a group of products of a panel. */
static size_t group_size(const mn_packed_layout *l) { return (size_t)l->channels * (size_t)l->products; }

bool mn_packed_bytes(const mn_packed_layout *layout, int32_t channels, int64_t products, size_t *out) {
    const size_t element = mn_type_size(layout->type);
    const int64_t groups = parts(products, layout->products);
    return (uint64_t)groups <= SIZE_MAX && mn_mul_size((size_t)layout->channels, (size_t)layout->products, out) &&
           mn_mul_size(*out, (size_t)parts(channels, layout->channels), out) &&
           mn_mul_size(*out, (size_t)groups, out) && mn_mul_size(*out, element, out);
}

size_t mn_packed_index(const mn_packed_layout *layout, int64_t products, int32_t channel, int64_t product) {
    const size_t panel = (size_t)(channel / layout->channels), group = (size_t)(product / layout->products);
    const size_t row = (size_t)(channel % layout->channels), column = (size_t)(product % layout->products);
    return (panel * (size_t)parts(products, layout->products) + group) * group_size(layout) +
           row * (size_t)layout->products + column;
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

/* What becomes of an element; constant where it is used, so that every kind gets loops of its own. Sums of bytes are
 * the same for either sign. */
typedef enum kind { BYTES, WIDE_I8, WIDE_U8, FLOATS } kind;

static kind kind_of(const mn_raw_weights *w, const mn_packed_layout *l) {
    if (w->type == MN_FLOAT32) return FLOATS;
    if (l->type != MN_INT16) return BYTES;
    return w->type == MN_INT8 ? WIDE_I8 : WIDE_U8;
}

/* Bytes of an element. */
static inline size_t raw_width(kind k) { return k == FLOATS ? sizeof(float) : 1; }
static inline size_t packed_width(kind k) { return k == FLOATS ? sizeof(float) : k == BYTES ? 1 : sizeof(int16_t); }

INLINE void put(kind k, const void *from, ptrdiff_t at, int32_t offset, void *to, int32_t i) {
    const uint8_t *bytes = from;
    switch (k) {
    case FLOATS: ((float *)to)[i] = ((const float *)from)[at]; break;
    case BYTES: ((uint8_t *)to)[i] = (uint8_t)(bytes[at] + offset); break;
    case WIDE_I8: ((int16_t *)to)[i] = (int16_t)((int8_t)bytes[at] + offset); break;
    case WIDE_U8: ((int16_t *)to)[i] = (int16_t)(bytes[at] + offset); break;
    }
}

INLINE void pad(kind k, int32_t padding, void *to, int32_t begin, int32_t end) {
    for (int32_t i = begin; i < end; i++) {
        switch (k) {
        case FLOATS: ((float *)to)[i] = (float)padding; break;
        case BYTES: ((uint8_t *)to)[i] = (uint8_t)padding; break;
        default: ((int16_t *)to)[i] = (int16_t)padding; break;
        }
    }
}

/* `count` weights, `stride` elements apart. The lengths of usual panels and groups have loops of their own, which
 * compilers unroll: a third of the time. */
INLINE void write_run(kind k, const mn_packed_layout *l, const void *from, ptrdiff_t stride, int32_t count,
                      void *restrict to) {
    if (stride != 1 && count == 16) {
        for (int32_t i = 0; i < 16; i++) put(k, from, i * stride, l->offset, to, i);
    } else if (stride != 1) {
        for (int32_t i = 0; i < count; i++) put(k, from, i * stride, l->offset, to, i);
    } else if (count == 4) {
        for (int32_t i = 0; i < 4; i++) put(k, from, i, l->offset, to, i);
    } else {
        for (int32_t i = 0; i < count; i++) put(k, from, i, l->offset, to, i);
    }
}

/* Groups of single products: `channels` weights at a time. */
INLINE void write_columns(kind k, const mn_raw_weights *w, const mn_packed_layout *l, const uint8_t *from,
                          int32_t channels, uint8_t *to) {
    const ptrdiff_t stride = w->product_stride * (ptrdiff_t)raw_width(k);
    const size_t bytes = (size_t)l->channels * packed_width(k);
    for (int64_t product = 0; product < w->products; product++, from += stride, to += bytes) {
        write_run(k, l, from, w->channel_stride, channels, to);
        pad(k, l->padding, to, channels, l->channels);
    }
}

/* Whole groups of `width` bytes that follow each other, each as one number; `flip` is xored to every byte. */
INLINE void copy_groups(size_t width, const uint8_t *row, ptrdiff_t stride, int32_t channels, uint32_t flip,
                        uint8_t *restrict to) {
    for (int32_t c = 0; c < channels; c++, row += stride, to += width) {
        uint32_t group = 0;
        memcpy(&group, row, width);
        group ^= flip * 0x01010101u;
        memcpy(to, &group, width);
    }
}

/* Does copy_groups() what write_groups() would for one group of all channels? To add 128, or to take it off, is to
 * flip the top bit. */
INLINE bool copies_groups(kind k, const mn_raw_weights *w, const mn_packed_layout *l, const uint8_t *row,
                          int32_t channels, int32_t products, uint8_t *to) {
    if (k != BYTES || w->product_stride != 1 || products != l->products || l->offset % 128 != 0) return false;
    const uint32_t flip = l->offset == 0 ? 0 : 0x80;
    switch (products) {
    case 2: copy_groups(2, row, w->channel_stride, channels, flip, to); return true;
    case 4: copy_groups(4, row, w->channel_stride, channels, flip, to); return true;
    default: return false;
    }
}

/* Groups of several: those of one channel after another. */
INLINE void write_groups(kind k, const mn_raw_weights *w, const mn_packed_layout *l, const uint8_t *from,
                         int32_t channels, uint8_t *to) {
    const size_t bytes = (size_t)l->products * packed_width(k);
    for (int64_t product = 0; product < w->products; product += l->products) {
        const int64_t left = w->products - product;
        const int32_t products = left < l->products ? (int32_t)left : l->products;
        const uint8_t *row = from + product * w->product_stride * (ptrdiff_t)raw_width(k);
        if (copies_groups(k, w, l, row, channels, products, to)) {
            to += bytes * (size_t)channels;
        } else {
            for (int32_t c = 0; c < channels; c++, row += w->channel_stride * (ptrdiff_t)raw_width(k), to += bytes) {
                write_run(k, l, row, w->product_stride, products, to);
                pad(k, l->padding, to, products, l->products);
            }
        }
        pad(k, l->padding, to, 0, (l->channels - channels) * l->products);
        to += bytes * (size_t)(l->channels - channels);
    }
}

INLINE void write_panels(kind k, const mn_raw_weights *w, const mn_packed_layout *l, uint8_t *to) {
    const size_t bytes = (size_t)parts(w->products, l->products) * group_size(l) * packed_width(k);
    for (int32_t first = 0; first < w->channels; first += l->channels, to += bytes) {
        const uint8_t *from = (const uint8_t *)w->data + first * w->channel_stride * (ptrdiff_t)raw_width(k);
        const int32_t channels = mn_min_i32(l->channels, w->channels - first);
        if (l->products == 1) {
            write_columns(k, w, l, from, channels, to);
        } else {
            write_groups(k, w, l, from, channels, to);
        }
    }
}

void mn_packed_write(const mn_raw_weights *weights, const mn_packed_layout *layout, void *packed) {
    switch (kind_of(weights, layout)) {
    case BYTES: write_panels(BYTES, weights, layout, packed); break;
    case WIDE_I8: write_panels(WIDE_I8, weights, layout, packed); break;
    case WIDE_U8: write_panels(WIDE_U8, weights, layout, packed); break;
    case FLOATS: write_panels(FLOATS, weights, layout, packed); break;
    }
}
