/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "image/picture.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "image/turn.h"

mn_status mn_picture_check_size(int32_t width, int32_t height) {
    if (width < 1 || height < 1)
        return mn_fail(MN_ERROR_ARGUMENT, "a picture of %dx%d was asked for; each side must be at least 1", width,
                       height);
    if (width > MN_PICTURE_MAX_SIDE || height > MN_PICTURE_MAX_SIDE || (int64_t)width * height > MN_PICTURE_MAX_PIXELS)
        return mn_fail(MN_ERROR_LIMIT,
                       "a picture of %dx%d was asked for, over the limit of %d pixels per side and %d in all; ask for "
                       "a smaller one",
                       width, height, MN_PICTURE_MAX_SIDE, MN_PICTURE_MAX_PIXELS);
    return MN_OK;
}

mn_status mn_picture_create(int32_t width, int32_t height, mn_picture *out) {
    MN_TRY(mn_picture_check_size(width, height));
    uint8_t *pixels = malloc((size_t)width * (size_t)height * MN_PICTURE_CHANNELS);
    if (!pixels) return mn_fail_memory("a picture");
    *out = (mn_picture){width, height, pixels};
    return MN_OK;
}

void mn_picture_free(mn_picture *picture) {
    free(picture->pixels);
    *picture = (mn_picture){0};
}

/* ---- Collecting rows --------------------------------------------------------------------------------- */

enum { ROWS = 16 };

static size_t row_bytes(const mn_collector *c) { return (size_t)c->info.width * MN_PICTURE_CHANNELS; }

mn_status mn_collector_begin(mn_collector *c) {
    c->rows = malloc(row_bytes(c) * ROWS);
    return c->rows ? MN_OK : mn_fail_memory("the rows of a picture");
}

void mn_collector_row(mn_collector *c, const uint8_t *rgb) {
    memcpy(c->rows + (size_t)c->kept++ * row_bytes(c), rgb, row_bytes(c));
    if (c->kept < ROWS && c->y + c->kept < c->info.height) return;
    mn_turn_rows(&c->info, c->y, c->kept, c->rows, c->seen);
    c->y += c->kept;
    c->kept = 0;
}

void mn_collector_free(mn_collector *c) {
    free(c->rows);
    c->rows = NULL;
}
