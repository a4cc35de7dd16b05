/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The whole way from a float graph, and photos or batch-norm statistics, to an int8 graph. */
#ifndef MN_QUANT_QUANTISE_H
#define MN_QUANT_QUANTISE_H

#include "net/fold.h"
#include "quant/quant.h"
#include "quant/range.h"

/** Fill with mn_quantise_defaults() first. */
typedef struct mn_quantise_options {
    mn_type io;             /* MN_INT8 (default), MN_UINT8 or MN_FLOAT32 */
    mn_scales scales;       /* of weights */
    mn_range_method method; /* of activations */
    bool equalise;          /* channels (equalise.h; balance.h too for one scale; with photos also copies.h) */
    bool learn;             /* how to round, and the scales of weights (round.h) */
    uint64_t seed;          /* of learning */
    bool correct;           /* biases (correct.h) */
    int32_t jobs;           /* photos run at the same time; 0: one per processor. Changes no result */
    mn_quant_progress progress;
} mn_quantise_options;

void mn_quantise_defaults(mn_quantise_options *options);

/** Quantises `graph`, which passed mn_quant_prepare and changes on the way, into `out`.
 *  Errors: ARGUMENT (no samples, or not of the input's size), MEMORY, FORMAT, UNSUPPORTED. */
mn_status mn_quantise(mn_graph *graph, const mn_samples *samples, const mn_quantise_options *options, mn_graph *out);

/** As mn_quantise, without a photo: from what batch norm tells of the tensors (mn_net_fold), `stats` [tensor_count] or
 *  NULL. `meaning` is what pixels 0 and 255 are to the network. `method`, `learn` and `seed` are not used.
 *  Errors: UNSUPPORTED (no statistics, or an operator that they do not pass), MEMORY. */
mn_status mn_quantise_data_free(mn_graph *graph, const mn_channel_stats *stats, mn_interval meaning,
                                const mn_quantise_options *options, mn_graph *out);

/** As mn_quantise, with the ranges that quantisation-aware training learned, and otherwise what it imitated: weights
 *  rounded to nearest, biases as they are. Of `options` only `io` and `scales` are used.
 *  Errors: ARGUMENT (no ranges were learned), FORMAT (not all), MEMORY. */
mn_status mn_quantise_learned(const mn_graph *graph, const mn_channel_stats *stats, const mn_quantise_options *options,
                              mn_graph *out);

#endif
