/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Random numbers that are the same everywhere (SplitMix64, Steele et al. 2014).
 *
 * C leaves the order open in which the arguments of one call are computed, so two calls of these functions must not
 * share one expression: the picture would depend on the compiler. */
#ifndef SIGNS_RNG_H
#define SIGNS_RNG_H

#include <stdbool.h>
#include <stdint.h>

#define SIGNS_PI 3.14159265358979323846

typedef struct rng {
    uint64_t state;
} rng;

typedef struct point {
    double x, y;
} point;

/** Two different (seed, stream) pairs give unrelated numbers. */
rng rng_make(uint64_t seed, uint64_t stream);

uint64_t rng_next(rng *r);

/** From 0 up to, not including, 1. */
double rng_unit(rng *r);

double rng_range(rng *r, double low, double high);

/** As rng_range, with small values more frequent (the square of a uniform number). */
double rng_mostly_low(rng *r, double low, double high);

/** From 0 to `count` - 1. */
int rng_below(rng *r, int count);

bool rng_chance(rng *r, double probability);

/** Up to `most` to either side of 0, small values more frequent. */
double rng_swing(rng *r, double most);

/** A point of the rectangle that `low` and `high` span. */
point rng_point(rng *r, point low, point high);

/** A point at a distance of `low` to `high` from the origin, in any direction. */
point rng_around(rng *r, double low, double high);

#endif
