/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From the rows of an image to input tensors, without the image ever being whole in memory. */

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "image/prepare.h"
#include "image/turn.h"

/* Central crop: this much of each side stays off at either end, (1 - 0.875) / 2. Exact in float. */
#define CENTRAL_MARGIN 0.0625f

/* Luma of ITU-R BT.601 in 16-bit fixed point, the weights that Pillow's convert("L") uses; they add up to 2^16. */
static uint8_t luma(const uint8_t *rgb) {
    return (uint8_t)((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

/* Gray before resizing, as Pillow would do it; still three channels, so one resizer serves. */
static void make_gray(const uint8_t *rgb, size_t bytes, uint8_t *gray) {
    for (size_t i = 0; i < bytes; i += MN_PICTURE_CHANNELS) memset(gray + i, luma(rgb + i), MN_PICTURE_CHANNELS);
}

static mn_resize_box box_of(const mn_prepare *p, float width, float height) {
    const float margin = p->crop == MN_CROP_CENTRAL ? CENTRAL_MARGIN : 0;
    return (mn_resize_box){width * margin, height * margin, width * (1 - margin), height * (1 - margin)};
}

mn_status mn_fill_begin(mn_fill *fill, const mn_picture_info *info) {
    const mn_prepare *p = fill->prepare;
    mn_turn_size(info, &fill->width, &fill->height);
    if (fill->resizer && mn_resizer_is_for(fill->resizer, info)) {
        mn_resizer_restart(fill->resizer);
        return MN_OK;
    }
    mn_fill_free(fill);
    const mn_resize_box box = box_of(p, (float)fill->width, (float)fill->height);
    fill->row_bytes = (size_t)info->width * MN_PICTURE_CHANNELS;
    if (p->channels == 1) {
        fill->gray = malloc(fill->row_bytes);
        if (!fill->gray) return mn_fail_memory("a row of a photo");
    }
    return mn_resizer_create(info, p->width, p->height, p->filter, &box, &fill->resizer);
}

void mn_fill_row(mn_fill *fill, const uint8_t *rgb) {
    if (fill->gray) make_gray(rgb, fill->row_bytes, fill->gray);
    mn_resizer_row(fill->resizer, fill->gray ? fill->gray : rgb);
}

/* Element `i` of channel `c` goes to tensor[i * pixel_step + c * channel_step]. */
static void fill_tensor(const mn_prepare *p, const uint8_t *pixels, void *tensor) {
    size_t count = (size_t)p->width * (size_t)p->height;
    size_t pixel_step = p->layout == MN_CHANNELS_LAST ? (size_t)p->channels : 1;
    size_t channel_step = p->layout == MN_CHANNELS_LAST ? 1 : count;
    for (int32_t c = 0; c < p->channels; c++) {
        const uint8_t *from = pixels + c;
        if (p->type == MN_FLOAT32) {
            float *to = (float *)tensor + (size_t)c * channel_step;
            for (size_t i = 0; i < count; i++) to[i * pixel_step] = p->real[c][from[i * MN_PICTURE_CHANNELS]];
        } else if (p->type == MN_INT16) {
            int16_t *to = (int16_t *)tensor + (size_t)c * channel_step;
            for (size_t i = 0; i < count; i++) to[i * pixel_step] = p->stored[c][from[i * MN_PICTURE_CHANNELS]];
        } else {
            uint8_t *to = (uint8_t *)tensor + (size_t)c * channel_step;
            for (size_t i = 0; i < count; i++)
                to[i * pixel_step] = (uint8_t)p->stored[c][from[i * MN_PICTURE_CHANNELS]];
        }
    }
}

void mn_fill_end(mn_fill *fill) { fill_tensor(fill->prepare, mn_resizer_result(fill->resizer)->pixels, fill->tensor); }

void mn_fill_free(mn_fill *fill) {
    mn_resizer_free(&fill->resizer);
    free(fill->gray);
    fill->gray = NULL;
}

/* Several tensors from one reading. */
typedef struct fills {
    mn_fill *const *items;
    int32_t count;
} fills;

static void row_to_all(void *self, const uint8_t *rgb) {
    fills *f = self;
    for (int32_t i = 0; i < f->count; i++) mn_fill_row(f->items[i], rgb);
}

mn_status mn_fill_image(mn_image *image, mn_fill *const *items, int32_t count) {
    fills f = {items, count};
    const mn_picture_info info = mn_image_info(image);
    for (int32_t i = 0; i < count; i++) MN_TRY(mn_fill_begin(items[i], &info));
    MN_TRY(mn_image_read(image, row_to_all, &f));
    for (int32_t i = 0; i < count; i++) mn_fill_end(items[i]);
    return MN_OK;
}
