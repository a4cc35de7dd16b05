/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From a float graph to an int8 graph, in steps that can be taken one by one:
 *
 *   prepare   the float graph is checked and cleaned                          mn_quant_prepare   prepare.h
 *   reshape   channels are rescaled so that 8 bits suit all of them           mn_equalise        equalise.h
 *             and so that one scale suits all weights of a layer              mn_balance         balance.h
 *             with photos, channels with much noise are copied into dead ones mn_copy_channels   copies.h
 *   scheme    weights get scales and are rounded to nearest                   mn_scheme_create   here
 *   ranges    every activation gets the range that its 8 bits cover           mn_calibrate       calibrate.h
 *             sums share a scale where that costs less                        mn_scheme_share_sums sums.h
 *   repair    weights are rounded better, biases corrected                    round.h, correct.h
 *             with learned rounding, where RELU and RELU6 cut nothing off     correct_active.h
 *   apply     scheme -> int8 graph                                            mn_scheme_apply    apply.h
 *
 * A step that changes the float graph comes before mn_scheme_create; one that changes how it is stored works on the
 * scheme. mn_quantise (quantise.h) takes the steps in this order. */
#ifndef MN_QUANT_QUANT_H
#define MN_QUANT_QUANT_H

#include "graph/graph.h"

/** The values that a tensor takes; nothing is known while low > high. */
typedef struct mn_interval {
    float low, high;
} mn_interval;

#define MN_INTERVAL_UNKNOWN ((mn_interval){.low = 1, .high = -1})

static inline bool mn_interval_known(mn_interval x) { return x.low <= x.high; }

/** Scale and zero point of an int8 activation: real = scale * (stored - zero). */
typedef struct mn_step8 {
    float scale;
    int32_t zero;
} mn_step8;

/** How many scales weights get: what accelerators take differs. */
typedef enum mn_scales {
    MN_SCALES_PER_CHANNEL,      /* one for each output channel */
    MN_SCALES_DENSE_PER_TENSOR, /* as before, but one for all weights of a FULLY_CONNECTED */
    MN_SCALES_PER_TENSOR        /* one for all weights of a layer */
} mn_scales;

/** Pictures to learn from. */
typedef struct mn_samples {
    int32_t count;
    size_t elements;       /* of one picture: as many as the graph's input has */
    const uint8_t *pixels; /* [count][elements], in the order of the input tensor */
    mn_interval meaning;   /* what pixels 0 and 255 are to the network; of all channels together */
    bool by_channel;       /* ... and differ: they are what `channel` says of red, green and blue */
    mn_interval channel[3];
} mn_samples;

/** What a long step tells while it works: `done` of `total` units of `what`. Called by one thread at a time. */
typedef struct mn_quant_progress {
    void (*tell)(void *context, const char *what, int32_t done, int32_t total); /* NULL: nobody listens */
    void *context;
} mn_quant_progress;

/** How one operator with weights (CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED) is to be stored. */
typedef struct mn_quant_layer {
    int32_t op;           /* index in graph->ops; inputs[0] is the activation, inputs[1] the weights */
    int32_t channels;     /* outputs */
    int32_t axis;         /* of the weights: the dimension of the outputs */
    int32_t elements;     /* of the weights */
    int32_t inner;        /* an output channel stays the same over so many neighbouring weights */
    int32_t scale_count;  /* `channels`, or 1 when quantised per tensor */
    const float *weights; /* [elements]: the float graph's */
    float *scale;         /* [scale_count], positive and finite */
    int8_t *stored;       /* [elements], in [-127, 127]; real weight = scale * stored */
    float *bias;          /* [channels]; zeros where the operator has none */
} mn_quant_layer;

/** How a float graph is to be stored in 8 bits. Steps may change `range` and everything a layer points to. */
typedef struct mn_scheme {
    mn_region region;      /* owns everything below but the graph */
    const mn_graph *graph; /* float; outlives the scheme */
    int32_t layer_count;
    mn_quant_layer *layers; /* in execution order */
    int32_t *layer_of;      /* [op_count]: the layer that stores the operator; -1 for operators without weights */
    bool *is_activation;    /* [tensor_count]: model inputs, what operators compute, constants they add or multiply */
    /* [tensor_count]: tensors that must share scale and zero point (around pools, reshapes, pads ...) have the same
     * leader, one of themselves; others lead themselves. */
    int32_t *leader;
    mn_step8 *fixed;    /* [tensor_count]: what TFLite demands, of the leader alone; scale 0: nothing */
    mn_interval *range; /* [tensor_count]: wanted ranges; mn_scheme_step reads the leader's alone */
} mn_scheme;

/** A scheme for `graph`, which passed mn_quant_prepare: weights rounded to nearest with scales of the largest weight
 *  of a channel or layer, ranges unknown but for constants and the model input, which gets `input`. Errors: MEMORY. */
mn_status mn_scheme_create(const mn_graph *graph, mn_interval input, mn_scales scales, mn_scheme *out);

void mn_scheme_free(mn_scheme *scheme);

/** Scale of output channel `channel`. */
static inline float mn_layer_scale(const mn_quant_layer *layer, int32_t channel) {
    return layer->scale[layer->scale_count > 1 ? channel : 0];
}

/** Output channel of weight number `i`. */
static inline int32_t mn_layer_channel(const mn_quant_layer *layer, int32_t i) {
    return i / layer->inner % layer->channels;
}

/** Rounds the weights of a layer to nearest with the scales that it has. */
void mn_layer_round(mn_quant_layer *layer);

/** Widens the range of each leader to the union of those of its followers. Call when ranges are set.
 *  Errors: ARGUMENT (a range is still unknown or not finite: the sentence names the tensor). */
mn_status mn_scheme_share_ranges(mn_scheme *scheme);

/** Gives the tensors that share a scale with `a`, and those with `b`, one leader, whose range is the caller's care. */
void mn_scheme_join(mn_scheme *scheme, int32_t a, int32_t b);

/** Is the range of `tensor` to be found out? Not of constants, and not of the model input. */
bool mn_scheme_is_open(const mn_scheme *scheme, int32_t tensor);

/** Does an operator of several operands want one scale for all of them and the result? */
bool mn_quant_shares_scale(mn_op_kind kind);

/** Scale and zero point of activation `tensor`, from its leader's range widened to hold zero; or those that TFLite
 * fixes for the outputs of SOFTMAX and the like. */
mn_step8 mn_scheme_step(const mn_scheme *scheme, int32_t tensor);

/** The step whose 255 intervals cover `range`, with zero stored exactly. */
mn_step8 mn_step8_of(mn_interval range);

#endif
