/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Names and descriptions come from the file and go to terminals and JSON: made harmless once, here. */
#ifndef MN_TFLITE_TEXT_H
#define MN_TFLITE_TEXT_H

#include "base/region.h"
#include "mobilenet.h"

/** A terminated copy of `length` bytes that is valid UTF-8 without control characters: each byte that is neither
 *  is replaced by '?'. NULL when out of memory. */
char *mn_tfl_text(mn_region *region, const uint8_t *bytes, size_t length);

#endif
