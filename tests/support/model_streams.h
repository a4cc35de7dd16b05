/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Steps and tensors for streamed plans, made up or at random, and running a plan of them in thought: in an arena whose
 * every byte knows the unit that it belongs to. */
#ifndef TESTS_MODEL_STREAMS_H
#define TESTS_MODEL_STREAMS_H

#include "plan/stream.h"

enum { SN_STEPS = 80, SN_TENSORS = 96, SN_READS = 2 };

typedef struct sn_network {
    mn_stream_steps all;
    mn_stream_options options;
    mn_stream_step steps[SN_STEPS];
    mn_stream_read reads[SN_STEPS][SN_READS];
    mn_stream_tensor tensors[SN_TENSORS];
    int32_t images;
    bool pixels;                                   /* units are these, not rows */
    int32_t rows[SN_TENSORS], columns[SN_TENSORS]; /* of an image; one column where units are rows */
} sn_network;

/** A whole number in [low, high]. */
int32_t sn_between(uint32_t *state, int32_t low, int32_t high);

/** An empty network of rows; set `pixels` for the other kind. */
void sn_begin(sn_network *n, int32_t images, size_t alignment);

/** A tensor, or a step that makes one; reads are added to the step made last. Return the tensor. */
int32_t sn_tensor(sn_network *n, int32_t rows, int32_t columns, size_t unit_bytes);
int32_t sn_step(sn_network *n, int32_t rows, int32_t columns, size_t unit_bytes, bool by_units);

/** A read of all of a tensor. */
mn_stream_read *sn_read(sn_network *n, int32_t tensor);

mn_stream_step *sn_last(sn_network *n);

/** A filter of `k` rows and columns with SAME padding. Returns the output; so do the next two. */
int32_t sn_window(sn_network *n, int32_t tensor, int32_t k, int32_t stride, size_t unit_bytes);
int32_t sn_sum(sn_network *n, int32_t a, int32_t b, bool in_place);

/** The mean over all units: they are added up one by one, and the sum becomes the mean. */
int32_t sn_mean(sn_network *n, int32_t tensor, size_t unit_bytes);

/** Up to `most` steps, and options. */
void sn_random(sn_network *n, uint32_t *random, int32_t most, bool pixels);

typedef struct sn_arena {
    size_t bytes;
    int32_t *unit_of;                         /* [bytes]: what name_of() says */
    size_t offset[SN_TENSORS + 2 * SN_STEPS]; /* of tensors, then of extras */
} sn_arena;

/** Gives the plan an arena; free unit_of. False: there is none, or no memory. */
bool sn_place(const sn_network *n, const mn_stream *stream, sn_arena *a);

/** Does every slice find what it needs, is every unit made once and in order, and are outputs there in the end? */
bool sn_runs(const sn_network *n, const mn_stream *stream, sn_arena *a);

#endif
