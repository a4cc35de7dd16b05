/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>
#include <string.h>

#include "degrade.h"

static float smooth_step(float v) {
    v = v < 0 ? 0 : v > 1 ? 1 : v;
    return v * v * (3 - 2 * v);
}

/* Multiplies each pixel by gain[channel] and by a plane that falls off towards one side. */
static void expose(frame *f, rng *r) {
    double brightness = rng_chance(r, 0.2) ? rng_range(r, 0.33, 0.6) : rng_range(r, 0.6, 1.35);
    double warmth = rng_range(r, -0.12, 0.12), tint = rng_range(r, -0.05, 0.05);
    float gain[3] = {(float)(brightness * (1 + warmth)), (float)(brightness * (1 + tint)),
                     (float)(brightness * (1 - warmth))};
    point slope = rng_around(r, 0, 0.35);
    float right = (float)(2 * slope.x / f->side), down = (float)(2 * slope.y / f->side);
    float *pixel = f->rgb;
    for (int y = 0; y < f->side; y++) {
        float light = 1 - (float)slope.x + ((float)y - (float)f->side / 2) * down;
        for (int x = 0; x < f->side; x++, pixel += 3, light += right) {
            for (int i = 0; i < 3; i++) pixel[i] *= gain[i] * light;
        }
    }
}

/* Darkens one side of a soft edge. */
static void shadow(frame *f, rng *r) {
    point normal = rng_around(r, 1, 1);
    double through = f->side * rng_range(r, -0.3, 0.3), soft = f->side * rng_range(r, 0.01, 0.15);
    float loss = (float)rng_range(r, 0.2, 0.6);
    double middle = f->side / 2.0;
    float *pixel = f->rgb;
    for (int y = 0; y < f->side; y++) {
        for (int x = 0; x < f->side; x++, pixel += 3) {
            double beyond = (x - middle) * normal.x + (y - middle) * normal.y - through;
            float light = 1 - loss * smooth_step((float)(beyond / soft));
            for (int i = 0; i < 3; i++) pixel[i] *= light;
        }
    }
}

/* The shadow of leaves. */
static void dapple(frame *f, rng *r, const texture *t) {
    texture_view view = texture_look(t, r, rng_range(r, 0.2, 0.7));
    float loss = (float)rng_range(r, 0.2, 0.5), level = (float)rng_range(r, -0.5, 0.8);
    float *pixel = f->rgb;
    for (int y = 0; y < f->side; y++) {
        float leaves[PICTURE_MAX_SIDE];
        texture_row(&view, y, f->side, leaves);
        for (int x = 0; x < f->side; x++, pixel += 3) {
            float light = 1 - loss * smooth_step((leaves[x] - level) * 3);
            for (int i = 0; i < 3; i++) pixel[i] *= light;
        }
    }
}

void degrade_light(frame *f, rng *r, const texture *t) {
    if (rng_chance(r, 0.2)) shadow(f, r);
    if (rng_chance(r, 0.12)) dapple(f, r, t);
    expose(f, r);
}

/* Mixes in grey; also stands for low contrast. */
void degrade_fog(frame *f, rng *r, const texture *t) {
    if (!rng_chance(r, 0.35)) return;
    texture_view view = texture_look(t, r, rng_range(r, 0.1, 0.4));
    float grey = (float)rng_range(r, 0.35, 0.9), density = (float)rng_mostly_low(r, 0.05, 0.52);
    float uneven = density * (float)rng_range(r, 0, 0.25);
    float *pixel = f->rgb;
    for (int y = 0; y < f->side; y++) {
        float drift[PICTURE_MAX_SIDE];
        texture_row(&view, y, f->side, drift);
        for (int x = 0; x < f->side; x++, pixel += 3) {
            float share = density + uneven * drift[x];
            for (int i = 0; i < 3; i++) pixel[i] += (grey - pixel[i]) * share;
        }
    }
}

/* Weighs each value with its neighbours `step` values before and after; what lies outside repeats the edge. */
static void soften_rows(float *to, const float *from, int rows, int length, int step, float edge) {
    for (int y = 0; y < rows; y++, to += length, from += length) {
        for (int x = 0; x < step; x++) to[x] = from[x] + edge * (from[x + step] - from[x]);
        for (int x = step; x < length - step; x++) {
            to[x] = from[x] + edge * (from[x - step] + from[x + step] - 2 * from[x]);
        }
        for (int x = length - step; x < length; x++) to[x] = from[x] + edge * (from[x - step] - from[x]);
    }
}

/* A Gaussian of the given variance (pixels squared): 3-tap filters in both directions, again and again. Far taps do
 * the most of a large one. */
static void defocus(frame *f, double variance) {
    int length = f->side * 3;
    while (variance > 0.01) {
        int reach = variance > 32 ? 4 : variance > 8 ? 2 : 1;
        double now = fmin(variance, 0.5 * reach * reach);
        float edge = (float)(now / (2 * reach * reach));
        soften_rows(f->spare, f->rgb, f->side, length, 3 * reach, edge);
        soften_rows(f->rgb, f->spare, 1, f->side * length, reach * length, edge);
        variance -= now;
    }
}

/* The mean over `taps` places along a line of `length` pixels. */
static void move(frame *f, double angle, double length) {
    int taps = (int)ceil(length) + 1;
    memset(f->spare, 0, sizeof(float) * (size_t)(f->side * f->side * 3));
    for (int k = 0; k < taps; k++) {
        double share = (double)k / (taps - 1) - 0.5;
        int dx = (int)lround(share * length * cos(angle)), dy = (int)lround(share * length * sin(angle));
        for (int y = 0; y < f->side; y++) {
            int row = y + dy < 0 ? 0 : y + dy >= f->side ? f->side - 1 : y + dy;
            int first = dx < 0 ? -dx : 0, last = dx > 0 ? f->side - dx : f->side;
            const float *from = f->rgb + row * f->side * 3;
            float *to = f->spare + y * f->side * 3;
            for (int x = 0; x < first * 3; x++) to[x] += from[x % 3];
            for (int x = first * 3; x < last * 3; x++) to[x] += from[x + dx * 3];
            for (int x = last * 3; x < f->side * 3; x++) to[x] += from[(f->side - 1) * 3 + x % 3];
        }
    }
    for (int i = 0; i < f->side * f->side * 3; i++) f->rgb[i] = f->spare[i] / (float)taps;
}

void degrade_blur(frame *f, rng *r, double half) {
    if (rng_chance(r, 0.6)) {
        double sigma = half * rng_mostly_low(r, 0, 0.042);
        defocus(f, sigma * sigma);
    }
    if (rng_chance(r, 0.25)) {
        double angle = rng_range(r, 0, SIGNS_PI);
        move(f, angle, half * rng_range(r, 0.03, 0.13));
    }
}

void degrade_noise(frame *f, rng *r) {
    float strength = (float)rng_mostly_low(r, 0, 0.07);
    for (int i = 0; i < f->side * f->side * 3; i += 3) {
        uint64_t bits = rng_next(r);
        for (int k = 0; k < 3; k++, bits >>= 20) { /* the sum of two uniform numbers of 10 bits: a triangle */
            float v = (float)((int)(bits & 1023) + (int)(bits >> 10 & 1023) - 1023) / 1023;
            f->rgb[i + k] += strength * v;
        }
    }
}
