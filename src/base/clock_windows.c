/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/clock.h"

#include "base/system.h"

#ifdef MN_CLOCK_WINDOWS

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

uint64_t mn_clock_ns(void) {
    LARGE_INTEGER now, per_second;
    QueryPerformanceFrequency(&per_second);
    QueryPerformanceCounter(&now);
    const uint64_t ticks = (uint64_t)now.QuadPart, rate = (uint64_t)per_second.QuadPart;
    return ticks / rate * 1000000000U + ticks % rate * 1000000000U / rate;
}

#endif
