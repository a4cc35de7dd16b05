/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Time for measuring durations. */
#ifndef MN_BASE_CLOCK_H
#define MN_BASE_CLOCK_H

#include <stdint.h>

/** Nanoseconds since some fixed moment; never goes back. */
uint64_t mn_clock_ns(void);

#endif
