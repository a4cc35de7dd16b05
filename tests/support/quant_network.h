/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A small float network with random weights, and pictures to run it on, for tests of quantisation. Every function fails
 * the test that calls it rather than return an error. */
#ifndef MN_TESTS_QUANT_NETWORK_H
#define MN_TESTS_QUANT_NETWORK_H

#include "graph/graph.h"
#include "quant/equalise_observe.h"

enum { QUANT_SIDE = 32, QUANT_ELEMENTS = QUANT_SIDE * QUANT_SIDE * 3, QUANT_CLASSES = 10 };

typedef struct quant_network {
    mn_graph graph;
    mn_region region;
    mn_channels *channels; /* [graph.tensor_count], zeros */
    uint8_t *pixels;
    mn_samples samples;
} quant_network;

/** MobileNetV2 0.35 of QUANT_SIDE pixels and QUANT_CLASSES classes, folded and prepared; mn_graph_free() it. */
void quant_network_graph(mn_graph *out);

/** The same with `samples` pictures of noise. */
void quant_network_open(quant_network *n, int32_t samples);
void quant_network_close(quant_network *n);

/** What all channels reach on the pictures, observed by `jobs` runs at a time; from the network's region. */
void quant_network_observe(quant_network *n, int32_t jobs, mn_channels *out);

/** Scores of all pictures, [samples][QUANT_CLASSES]. */
void quant_network_run(quant_network *n, float *scores);

/** The number of the tensor of this name. */
int32_t quant_network_find(const mn_graph *graph, const char *name);

#endif
