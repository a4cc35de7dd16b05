/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "ethosu/map.h"

#include <string.h>

#include "base/little.h"

enum { BRICK = 16 };

/* Distances beyond any memory: products with sizes stay far from overflow. */
#define FURTHEST ((int64_t)1 << 40)

/* ---- Extent ----------------------------------------------------------------------------------------------- */

/* Bytes [low, high) relative to something. */
typedef struct span {
    int64_t low, high;
} span;

/* Repeats it `count` times. */
static bool repeat(span *s, int64_t count, int64_t stride) {
    if (count <= 1) return true;
    if (stride > FURTHEST || stride < -FURTHEST) return false;
    if (stride < 0) s->low += (count - 1) * stride;
    if (stride > 0) s->high += (count - 1) * stride;
    return true;
}

static void unite(span *s, span other) {
    if (other.low < s->low) s->low = other.low;
    if (other.high > s->high) s->high = other.high;
}

/* What one row of one tile takes of its channels and columns. */
static bool row_span(const mn_ethosu_map *map, int32_t columns, span *out) {
    const int64_t bytes = map->bytes;
    if (!map->bricks) {
        *out = (span){0, map->c * bytes};
        return repeat(out, columns, map->stride_x);
    }
    const int32_t full = map->c / BRICK, rest = map->c % BRICK;
    const int64_t before = (columns - 1) * bytes * BRICK;
    *out = (span){0, before + bytes * (full > 0 ? BRICK : rest)};
    if (!repeat(out, full, map->stride_c)) return false;
    if (full == 0 || rest == 0) return true;
    if (map->stride_c > FURTHEST || map->stride_c < -FURTHEST) return false;
    unite(out, (span){full * map->stride_c, full * map->stride_c + before + bytes * rest});
    return true;
}

static bool add_tile(const mn_ethosu_map *map, int32_t tile, int32_t rows, int32_t columns, bool *any, span *all) {
    span s;
    if (rows <= 0 || columns <= 0) return true;
    if (!row_span(map, columns, &s) || !repeat(&s, rows, map->stride_y)) return false;
    s.low += map->base[tile];
    s.high += map->base[tile];
    if (*any) unite(all, s);
    if (!*any) *all = s;
    *any = true;
    return true;
}

bool mn_ethosu_map_extent(const mn_ethosu_map *map, size_t bytes, size_t *begin, size_t *end) {
    const int32_t left = mn_min_i32(map->w, map->tile_w);
    span all = {0, 0};
    bool any = false;
    for (int32_t side = 0; side < 2; side++) {
        const int32_t columns = side == 0 ? left : map->w - left;
        const int32_t upper = mn_min_i32(map->h, map->tile_h[side]);
        if (!add_tile(map, side, upper, columns, &any, &all)) return false;
        if (!add_tile(map, side + 2, map->h - upper, columns, &any, &all)) return false;
    }
    if (all.low < 0 || (uint64_t)all.high > bytes) return false;
    *begin = (size_t)all.low;
    *end = (size_t)all.high;
    return true;
}

/* ---- Rows ------------------------------------------------------------------------------------------------- */

/* Where the columns of one half of a row begin. */
static ptrdiff_t place(const mn_ethosu_map *map, int32_t side, int32_t y) {
    const bool below = y >= map->tile_h[side];
    const int64_t row = below ? y - map->tile_h[side] : y;
    return (ptrdiff_t)(map->base[side + 2 * below] + row * map->stride_y);
}

/* Copies elements that lie together both in the map and in the row. */
static inline void copy(uint8_t *memory, uint8_t *row, size_t bytes, bool back) {
    if (back) memcpy(memory, row, bytes);
    if (!back) memcpy(row, memory, bytes);
}

