/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* One chain of steps, run depth first in thought: what it takes. */
#ifndef MN_PLAN_STREAM_CHAIN_H
#define MN_PLAN_STREAM_CHAIN_H

#include "plan/stream.h"

/** Most steps of a chain: one of more has long had so many rings that a whole tensor between them takes less. Bounds
 * the depth of recursion, too. */
enum { MN_CHAIN_STEPS = 96 };

typedef struct mn_chain {
    size_t bytes; /* in use at most while it runs, with tensors that others need */
    size_t least; /* of that, what every longer chain that ends alike takes too: rings, and the last output */
    int64_t slices;
    int32_t taken; /* the tensor whose memory its last output takes over while it is used up, or -1 */
    size_t shift;
    size_t saved; /* bytes by that */
} mn_chain;

/** What is known of all steps, and the state of the chain that runs. */
typedef struct mn_chains {
    const mn_stream_steps *steps;
    int32_t *maker;        /* [tensor_count]: the step that makes it, or -1 */
    int32_t *last;         /* [tensor_count]: the last step that reads it; step_count: the caller does */
    bool *read_whole;      /* [tensor_count]: by some step */
    size_t *crossing;      /* [step_count + 1]: bytes of tensors made before a step and read by it or later ones */
    int32_t *reader_first; /* [tensor_count + 1]: where its readers begin */
    int32_t *readers;      /* steps, in order */
    int32_t begin, end;    /* the chain: steps [begin, end) */
    int32_t *next;         /* [step_count]: output row to come */
    int32_t *oldest;       /* [tensor_count]: first row that a step of the chain still needs */
    int32_t *ring;         /* [tensor_count]: most rows in use at once */
    int32_t *from, *to;    /* [tensor_count]: least and greatest step that ran while rows of a ring were in use */
    int32_t *used_up;      /* [tensors]: those whose memory the last output may take over */
    int32_t used_up_count;
    int64_t *excess;         /* [tensor_count]: most bytes that the last output was ahead of what was used up */
    bool *over;              /* [tensor_count]: the last output takes the place of its rows */
    mn_stream_slice *slices; /* where they go, or NULL */
    int64_t slice_count;
} mn_chains;

/** Errors: MEMORY. Memory is from `region`. */
mn_status mn_chains_open(const mn_stream_steps *steps, mn_region *region, mn_chains *out);

/** Runs steps [begin, end), of which either there is one or all go by rows. A single step runs by rows only if
 * `overlaps`: then its output may take over memory; that of several always may. Slices go to `slices` if it is not
 * NULL; ring, from and to of `c` stay until the next run. */
void mn_chain_run(mn_chains *c, int32_t begin, int32_t end, bool overlaps, mn_stream_slice *slices, mn_chain *out);

/** Is a tensor whole if steps [begin, end) are a chain? */
bool mn_chain_keeps_whole(const mn_chains *c, int32_t begin, int32_t end, int32_t tensor);

/** Bytes of `rows` rows of a tensor, aligned. */
size_t mn_chain_bytes(const mn_chains *c, int32_t tensor, int32_t rows);

#endif
