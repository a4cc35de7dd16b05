/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "image/turn.h"

#include <string.h>

mn_turn mn_turn_of(int orientation) {
    /* EXIF names what the stored row 0 and column 0 are: 1 top and left, 2 top and right, ... 8 left and bottom. */
    static const mn_turn turns[] = {
        [1] = {false, false, false}, [2] = {true, false, false}, [3] = {true, true, false}, [4] = {false, true, false},
        [5] = {false, false, true},  [6] = {false, true, true},  [7] = {true, true, true},  [8] = {true, false, true},
    };
    return orientation >= 1 && orientation <= 8 ? turns[orientation] : turns[1];
}

void mn_turn_size(const mn_picture_info *info, int32_t *width, int32_t *height) {
    *width = info->turn.transposed ? info->height : info->width;
    *height = info->turn.transposed ? info->width : info->height;
}

/* A row that stays one, from `to` on, or from there back. */
static void put_row(const mn_picture_info *info, const uint8_t *rgb, uint8_t *to) {
    if (!info->turn.backward_x) {
        memcpy(to, rgb, (size_t)info->width * MN_PICTURE_CHANNELS);
        return;
    }
    for (int32_t x = info->width - 1; x >= 0; x--, rgb += MN_PICTURE_CHANNELS)
        memcpy(to + (size_t)x * MN_PICTURE_CHANNELS, rgb, MN_PICTURE_CHANNELS);
}

void mn_turn_rows(const mn_picture_info *info, int32_t first, int32_t count, const uint8_t *rgb, mn_picture *seen) {
    const size_t stored = (size_t)info->width * MN_PICTURE_CHANNELS, row = (size_t)seen->width * MN_PICTURE_CHANNELS;
    const mn_turn turn = info->turn;
    for (int32_t i = 0; !turn.transposed && i < count; i++) {
        int32_t y = turn.backward_y ? info->height - 1 - first - i : first + i;
        put_row(info, rgb + (size_t)i * stored, seen->pixels + (size_t)y * row);
    }
    /* Each column becomes a piece of a row. */
    for (int32_t x = 0; turn.transposed && x < info->width; x++) {
        const uint8_t *from = rgb + (size_t)x * MN_PICTURE_CHANNELS;
        uint8_t *to = seen->pixels + (size_t)(turn.backward_x ? info->width - 1 - x : x) * row;
        for (int32_t i = 0; i < count; i++) {
            int32_t column = turn.backward_y ? info->height - 1 - first - i : first + i;
            memcpy(to + (size_t)column * MN_PICTURE_CHANNELS, from + (size_t)i * stored, MN_PICTURE_CHANNELS);
        }
    }
}
