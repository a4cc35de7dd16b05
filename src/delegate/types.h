/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Types of elements that this library and TensorFlow Lite both have. */
#ifndef MN_DELEGATE_TYPES_H
#define MN_DELEGATE_TYPES_H

#include "delegate/tflite_abi.h"
#include "mobilenet.h"

static const struct {
    mn_type own;
    tfl_type theirs;
} mn_tfl_types[] = {
    {MN_FLOAT32, TFL_FLOAT32}, {MN_FLOAT16, TFL_FLOAT16}, {MN_INT8, TFL_INT8},   {MN_UINT8, TFL_UINT8},
    {MN_INT16, TFL_INT16},     {MN_INT32, TFL_INT32},     {MN_INT64, TFL_INT64},
};

/** TFL_NO_TYPE where TensorFlow Lite has none. */
static inline tfl_type mn_type_to_tfl(mn_type type) {
    for (size_t i = 0; i < sizeof mn_tfl_types / sizeof *mn_tfl_types; i++) {
        if (mn_tfl_types[i].own == type) return mn_tfl_types[i].theirs;
    }
    return TFL_NO_TYPE;
}

/** MN_NONE where this library has none. */
static inline mn_type mn_type_from_tfl(tfl_type type) {
    for (size_t i = 0; i < sizeof mn_tfl_types / sizeof *mn_tfl_types; i++) {
        if (mn_tfl_types[i].theirs == type) return mn_tfl_types[i].own;
    }
    return MN_NONE;
}

#endif
