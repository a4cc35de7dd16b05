/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A set of bytes: spans in order that neither overlap nor touch. */
#ifndef MN_PLAN_SPANS_H
#define MN_PLAN_SPANS_H

#include "base/region.h"
#include "base/status.h"

typedef struct mn_span {
    size_t begin, end;
} mn_span;

/** Starts as {0}. */
typedef struct mn_spans {
    mn_span *of;
    int32_t count, capacity;
} mn_spans;

/** Adds [begin, end); false when out of memory. */
bool mn_spans_add(mn_spans *spans, mn_region *region, size_t begin, size_t end);

/** The lowest offset from `offset` on at which `bytes` bytes meet nothing of the set, where the first span in the way,
 *  if any, is the only one looked at: its end. */
size_t mn_spans_step(const mn_spans *spans, size_t offset, size_t bytes);

#endif
