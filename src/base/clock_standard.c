/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/clock.h"

#include "base/system.h"

#ifdef MN_CLOCK_STANDARD

#include <time.h>

/* C11 has no clock that never goes back; whoever sets this one's time meanwhile gets a wrong duration. */
uint64_t mn_clock_ns(void) {
    struct timespec now;
    if (timespec_get(&now, TIME_UTC) != TIME_UTC) return 0;
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

#endif
