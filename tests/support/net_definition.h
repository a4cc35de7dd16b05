/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A net computed layer by layer in double, as its layers are defined, beside what its folded graph gives. */
#ifndef TESTS_NET_DEFINITION_H
#define TESTS_NET_DEFINITION_H

#include "net/net.h"

/** Weights, biases, slopes and statistics at random, so that values stay about as large as they are. */
void nd_randomise(mn_net *net, uint64_t seed);

/** Folds, writes, reads and runs the net on a random image. The largest distance of an output from its definition,
 *  as a part of the largest value of that output; infinite (with a message on stderr) where something fails or all
 *  values of an output are 0. */
double nd_distance(const mn_net *net);

#endif
