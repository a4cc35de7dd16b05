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
    int64_t constant_bytes; /* read */
    int32_t taken;          /* the tensor whose memory its last output takes over while it is used up, or -1 */
    size_t shift;
    size_t saved;     /* bytes by that */
    bool is_given_up; /* as `least` grew over what was allowed; only that is known */
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
    int32_t *chunk;        /* [step_count]: most units of a slice */
    int32_t *next;         /* [step_count]: unit of the output to come */
    int32_t *slices_of;    /* [step_count]: in how many slices it ran */
    int32_t *oldest;       /* [tensor_count]: first unit that a step of the chain still needs */
    int32_t *ring;         /* [tensor_count]: most units in use at once */
    int32_t *from, *to;    /* [tensor_count]: least and greatest step that ran while units of a ring were in use */
    int32_t *used_up;      /* [tensors]: those whose memory the last output may take over */
    int32_t used_up_count;
    int64_t *excess;         /* [tensor_count]: most bytes that the last output was ahead of what was used up */
    bool *over;              /* [tensor_count]: the last output takes the place of its units */
    size_t most;             /* least bytes (mn_chain.least) that are worth going on; SIZE_MAX: all */
    size_t least;            /* what is known of them so far */
    mn_stream_slice *slices; /* where they go, or NULL */
    int64_t slice_count;
} mn_chains;

/** Errors: MEMORY. Memory is from `region`. */
mn_status mn_chains_open(const mn_stream_steps *steps, mn_region *region, mn_chains *out);

/** Sets the chunks of steps [begin, end), as far as they go by units. */
void mn_chain_set_chunk(mn_chains *c, int32_t begin, int32_t end, int32_t chunk);

/** Runs steps [begin, end), of which either there is one or all go by units, in slices of their chunks. A single step
 * runs all at once, in rows if it has any, unless it `overlaps`: then its output may take over memory; that of several
 * always may. Slices go to `slices` if it is not NULL; ring, from, to and slices_of of `c` stay until the next run. The
 * chain is given up once it takes more than c->most. */
void mn_chain_run(mn_chains *c, int32_t begin, int32_t end, bool overlaps, mn_stream_slice *slices, mn_chain *out);

/** Is a tensor whole if steps [begin, end) are a chain? */
bool mn_chain_keeps_whole(const mn_chains *c, int32_t begin, int32_t end, int32_t tensor);

/** Bytes of workspace of a step with its chunk. */
size_t mn_chain_workspace(const mn_chains *c, int32_t step);

/** Places of a tensor as a whole. */
int32_t mn_chain_places(const mn_chains *c, int32_t tensor);

#endif
