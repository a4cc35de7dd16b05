/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>
#include <stdint.h>

#include "pose.h"

static void invert(double m[3][3], double out[3][3]) {
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            int a = (j + 1) % 3, b = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
            out[i][j] = m[a][c] * m[b][d] - m[a][d] * m[b][c]; /* a homography's scale is free */
        }
    }
}

/* Turned by `yaw` around the vertical axis, then by `pitch`, then by `roll` in the picture; seen from `distance`, in
 * halves of the sign's size. */
static void set_map(pose *p, double yaw, double pitch, double roll, double distance) {
    double right[3] = {cos(yaw), sin(yaw) * sin(pitch), sin(yaw) * cos(pitch)};
    double down[3] = {0, cos(pitch), -sin(pitch)};
    double *axes[2] = {right, down};
    for (int j = 0; j < 2; j++) {
        double x = cos(roll) * axes[j][0] - sin(roll) * axes[j][1];
        double y = sin(roll) * axes[j][0] + cos(roll) * axes[j][1];
        double depth = axes[j][2] / distance;
        p->map[0][j] = p->half * x + p->centre.x * depth;
        p->map[1][j] = p->half * y + p->centre.y * depth;
        p->map[2][j] = depth;
    }
    p->map[0][2] = p->centre.x;
    p->map[1][2] = p->centre.y;
    p->map[2][2] = 1;
    invert(p->map, p->back);
}

pose pose_make(rng *r, int side) {
    pose p;
    p.half = side * rng_range(r, 0.225, 0.46);
    double slack = fmax(side / 2.0 - p.half * 0.97, side * 0.03);
    p.centre.x = side / 2.0 + slack * rng_range(r, -1, 1);
    p.centre.y = side / 2.0 + slack * rng_range(r, -1, 1);
    double yaw = rng_swing(r, 0.7);
    double pitch = rng_swing(r, 0.45);
    double roll = rng_swing(r, 0.26);
    set_map(&p, yaw, pitch, roll, rng_range(r, 2.5, 7));
    return p;
}

static point apply(const double m[3][3], double x, double y) {
    double w = m[2][0] * x + m[2][1] * y + m[2][2];
    return (point){(m[0][0] * x + m[0][1] * y + m[0][2]) / w, (m[1][0] * x + m[1][1] * y + m[1][2]) / w};
}

point pose_map(const pose *p, point at) { return apply(p->map, at.x, at.y); }

/* The bytes of a Cairo surface, 4 per pixel: blue, green, red, alpha on a little-endian processor. */
typedef struct pixels {
    unsigned char *data;
    int stride, side;
} pixels;

static pixels pixels_of(cairo_surface_t *surface) {
    cairo_surface_flush(surface);
    return (pixels){cairo_image_surface_get_data(surface), cairo_image_surface_get_stride(surface),
                    cairo_image_surface_get_width(surface)};
}

/* Between four pixels of the sprite, each part from 0 to 255. */
static void sample(const pixels *sprite, float x, float y, float out[4]) {
    int left = (int)x, top = (int)y;
    float fx = x - (float)left, fy = y - (float)top;
    const unsigned char *above = sprite->data + top * sprite->stride + left * 4;
    const unsigned char *below = above + sprite->stride;
    for (int i = 0; i < 4; i++) {
        float upper = (float)above[i] + fx * (float)(above[i + 4] - above[i]);
        float lower = (float)below[i] + fx * (float)(below[i + 4] - below[i]);
        out[i] = upper + fy * (lower - upper);
    }
}

static void blend(const float colour[4], float light, unsigned char *pixel) {
    float rest = 1 - colour[3] / 255;
    for (int i = 0; i < 3; i++) {
        float v = colour[i] * light + (float)pixel[i] * rest;
        pixel[i] = (unsigned char)(v > 255 ? 255 : v);
    }
}

/* The rectangle of pixels that the square from -extent to extent covers. */
static void bounds(const pose *p, double extent, int side, int low[2], int high[2]) {
    double box[4] = {side, side, 0, 0};
    for (int i = 0; i < 4; i++) {
        point corner = pose_map(p, (point){i & 1 ? extent : -extent, i & 2 ? extent : -extent});
        box[0] = fmin(box[0], corner.x);
        box[1] = fmin(box[1], corner.y);
        box[2] = fmax(box[2], corner.x);
        box[3] = fmax(box[3], corner.y);
    }
    for (int i = 0; i < 2; i++) {
        low[i] = box[i] < 0 ? 0 : (int)box[i];
        high[i] = box[i + 2] > side ? side : (int)box[i + 2];
    }
}

void pose_blend(const pose *p, cairo_surface_t *sprite, double extent, double light, cairo_surface_t *scene) {
    pixels from = pixels_of(sprite), to = pixels_of(scene);
    double scale = from.side / (2 * extent);
    float last = (float)(from.side - 1);
    int low[2], high[2];
    bounds(p, extent, to.side, low, high);
    for (int y = low[1]; y < high[1]; y++) {
        for (int x = low[0]; x < high[0]; x++) {
            point at = apply(p->back, x + 0.5, y + 0.5);
            float u = (float)((at.x + extent) * scale - 0.5), v = (float)((at.y + extent) * scale - 0.5);
            if (u < 0 || v < 0 || u >= last || v >= last) continue;
            float colour[4];
            sample(&from, u, v, colour);
            if (colour[3] > 0) blend(colour, (float)light, to.data + y * to.stride + x * 4);
        }
    }
    cairo_surface_mark_dirty(scene);
}
