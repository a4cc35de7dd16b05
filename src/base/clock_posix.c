/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _POSIX_C_SOURCE 200809L /* clock_gettime */

#include "base/clock.h"

#include "base/system.h"

#ifdef MN_CLOCK_POSIX

#include <time.h>

uint64_t mn_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

#endif
