/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/augment.h"

#include <math.h>

#include "base/checked.h"
#include "base/status.h"

void mn_augment_defaults(mn_augment *a) {
    *a = (mn_augment){.area = {0.05, 1}, .aspect = {0.75, 4.0 / 3}, .flip = true, .colour = MN_COLOUR_FULL};
}

/* ---- Cutting ----------------------------------------------------------------------------------------- */

/* A part of the wanted area and aspect that fits; the whole picture after a hundred misses, as TensorFlow's
 * sample_distorted_bounding_box. */
static mn_resize_box choose_box(const mn_augment *a, const mn_picture *image, mn_random *random) {
    double width = image->width, height = image->height;
    for (int i = 0; i < 100; i++) {
        double area = mn_random_uniform(random, a->area[0], a->area[1]) * width * height;
        double aspect = mn_random_uniform(random, a->aspect[0], a->aspect[1]);
        double w = floor(sqrt(area * aspect) + 0.5), h = floor(sqrt(area / aspect) + 0.5);
        if (w < 1 || h < 1 || w > width || h > height) continue;
        double left = floor(mn_random_uniform(random, 0, width - w + 1));
        double top = floor(mn_random_uniform(random, 0, height - h + 1));
        return (mn_resize_box){(float)left, (float)top, (float)(left + w), (float)(top + h)};
    }
    return (mn_resize_box){0, 0, (float)width, (float)height};
}

/* ---- Colour: pixels are 0..1, and may leave that range between steps ----------------------------------- */

static void change_brightness(float *p, size_t count, float delta) {
    for (size_t i = 0; i < 3 * count; i++) p[i] += delta;
}

static void change_contrast(float *p, size_t count, float factor) {
    double sum[3] = {0};
    for (size_t i = 0; i < 3 * count; i++) sum[i % 3] += (double)p[i];
    float mean[3];
    for (int c = 0; c < 3; c++) mean[c] = (float)(sum[c] / (double)count);
    for (size_t i = 0; i < count; i++) {
        for (int c = 0; c < 3; c++) p[3 * i + (size_t)c] = (p[3 * i + (size_t)c] - mean[c]) * factor + mean[c];
    }
}

/* fminf() and fmaxf() are calls, because of NaN. */
static float least(float a, float b) { return a < b ? a : b; }
static float most(float a, float b) { return a > b ? a : b; }
static float unit(float x) { return least(most(x, 0), 1); }

/* Saturation in HSV is (max - min) / max: distances to the largest component grow, up to where the smallest is 0. */
static void change_saturation(float *p, size_t count, float factor) {
    for (size_t i = 0; i < count; i++, p += 3) {
        float high = most(p[0], most(p[1], p[2])), range = high - least(p[0], least(p[1], p[2]));
        if (high <= 0 || range <= 0) continue;
        float scale = least(factor, high / range);
        for (int c = 0; c < 3; c++) p[c] = high - (high - p[c]) * scale;
    }
}

/* One component of a colour `h` sixths around the circle: 1 on a third of it, 0 on a third, slopes between. */
static float ramp(float h) {
    h -= 6 * floorf(h / 6);
    return unit(fabsf(h - 3) - 1);
}

/* `delta` in turns around the colour circle. */
static void change_hue(float *p, size_t count, float delta) {
    for (size_t i = 0; i < count; i++, p += 3) {
        float high = most(p[0], most(p[1], p[2])), low = least(p[0], least(p[1], p[2])), range = high - low, h;
        if (range <= 0) continue;
        if (high == p[0]) {
            h = (p[1] - p[2]) / range;
        } else if (high == p[1]) {
            h = 2 + (p[2] - p[0]) / range;
        } else {
            h = 4 + (p[0] - p[1]) / range;
        }
        h += 6 * delta;
        p[0] = low + range * ramp(h);
        p[1] = low + range * ramp(h - 2);
        p[2] = low + range * ramp(h - 4);
    }
}

typedef enum change { BRIGHTNESS, SATURATION, HUE, CONTRAST } change;

static void change_one(change what, float *p, size_t count, mn_random *random) {
    switch (what) {
    case BRIGHTNESS: change_brightness(p, count, (float)mn_random_uniform(random, -32. / 255, 32. / 255)); break;
    case SATURATION: change_saturation(p, count, (float)mn_random_uniform(random, 0.5, 1.5)); break;
    case HUE: change_hue(p, count, (float)mn_random_uniform(random, -0.2, 0.2)); break;
    case CONTRAST: change_contrast(p, count, (float)mn_random_uniform(random, 0.5, 1.5)); break;
    }
}

/* The orders of distort_color(); the fast ones are their first two steps less hue and contrast. */
static void change_colour(mn_colour_change colour, float *p, size_t count, mn_random *random) {
    static const change full[4][4] = {{BRIGHTNESS, SATURATION, HUE, CONTRAST},
                                      {SATURATION, BRIGHTNESS, CONTRAST, HUE},
                                      {CONTRAST, HUE, BRIGHTNESS, SATURATION},
                                      {HUE, SATURATION, CONTRAST, BRIGHTNESS}};
    const change *order = full[mn_random_bits(random) % 4];
    for (int i = 0; i < 4; i++) {
        bool kept = colour == MN_COLOUR_FULL || order[i] == BRIGHTNESS || order[i] == SATURATION;
        if (kept) change_one(order[i], p, count, random);
    }
    for (size_t i = 0; i < 3 * count; i++) p[i] = unit(p[i]);
}

/* ---- The whole --------------------------------------------------------------------------------------- */

static void copy_pixels(const mn_picture *image, bool mirror, float scale, float *out) {
    int32_t width = image->width;
    for (int32_t y = 0; y < image->height; y++) {
        const uint8_t *row = image->pixels + (size_t)y * (size_t)width * 3;
        for (int32_t x = 0; x < width; x++, out += 3) {
            const uint8_t *p = row + 3 * (size_t)(mirror ? width - 1 - x : x);
            for (int c = 0; c < 3; c++) out[c] = (float)p[c] * scale;
        }
    }
}

mn_status mn_augment_picture(const mn_augment *a, const mn_picture *image, mn_random *random, int32_t height,
                             int32_t width, float scale, float offset, float *out) {
    mn_picture part = {0};
    size_t count = (size_t)height * (size_t)width;
    if (!a) {
        MN_TRY(mn_resize(image, width, height, MN_RESIZE_BICUBIC, NULL, &part));
        copy_pixels(&part, false, 1, out);
        for (size_t i = 0; i < 3 * count; i++) out[i] = out[i] * scale + offset;
        mn_picture_free(&part);
        return MN_OK;
    }
    mn_resize_box box = choose_box(a, image, random);
    MN_TRY(mn_resize(image, width, height, MN_RESIZE_BILINEAR, &box, &part));
    copy_pixels(&part, a->flip && mn_random_bits(random) >> 63, 1.0f / 255, out);
    mn_picture_free(&part);
    if (a->colour != MN_COLOUR_NONE) change_colour(a->colour, out, count, random);
    for (size_t i = 0; i < 3 * count; i++) out[i] = out[i] * (255 * scale) + offset;
    return MN_OK;
}
