/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a pixel means to a network: the one place where that is found out. */
#ifndef MN_GRAPH_PIXELS_H
#define MN_GRAPH_PIXELS_H

#include "graph/graph.h"

/** What pixels 0 and 255 are to the first input of `graph`, which passed mn_graph_check and whose constants are folded.
 *  The first of these that says something is believed:
 *
 *  1. the file's metadata, unless it contradicts 3: pixels that 8 bits cannot store, or hardly use;
 *  2. a rescaling or normalisation of the float input (MUL, ADD, SUB with constants). What follows was trained on -1..1
 *     or 0..1, or on values of mean 0 and deviation 1, and the darkest pixel is 0;
 *  3. scale and zero point of an 8-bit input, or of the QUANTIZE that alone reads a float one: about -1..1, 0..1 or
 *     0..255;
 *  4. nothing: -1..1, as TensorFlow's classifiers have it, is assumed.
 *
 *  Errors: UNSUPPORTED (2 or 3 is there and fits nothing known: the sentence asks for the range). */
mn_status mn_graph_pixels(const mn_graph *graph, mn_pixels *out);

/** Lets `meaning` say what `pixels` says, wherever that comes from. */
void mn_meaning_set_pixels(mn_meaning *meaning, const mn_pixels *pixels);

#endif
