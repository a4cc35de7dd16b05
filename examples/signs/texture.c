/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>
#include <string.h>

#include "texture.h"

/* Adds noise of `cells` x `cells` random values with smooth ways between them. */
static void add_octave(texture *t, rng *r, int cells, float weight) {
    float lattice[TEXTURE_SIDE][TEXTURE_SIDE];
    for (int y = 0; y < cells; y++) {
        for (int x = 0; x < cells; x++) lattice[y][x] = (float)rng_range(r, -1, 1);
    }
    int step = TEXTURE_SIDE / cells;
    for (int y = 0; y < TEXTURE_SIDE; y++) {
        int top = y / step, bottom = (top + 1) % cells;
        float v = (float)(y % step) / (float)step;
        v = v * v * (3 - 2 * v);
        for (int x = 0; x < TEXTURE_SIDE; x++) {
            int left = x / step, right = (left + 1) % cells;
            float u = (float)(x % step) / (float)step;
            u = u * u * (3 - 2 * u);
            float above = lattice[top][left] + u * (lattice[top][right] - lattice[top][left]);
            float below = lattice[bottom][left] + u * (lattice[bottom][right] - lattice[bottom][left]);
            t->value[y][x] += weight * (above + v * (below - above));
        }
    }
}

void texture_make(texture *t, rng *r) {
    memset(t, 0, sizeof *t);
    float weight = 0.8F;
    for (int cells = 4; cells <= TEXTURE_SIDE / 2; cells *= 2) {
        add_octave(t, r, cells, weight);
        weight *= 0.75F;
    }
}

static uint32_t fixed(double cells) { return (uint32_t)(int64_t)(cells * 65536); }

texture_view texture_look(const texture *t, rng *r, double zoom) {
    double angle = rng_range(r, 0, 2 * SIGNS_PI);
    double x = rng_range(r, 0, TEXTURE_SIDE), y = rng_range(r, 0, TEXTURE_SIDE);
    return (texture_view){t, fixed(x), fixed(y), fixed(zoom * cos(angle)), fixed(zoom * sin(angle))};
}

void texture_row(const texture_view *view, int y, int count, float *out) {
    uint32_t u = view->x - (uint32_t)y * view->right_y, v = view->y + (uint32_t)y * view->right_x;
    for (int i = 0; i < count; i++, u += view->right_x, v += view->right_y) {
        const float *above = view->from->value[v >> 16 & (TEXTURE_SIDE - 1)];
        const float *below = view->from->value[((v >> 16) + 1) & (TEXTURE_SIDE - 1)];
        uint32_t left = u >> 16 & (TEXTURE_SIDE - 1), right = (left + 1) & (TEXTURE_SIDE - 1);
        float fx = (float)(u & 65535) / 65536, fy = (float)(v & 65535) / 65536;
        float upper = above[left] + fx * (above[right] - above[left]);
        float lower = below[left] + fx * (below[right] - below[left]);
        out[i] = upper + fy * (lower - upper);
    }
}
