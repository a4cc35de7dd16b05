/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Random numbers, and random weights for a net to start from. A seed gives the same numbers everywhere. */
#ifndef MN_NET_RANDOM_H
#define MN_NET_RANDOM_H

#include "net/net.h"

/** SplitMix64 (Steele, Lea, Flood, Fast splittable pseudorandom number generators, 2014). Start with the seed. */
typedef struct mn_random {
    uint64_t state;
} mn_random;

/** 64 random bits. */
uint64_t mn_random_bits(mn_random *random);

/** A number in [low, high), in steps of (high - low) / 2^53. */
double mn_random_uniform(mn_random *random, double low, double high);

/** Fills the weights as Keras does unless told otherwise: kernels uniform after Glorot and Bengio (2010), biases,
 *  beta and mean 0, gamma and variance 1. */
void mn_net_randomise(mn_net *net, uint64_t seed);

#endif
