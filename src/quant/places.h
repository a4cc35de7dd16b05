/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Some places of a layer's output, at random, and what its filter meets there in 8 bits. */
#ifndef MN_QUANT_PLACES_H
#define MN_QUANT_PLACES_H

#include "net/random.h"
#include "quant/layer_window.h"
#include "quant/quant.h"

typedef struct mn_places {
    int32_t input, output; /* tensors */
    mn_window w;
    int32_t count;   /* looked at, of one sample */
    mn_step8 step;   /* of the input */
    float low, high; /* between which the activation function changes nothing */
} mn_places;

/** The places of `op`, at most `most` of each sample. The ranges of `scheme` are shared. */
mn_places mn_places_of(const mn_scheme *scheme, const mn_op *op, int32_t most);

/** Place number `i` of `count`: one at random in each of equal stretches of the output. */
int32_t mn_places_choose(const mn_places *places, int32_t i, mn_random *random);

/** What the filter meets at `place` of the input `x`: [taps][channels], stored values without their zero point; zero
 *  where it meets padding. */
void mn_places_meet(const mn_places *places, const float *x, int32_t place, int16_t *to);

/** Is `y`, which the float layer computes, what it computes before its activation function? */
static inline bool mn_places_active(const mn_places *places, float y) { return y > places->low && y < places->high; }

#endif
