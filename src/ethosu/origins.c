/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "ethosu/origins.h"

#include <string.h>

const uint8_t *mn_ethosu_origins_find(const mn_ethosu_origins *origins, const mn_ethosu_memory *memory, int32_t space,
                                      size_t begin, size_t bytes) {
    if (memory->constant[space] != NULL) return memory->constant[space] + begin;
    for (int32_t i = 0; i < origins->count; i++) {
        const mn_ethosu_origin *o = &origins->known[i];
        if (o->space == space && o->begin <= begin && begin <= o->end && bytes <= o->end - begin) {
            return o->data + (begin - o->begin);
        }
    }
    return NULL;
}

/* Without room the oldest goes. */
static void add(mn_ethosu_origins *origins, mn_ethosu_origin one) {
    if (one.begin == one.end) return;
    if (origins->count == MN_ETHOSU_ORIGINS) {
        origins->count--;
        memmove(origins->known, origins->known + 1, (size_t)origins->count * sizeof *origins->known);
    }
    origins->known[origins->count++] = one;
}

void mn_ethosu_origins_forget(mn_ethosu_origins *origins, int32_t space, size_t begin, size_t end) {
    for (int32_t i = origins->count - 1; i >= 0; i--) {
        const mn_ethosu_origin o = origins->known[i];
        if (o.space != space || o.end <= begin || end <= o.begin) continue;
        origins->count--;
        memmove(origins->known + i, origins->known + i + 1, (size_t)(origins->count - i) * sizeof o);
        /* What is left of it on either side; both lie outside [begin, end), so that they are not met again. */
        if (o.begin < begin) add(origins, (mn_ethosu_origin){space, o.begin, begin, o.data});
        if (end < o.end) add(origins, (mn_ethosu_origin){space, end, o.end, o.data + (end - o.begin)});
    }
}

void mn_ethosu_origins_copy(mn_ethosu_origins *origins, const mn_ethosu_memory *memory, const mn_ethosu_copy *copy) {
    const uint8_t *data = mn_ethosu_origins_find(origins, memory, copy->from_space, copy->from, copy->bytes);
    mn_ethosu_origins_forget(origins, copy->to_space, copy->to, copy->to + copy->bytes);
    if (data) add(origins, (mn_ethosu_origin){copy->to_space, copy->to, copy->to + copy->bytes, data});
}
