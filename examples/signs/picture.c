/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "foreground.h"
#include "picture.h"
#include "sprite.h"

/* Streams of random numbers, so that splits share none: 3 splits, each with one for its texture. */
static uint64_t stream(split which, uint64_t number) { return number * 4 + (uint64_t)which; }

void picture_texture(texture *t, uint64_t seed, split which) {
    rng r = rng_make(seed, stream(which, 0));
    texture_make(t, &r);
}

bool studio_open(studio *s, int side, const texture *t) {
    size_t values = (size_t)side * (size_t)side * 3;
    memset(s, 0, sizeof *s);
    s->texture = t;
    s->frame.side = side;
    s->frame.rgb = malloc(values * sizeof(float));
    s->frame.spare = malloc(values * sizeof(float));
    s->rgb = malloc(values);
    s->scene = cairo_image_surface_create(CAIRO_FORMAT_RGB24, side, side);
    return s->frame.rgb && s->frame.spare && s->rgb && cairo_surface_status(s->scene) == CAIRO_STATUS_SUCCESS;
}

void studio_close(studio *s) {
    free(s->frame.rgb);
    free(s->frame.spare);
    free(s->rgb);
    cairo_surface_destroy(s->scene);
    memset(s, 0, sizeof *s);
}

/* Cairo keeps a pixel in one 32-bit word, red in bits 16 to 23. */
static void scene_to_frame(studio *s) {
    int side = s->frame.side;
    cairo_surface_flush(s->scene);
    float *to = s->frame.rgb;
    for (int y = 0; y < side; y++) {
        const unsigned char *row =
            cairo_image_surface_get_data(s->scene) + y * cairo_image_surface_get_stride(s->scene);
        for (int x = 0; x < side; x++, to += 3) {
            uint32_t word;
            memcpy(&word, row + 4 * x, 4);
            to[0] = (float)(word >> 16 & 255) / 255;
            to[1] = (float)(word >> 8 & 255) / 255;
            to[2] = (float)(word & 255) / 255;
        }
    }
}

static void frame_to_rgb(studio *s) {
    int values = s->frame.side * s->frame.side * 3;
    for (int i = 0; i < values; i++) {
        float v = s->frame.rgb[i] * 255 + 0.5F;
        s->rgb[i] = (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

/* Draws the sign of class `c` into the scene. */
static bool hang_sign(studio *s, rng *r, const pose *p, const sign_class *c) {
    int side = (int)ceil(2 * p->half * SPRITE_EXTENT * 1.1) + 2; /* a little more than the pixels it will cover */
    cairo_surface_t *sprite = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, side, side);
    bool fine = cairo_surface_status(sprite) == CAIRO_STATUS_SUCCESS;
    if (fine) {
        style look = palette_style(r, 1);
        sprite_draw(sprite, side, c, &look);
        sprite_wear(sprite, side, r);
        pose_blend(p, sprite, SPRITE_EXTENT, rng_range(r, 0.75, 1.15), s->scene);
        fine = cairo_surface_status(sprite) == CAIRO_STATUS_SUCCESS;
    }
    cairo_surface_destroy(sprite);
    return fine;
}

bool picture_draw(studio *s, const order *o) {
    rng r = rng_make(o->seed, stream(o->split, o->index + 1));
    const sign_class *c = &classes[o->index % (uint64_t)classes_count];
    background_draw(s->scene, &r, o->split, s->texture);
    pose p = pose_make(&r, s->frame.side);
    cairo_t *cr = cairo_create(s->scene);
    foreground_mounting(cr, &r, &p);
    bool fine = hang_sign(s, &r, &p, c);
    foreground_occlude(cr, &r, &p);
    foreground_weather(cr, &r, s->frame.side);
    fine = fine && cairo_status(cr) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cr);
    scene_to_frame(s);
    degrade_light(&s->frame, &r, s->texture);
    degrade_fog(&s->frame, &r, s->texture);
    degrade_blur(&s->frame, &r, p.half);
    degrade_noise(&s->frame, &r);
    frame_to_rgb(s);
    s->quality = 35 + rng_below(&r, 61);
    s->whole_colour = rng_chance(&r, 0.4);
    return fine;
}

bool picture_draw_plain(studio *s, int class_index) {
    rng r = rng_make(0, 0);
    style plain = palette_style(&r, 0);
    double half = s->frame.side / 2.0;
    cairo_t *cr = cairo_create(s->scene);
    cairo_set_source_rgb(cr, 0.5, 0.52, 0.55);
    cairo_paint(cr);
    cairo_translate(cr, half, half);
    cairo_scale(cr, half * 0.85, half * 0.85);
    classes_draw(cr, &plain, &classes[class_index]);
    bool fine = cairo_status(cr) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cr);
    scene_to_frame(s);
    frame_to_rgb(s);
    return fine;
}

void picture_put(const studio *s, cairo_surface_t *surface, int left, int top) {
    int side = s->frame.side, stride = cairo_image_surface_get_stride(surface);
    cairo_surface_flush(surface);
    const unsigned char *from = s->rgb;
    for (int y = 0; y < side; y++) {
        unsigned char *row = cairo_image_surface_get_data(surface) + (top + y) * stride + left * 4;
        for (int x = 0; x < side; x++, from += 3) {
            uint32_t word = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
            memcpy(row + 4 * x, &word, 4);
        }
    }
    cairo_surface_mark_dirty(surface);
}
