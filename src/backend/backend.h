/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a back end is: somebody else who runs operators of a network, such as a host of TensorFlow Lite delegates or an
 * interpreter of programs for an NPU. One struct of slots. docs/backends.md shows how to write one.
 *
 * When a session is made, each back end in turn is shown the network and claims operators. Claimed operators that can
 * run together become a part (partition.h), and the back end prepares each of its parts. The session then runs parts
 * and its own kernels in one order, with one arena.
 *
 * Threads: a back end may serve several sessions at once, on several threads, so `context` is read-only or locked. The
 * calls for one session come one after another, from one thread at a time, though not always the same one.
 *
 * Failures: whoever fails calls mn_fail() with one sentence about the reason and returns its status. The session puts
 * the model, the back end and the operators in front of the sentence. */
#ifndef MN_BACKEND_BACKEND_H
#define MN_BACKEND_BACKEND_H

#include "base/thread.h"
#include "graph/graph.h"
#include "graph/shape.h"
#include "kernels/target.h"

/** Who runs an operator, if no back end, whose numbers are 0 and up. */
enum {
    MN_OWNER_NONE = -1, /* nobody yet: a kernel, unless a back end claims it */
    MN_OWNER_DONE = -2, /* nobody: its results are known since the model was opened */
};

/** Who runs operator `op` if no back end claims it. */
static inline int32_t mn_owner_unclaimed(const mn_graph *graph, int32_t op) {
    return graph->tensors[graph->ops[op].outputs[0]].data ? MN_OWNER_DONE : MN_OWNER_NONE;
}

/** A session's network, to choose operators from. Lives until `close`, at the same address. */
typedef struct mn_offer {
    /** The model's: checked, with the numbers and names that tensors have in the file, and the file's metadata.
     *  Attributes marked `computed`, and constants that follow from shapes, hold for the file's shapes; `shapes` are
     * true.
     */
    const mn_graph *graph;
    const mn_shape *shapes; /* [graph->tensor_count], of this session */
    const int32_t *owners;  /* [graph->op_count]: MN_OWNER_*, or the number of the back end that has claimed it */
    int32_t self;           /* the number of the back end that is asked */
    int32_t threads;        /* that a run may use */
    mn_target target;       /* what runs the session, for back ends that compute on the processor, */
    mn_tier tier;           /* and the highest tier of kernels that it may use */
    bool alone;             /* each claimed operator becomes a part of its own, so that every tensor can be looked at */
} mn_offer;

/** Operators that a back end runs as one. Their other tensors, those that only they write and read, have no memory: the
 *  back end brings it. Tensors that nothing writes (workspace of CUSTOM operators) are not among the inputs. */
typedef struct mn_part {
    int32_t owner;
    int32_t op_count;
    const int32_t *ops; /* in an order in which they can run */
    int32_t input_count;
    const int32_t *inputs; /* tensors, each once, in order of first use */
    int32_t output_count;
    const int32_t *outputs; /* at least one: tensors that others read, in order of the operators */
} mn_part;

/** A part that is ready to run. */
typedef struct mn_prepared {
    void *state;            /* of the back end */
    size_t workspace_bytes; /* that a run needs from the session's arena; 0: none */
    const char *kernel;     /* what plans and profiles call it, as a kernel; lives until `free`; NULL: "foreign" */
} mn_prepared;

/** Alignment of every tensor in the arena, and of the arena itself, in bytes: a cache line and a zmm register. */
#define MN_ARENA_ALIGNMENT ((size_t)64)

/** Memory of one run. Tensors lie as in TensorFlow Lite, row by row without gaps, aligned to MN_ARENA_ALIGNMENT where
 * they are not constants; the addresses are the same in every run of a session. Nothing overlaps. */
typedef struct mn_part_run {
    const void *const *inputs; /* [input_count] */
    void *const *outputs;      /* [output_count] */
    void *workspace; /* [workspace_bytes], aligned to MN_ARENA_ALIGNMENT; loses its contents between runs; NULL: none */
    mn_team *team;   /* threads to share work with; NULL: the caller alone */
} mn_part_run;

/** The slots. NULL is allowed where it says so. The struct outlives the sessions that use it and does not change. */
typedef struct mn_backend {
    const char *name; /* in sentences and plans */
    void *context;    /* the back end's own */
    bool constants;   /* inputs of parts include the constants that their operators read */

    /** NULL: unknown. The shape of output `output` of CUSTOM operator `op_index` when inputs have other shapes than in
     * the file; *known stays false where it is not the back end's operator. Where the first dimension counts the images
     * of a batch, the answer promises that each image gets the bits it gets alone. */
    mn_status (*shape)(void *context, const mn_graph *graph, int32_t op_index, int32_t output, const mn_shape *shapes,
                       mn_shape *out, bool *known);

    /** Sets wanted[i] ([graph->op_count], all false) for operators that it wants and whose owner is MN_OWNER_NONE.
     *  *session is NULL; what it becomes goes to `prepare`, and to `close` even if this or something later fails. */
    mn_status (*claim)(void *context, const mn_offer *offer, bool *wanted, void **session);

    /** Makes one part ready; `part` lives until `close`. On failure nothing is kept, and no session is made. */
    mn_status (*prepare)(void *session, const mn_offer *offer, const mn_part *part, mn_prepared *out);

    /** Computes the outputs from the inputs, which it must not write. Allocates nothing that it could have had before.
     *  After a failure outputs may hold anything, and the next run starts afresh. */
    mn_status (*run)(void *state, const mn_part_run *run);

    /** Ends what `prepare` made; NULL: nothing to end. */
    void (*free)(void *state);

    /** Ends what `claim` made, when all parts are freed; NULL: nothing to end. */
    void (*close)(void *session);
} mn_backend;

#endif
