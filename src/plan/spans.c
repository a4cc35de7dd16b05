/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/spans.h"

#include <string.h>

#include "base/checked.h"

/* The first span that ends at `offset` or behind it. */
static int32_t find(const mn_spans *spans, size_t offset) {
    int32_t low = 0, high = spans->count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (spans->of[middle].end < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool reserve(mn_spans *spans, mn_region *region) {
    enum { FIRST = 4 };
    if (spans->count < spans->capacity) return true;
    const int32_t capacity = spans->capacity ? 2 * spans->capacity : FIRST;
    mn_span *of = mn_region_alloc(region, (size_t)capacity, sizeof *of);
    if (!of) return false;
    if (spans->count > 0) memcpy(of, spans->of, (size_t)spans->count * sizeof *of);
    spans->of = of;
    spans->capacity = capacity;
    return true;
}

bool mn_spans_add(mn_spans *spans, mn_region *region, size_t begin, size_t end) {
    const int32_t first = find(spans, begin);
    int32_t last = first; /* behind those that touch the new one */
    while (last < spans->count && spans->of[last].begin <= end) last++;
    if (last == first && !reserve(spans, region)) return false;
    if (last > first) {
        begin = mn_min_size(begin, spans->of[first].begin);
        end = mn_max_size(end, spans->of[last - 1].end);
    }
    memmove(&spans->of[first + 1], &spans->of[last], (size_t)(spans->count - last) * sizeof *spans->of);
    spans->of[first] = (mn_span){begin, end};
    spans->count += 1 - (last - first);
    return true;
}

size_t mn_spans_step(const mn_spans *spans, size_t offset, size_t bytes) {
    const int32_t i = find(spans, offset + 1);
    return i < spans->count && spans->of[i].begin < offset + bytes ? spans->of[i].end : offset;
}
