/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Stored values of quantised activations. */
#ifndef MN_GRAPH_STORED_H
#define MN_GRAPH_STORED_H

#include "mobilenet.h"

/** Is `type` one that activations are quantised in: int8, uint8 or int16? */
static inline bool mn_is_stored(mn_type type) { return type == MN_INT8 || type == MN_UINT8 || type == MN_INT16; }

/** The least and the largest value of such a type. */
static inline int32_t mn_stored_lowest(mn_type type) {
    return type == MN_INT16 ? INT16_MIN : type == MN_INT8 ? INT8_MIN : 0;
}
static inline int32_t mn_stored_highest(mn_type type) {
    return type == MN_INT16 ? INT16_MAX : type == MN_INT8 ? INT8_MAX : UINT8_MAX;
}

/** Value `i` of a tensor of such a type. */
static inline int32_t mn_stored_at(mn_type type, const void *data, size_t i) {
    if (type == MN_INT16) return ((const int16_t *)data)[i];
    return type == MN_INT8 ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
}

#endif
