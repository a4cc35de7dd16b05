/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which bytes of which memory are a constant's at a point of a program: weights are decoded before it runs, wherever it
 * copies them first. */
#ifndef MN_ETHOSU_ORIGINS_H
#define MN_ETHOSU_ORIGINS_H

#include "ethosu/operation.h"

/** The memories that a program works on. */
typedef struct mn_ethosu_memory {
    int32_t of_region[MN_ETHOSU_SPACES];           /* which of the memories below; -1: the region is not there */
    size_t bytes[MN_ETHOSU_ALL_SPACES];            /* of each */
    const uint8_t *constant[MN_ETHOSU_ALL_SPACES]; /* contents; NULL where a run may write */
} mn_ethosu_memory;

/** Bytes [begin, end) of memory `space` hold `data`. */
typedef struct mn_ethosu_origin {
    int32_t space;
    size_t begin, end;
    const uint8_t *data;
} mn_ethosu_origin;

/** The latest that are known; older ones are forgotten. A program keeps a few buffers of weights at a time. */
enum { MN_ETHOSU_ORIGINS = 256 };

typedef struct mn_ethosu_origins {
    int32_t count;
    mn_ethosu_origin known[MN_ETHOSU_ORIGINS];
} mn_ethosu_origins;

/** The constant bytes at [begin, begin + bytes) of memory `space`, all inside it; NULL where that is not one constant.
 */
const uint8_t *mn_ethosu_origins_find(const mn_ethosu_origins *origins, const mn_ethosu_memory *memory, int32_t space,
                                      size_t begin, size_t bytes);

/** Something writes [begin, end) of memory `space`. */
void mn_ethosu_origins_forget(mn_ethosu_origins *origins, int32_t space, size_t begin, size_t end);

/** DMA copies. */
void mn_ethosu_origins_copy(mn_ethosu_origins *origins, const mn_ethosu_memory *memory, const mn_ethosu_copy *copy);

#endif
