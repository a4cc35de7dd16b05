/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Constant weights rearranged for kernels: plain elements of a fixed width, without pointers or headers, at places that
 * a few numbers tell. A kernel that runs here reads them from memory, generated C holds them as an array of numbers.
 * Elements wider than a byte have the byte order of the machine that packs. */
#ifndef MN_KERNELS_PACKED_H
#define MN_KERNELS_PACKED_H

#include "mobilenet.h"

/** Weights as models have them. A product is one weight of an output channel times the input that it meets. */
typedef struct mn_raw_weights {
    const void *data;
    mn_type type;                             /* MN_INT8, MN_UINT8 or MN_FLOAT32 */
    int32_t channels;                         /* output channels, >= 1 */
    int64_t products;                         /* of each channel, >= 1 */
    ptrdiff_t channel_stride, product_stride; /* elements from one to the next */
} mn_raw_weights;

/** [channels][products]: CONV_2D, whose products run over filter rows, filter columns and input channels, and
 *  FULLY_CONNECTED. */
mn_raw_weights mn_raw_rows(const void *data, mn_type type, int32_t channels, int64_t products);

/** [products][channels]: DEPTHWISE_CONV_2D, whose products are the taps of the filter. */
mn_raw_weights mn_raw_taps(const void *data, mn_type type, int32_t channels, int64_t products);

/** Panels of some channels, their products in groups: [panel][group][channel of the panel][product of the group].
 *
 *    what reads it                                        type        channels  products
 *    dot products of four bytes, 8 or 16 sums (SDOT, VNNI) MN_INT8     8, 16     4
 *    pairs of bytes multiplied to 16 bits (SMULL, SMLAL)   MN_INT8     4         16
 *    sums that compilers find by themselves (portable/)    MN_INT16    4         all, rounded up
 *    one vector of channels after another (floats, taps)   any         16        1                                 */
typedef struct mn_packed_layout {
    mn_type type;               /* of the elements: MN_INT8, MN_UINT8 or MN_INT16 of 8-bit weights, or MN_FLOAT32 */
    int32_t channels, products; /* of a panel and of a group, >= 1 */
    int32_t offset;             /* added to every weight: its zero point's negative, or 128 to change the sign; the sums
                                 * must fit the type. 0 for floats */
    int32_t padding;            /* the element where a panel has no such channel or a group no such product */
} mn_packed_layout;

/** Bytes that weights take when packed; false when that overflows. */
bool mn_packed_bytes(const mn_packed_layout *layout, int32_t channels, int64_t products, size_t *out);

/** The element that holds a channel's product, of weights with so many products. */
size_t mn_packed_index(const mn_packed_layout *layout, int64_t products, int32_t channel, int64_t product);

/** Writes mn_packed_bytes(). */
void mn_packed_write(const mn_raw_weights *weights, const mn_packed_layout *layout, void *packed);

#endif
