/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A feature map: where the elements of an image lie in one of the NPU's memories. */
#ifndef MN_ETHOSU_MAP_H
#define MN_ETHOSU_MAP_H

#include "base/checked.h"

/** Up to four tiles make a map, so that it can go round in a buffer: columns from `tile_w` on are to the right, and in
 *  each half the rows from its height on are below. In each tile an element is at
 *      NHWC:    base + y * stride_y + x * stride_x + c * bytes
 *      NHCWB16: base + y * stride_y + (c / 16) * stride_c + (x * 16 + c % 16) * bytes. */
typedef struct mn_ethosu_map {
    int32_t space;     /* which memory */
    int32_t bytes;     /* of an element: 1, 2 or 4 */
    bool is_signed;    /* 4 bytes always are */
    bool bricks;       /* NHCWB16 */
    int32_t h, w, c;   /* elements that are used */
    int32_t zero;      /* zero point */
    int32_t tile_h[2]; /* rows of the upper tiles: left, right */
    int32_t tile_w;    /* columns of the left tiles */
    int64_t base[4];   /* upper left, upper right, lower left, lower right; in bytes, as the strides */
    int64_t stride_y, stride_x, stride_c;
} mn_ethosu_map;

/** The bytes [*begin, *end) of its memory that a map touches. False when they do not fit a memory of `bytes`. */
bool mn_ethosu_map_extent(const mn_ethosu_map *map, size_t bytes, size_t *begin, size_t *end);

/** Elements of one row. */
static inline size_t mn_ethosu_map_row(const mn_ethosu_map *map) { return (size_t)map->w * (size_t)map->c; }

/** Copies row `y` to [w][c] elements, and back. `memory` is that of the map. */
void mn_ethosu_map_gather(const mn_ethosu_map *map, const uint8_t *memory, int32_t y, uint8_t *row);
void mn_ethosu_map_scatter(const mn_ethosu_map *map, uint8_t *memory, int32_t y, const uint8_t *row);

/** The same of numbers: stored values less the zero point; values to store, which fit. `raw` has room for a row. */
void mn_ethosu_map_load(const mn_ethosu_map *map, const uint8_t *memory, int32_t y, uint8_t *raw, int32_t *values);
void mn_ethosu_map_store(const mn_ethosu_map *map, uint8_t *memory, int32_t y, uint8_t *raw, const int32_t *values);

#endif