static inline void copy_bricks(const mn_ethosu_map *map, uint8_t *memory, int32_t columns, uint8_t *row, bool back) {
    const size_t step = (size_t)map->c * (size_t)map->bytes, brick = BRICK * (size_t)map->bytes;
    for (int32_t c = 0; c < map->c; c += BRICK) {
        const size_t bytes = (size_t)mn_min_i32(BRICK, map->c - c) * (size_t)map->bytes;
        uint8_t *from = memory + (ptrdiff_t)(c / BRICK * map->stride_c), *to = row + (size_t)c * (size_t)map->bytes;
        if (bytes == BRICK) { /* a size that the compiler knows: one vector */
            for (int32_t x = 0; x < columns; x++) copy(from + (size_t)x * brick, to + (size_t)x * step, BRICK, back);
        } else {
            for (int32_t x = 0; x < columns; x++) copy(from + (size_t)x * brick, to + (size_t)x * step, bytes, back);
        }
    }
}

static inline void copy_row(const mn_ethosu_map *map, uint8_t *memory, int32_t y, uint8_t *row, bool back) {
    const size_t step = (size_t)map->c * (size_t)map->bytes;
    const int32_t left = mn_min_i32(map->w, map->tile_w);
    for (int32_t side = 0; side < 2; side++) {
        const int32_t columns = side == 0 ? left : map->w - left;
        if (columns == 0) continue;
        uint8_t *from = memory + place(map, side, y);
        if (map->bricks) {
            copy_bricks(map, from, columns, row, back);
        } else if (map->stride_x == (int64_t)step) {
            copy(from, row, step * (size_t)columns, back);
        } else {
            for (int32_t x = 0; x < columns; x++) {
                copy(from + (ptrdiff_t)(x * map->stride_x), row + (size_t)x * step, step, back);
            }
        }
        row += step * (size_t)columns;
    }
}

void mn_ethosu_map_gather(const mn_ethosu_map *map, const uint8_t *memory, int32_t y, uint8_t *row) {
    copy_row(map, (uint8_t *)memory, y, row, false); /* reads only */
}

void mn_ethosu_map_scatter(const mn_ethosu_map *map, uint8_t *memory, int32_t y, const uint8_t *row) {
    copy_row(map, memory, y, (uint8_t *)row, true); /* reads the row only */
}

/* ---- Numbers ---------------------------------------------------------------------------------------------- */

void mn_ethosu_map_load(const mn_ethosu_map *map, const uint8_t *memory, int32_t y, uint8_t *raw, int32_t *values) {
    const size_t count = mn_ethosu_map_row(map);
    const int32_t zero = map->zero;
    mn_ethosu_map_gather(map, memory, y, raw);
    if (map->bytes == 1 && map->is_signed) {
        for (size_t i = 0; i < count; i++) values[i] = (int8_t)raw[i] - zero;
    } else if (map->bytes == 1) {
        for (size_t i = 0; i < count; i++) values[i] = raw[i] - zero;
    } else if (map->bytes == 2 && map->is_signed) {
        for (size_t i = 0; i < count; i++) values[i] = (int16_t)mn_le16(raw + 2 * i) - zero;
    } else if (map->bytes == 2) {
        for (size_t i = 0; i < count; i++) values[i] = mn_le16(raw + 2 * i) - zero;
    } else {
        for (size_t i = 0; i < count; i++) values[i] = (int32_t)(mn_le32(raw + 4 * i) - (uint32_t)zero);
    }
}

void mn_ethosu_map_store(const mn_ethosu_map *map, uint8_t *memory, int32_t y, uint8_t *raw, const int32_t *values) {
    const size_t count = mn_ethosu_map_row(map), bytes = (size_t)map->bytes;
    if (bytes == 1) {
        for (size_t i = 0; i < count; i++) raw[i] = (uint8_t)values[i];
    } else {
        for (size_t i = 0; i < count; i++) mn_put_le(raw + bytes * i, (uint32_t)values[i], bytes);
    }
    mn_ethosu_map_scatter(map, memory, y, raw);
}
