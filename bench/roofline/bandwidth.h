/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How fast one core reads and writes, by how much memory it goes over again and again. */
#ifndef MN_ROOFLINE_BANDWIDTH_H
#define MN_ROOFLINE_BANDWIDTH_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { BANDWIDTH_FIRST_LOG2 = 13, BANDWIDTH_LAST_LOG2 = 27 }; /* 8 KiB to 128 MiB, in powers of two */
enum { BANDWIDTH_POINTS = BANDWIDTH_LAST_LOG2 - BANDWIDTH_FIRST_LOG2 + 1 };

/** Bytes per nanosecond, which is GB/s. Point i: 2^(BANDWIDTH_FIRST_LOG2 + i) bytes. */
typedef struct bandwidth {
    double read[BANDWIDTH_POINTS], write[BANDWIDTH_POINTS];
} bandwidth;

size_t bandwidth_bytes(int32_t point);

/** Measures each point for about `milliseconds` in all. Errors: MEMORY. */
mn_status bandwidth_measure(int32_t milliseconds, bandwidth *out);

/** The point of the smallest measured size that holds `bytes`; the last for more. */
int32_t bandwidth_point(size_t bytes);

#endif
