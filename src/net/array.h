/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* An array of numbers as a file of weights holds it, in whatever type and order; and reading it as floats. */
#ifndef MN_NET_ARRAY_H
#define MN_NET_ARRAY_H

#include "base/status.h"

#define MN_ARRAY_MAX_RANK 6
#define MN_ARRAY_MAX_COUNT ((size_t)1 << 28) /* elements: 1 GiB of floats */

typedef enum mn_array_type {
    MN_ARRAY_F16,
    MN_ARRAY_BF16, /* the upper half of a float32 */
    MN_ARRAY_F32,
    MN_ARRAY_F64,
    MN_ARRAY_I64,
    MN_ARRAY_I32,
    MN_ARRAY_OTHER, /* nothing that is read here */
} mn_array_type;

typedef struct mn_array {
    const char *name;
    mn_array_type type;
    int32_t rank;
    int32_t dims[MN_ARRAY_MAX_RANK];   /* each 0 or more */
    size_t strides[MN_ARRAY_MAX_RANK]; /* in elements */
    size_t count;                      /* the product of dims, at most MN_ARRAY_MAX_COUNT */
    const uint8_t *data;               /* the first element; little-endian, not aligned; NULL: elsewhere */
} mn_array;

/** Bytes of an element; 0 for OTHER. */
size_t mn_array_type_size(mn_array_type type);

/** Sets rank, dims, count, and strides for elements without gaps, last dimension fastest; false, with `array` as it
 *  was, when rank or count are over their limits or a dimension is below 0. */
bool mn_array_set_shape(mn_array *array, int32_t rank, const int64_t *dims);

/** The elements from the first to the last, by strides: how many must be there. 0 for an empty array; SIZE_MAX when
 *  that does not fit. */
size_t mn_array_span(const mn_array *array);

/** Reads all elements of a float type with dimensions in the order `order` [rank]: out[i][j].. is the element whose
 *  place in dimension order[0] is i, in order[1] j. */
void mn_array_read_floats(const mn_array *array, const int32_t *order, float *out);

/** Element `index`, counted in the order of the shape, of an integer type. */
int64_t mn_array_integer(const mn_array *array, size_t index);

/** "32x3x3x3" for sentences; "a single number" without dimensions. */
#define MN_ARRAY_SHAPE_CHARS 80
void mn_array_shape_text(const mn_array *array, char text[MN_ARRAY_SHAPE_CHARS]);

/** The float with the 16 bits of IEEE's binary16. */
float mn_half_to_float(uint16_t bits);

#endif
