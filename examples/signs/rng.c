/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>

#include "rng.h"

static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

rng rng_make(uint64_t seed, uint64_t stream) {
    return (rng){mix(mix(seed + 0x9E3779B97F4A7C15U) + stream * 0xD1B54A32D192ED03U)};
}

uint64_t rng_next(rng *r) {
    r->state += 0x9E3779B97F4A7C15U;
    return mix(r->state);
}

double rng_unit(rng *r) { return (double)(rng_next(r) >> 11) * 0x1p-53; }

double rng_range(rng *r, double low, double high) { return low + (high - low) * rng_unit(r); }

double rng_mostly_low(rng *r, double low, double high) {
    double u = rng_unit(r);
    return low + (high - low) * u * u;
}

int rng_below(rng *r, int count) { return (int)(rng_unit(r) * count); }

bool rng_chance(rng *r, double probability) { return rng_unit(r) < probability; }

double rng_swing(rng *r, double most) {
    double u = rng_range(r, -1, 1);
    return most * u * fabs(u);
}

point rng_point(rng *r, point low, point high) {
    double x = rng_range(r, low.x, high.x);
    double y = rng_range(r, low.y, high.y);
    return (point){x, y};
}

point rng_around(rng *r, double low, double high) {
    double distance = rng_range(r, low, high);
    double angle = rng_range(r, 0, 2 * SIGNS_PI);
    return (point){distance * cos(angle), distance * sin(angle)};
}
