/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Running steps a few units at a time, so that tensors between them need not exist as a whole: a search for the order
 * that takes the least memory, or the least time in given memory. Knows only steps, tensors and their units, which are
 * rows or pixels of images; nothing is computed twice.
 *
 * Steps are cut into chains, runs of steps that lie behind each other. A chain runs depth first: its last step's next
 * units are made, and before them, step by step, those that they need and that are not there yet, never more at a time
 * than a step's chunk. Of a tensor inside a chain only the units are kept that a later one still needs, in a ring;
 * tensors between chains are whole. */
#ifndef MN_PLAN_STREAM_H
#define MN_PLAN_STREAM_H

#include "base/region.h"
#include "base/status.h"
#include "plan/memory.h"

/** Windows along one dimension of an image: place y of the output needs places [y * stride - before, y * stride -
 *  before + reach) of the input, as far as it has them. `in` and `out` are how many there are. */
typedef struct mn_stream_axis {
    int32_t stride, before, reach;
    int32_t in, out;
} mn_stream_axis;

/** The axis of columns where a row is one unit. */
#define MN_STREAM_ONE_COLUMN ((mn_stream_axis){.stride = 1, .reach = 1, .in = 1, .out = 1})

/** What a step reads of one tensor to make a unit of its output: what lies under a window in the same image. Units are
 *  in the order of images, rows and columns. */
typedef struct mn_stream_read {
    int32_t tensor;
    mn_stream_axis rows; /* a reach of 0: every unit needs all of the tensor */
    mn_stream_axis columns;
} mn_stream_read;

/** Is a unit made of the unit at its own place? */
static inline bool mn_stream_is_alike(const mn_stream_read *read) {
    return read->rows.stride == 1 && read->rows.before == 0 && read->rows.reach == 1 && read->columns.stride == 1 &&
           read->columns.before == 0 && read->columns.reach == 1;
}

typedef struct mn_stream_tensor {
    size_t unit_bytes;
    int32_t units;  /* of all images, which lie behind each other */
    bool is_sum;    /* there is only one place: every unit is what the one before has become */
    bool is_input;  /* is there, whole, before the first step */
    bool is_output; /* must be there, whole, behind the last */
} mn_stream_tensor;

typedef struct mn_stream_step {
    const mn_stream_read *reads;
    int32_t read_count;
    int32_t output;        /* of no other step */
    const int32_t *others; /* further outputs, of a step that does not go by units */
    int32_t other_count;
    bool by_units;         /* units of the output may be made one after another; else all at once, of all it reads */
    bool in_place;         /* each may be written over the one unit of a tensor that it is made of, of as many bytes */
    int32_t row;           /* a slice stays within a row of so many units; 0: within nothing */
    size_t constant_bytes; /* that every slice reads, from flash unless they are copied */
    /* While a slice runs: so many bytes for each unit of the chunk up to some, and more bytes from a chunk on. */
    size_t workspace_bytes, wide_bytes;
    int32_t workspace_units, wide_units;
} mn_stream_step;

typedef struct mn_stream_steps {
    const mn_stream_step *steps; /* in an order in which they may run */
    int32_t step_count;
    const mn_stream_tensor *tensors;
    int32_t tensor_count;
    size_t alignment; /* of every tensor's memory, a power of two */
} mn_stream_steps;

/** What is searched; all zeros: the least memory, unit by unit. */
typedef struct mn_stream_options {
    const int32_t *chunks; /* most units of a slice, to choose from for each chain, rising; NULL: one unit */
    int32_t chunk_count;
    size_t limit;       /* bytes of the arena within which the least is to be read from flash; 0: as few as can be */
    int64_t slice_cost; /* what a slice costs, in bytes of constants that could be read instead; 0: 64 */
    bool copies;        /* constants may be copied to the arena while a chain runs, where the limit leaves room */
} mn_stream_options;

/** Units [first, first + units) of a step's output. */
typedef struct mn_stream_slice {
    int32_t step, first, units;
} mn_stream_slice;

/** Memory of a tensor. */
typedef struct mn_stream_place {
    int32_t ring; /* units that it holds, unit u in place u % ring; 0: all */
    /* Steps that use it; -1: before the first, the number of steps: behind the last. As steps of a chain take turns,
     * this is not the time from one step to another; but two tensors of which no step uses both may share memory. */
    int32_t first, last;
    /* The tensor that overlaps the front of this one, or -1: it grows there unit by unit while this one is used up, or
     * takes the place of its units. This one begins exactly `shift` bytes behind the beginning of that one. */
    int32_t below;
    size_t shift;
} mn_stream_place;

/** How a step runs. */
typedef struct mn_stream_turn {
    int32_t chunk;  /* most units of a slice */
    int32_t slices; /* that it runs in */
    bool is_copied; /* its constants are read from flash once, when its chain begins */
} mn_stream_turn;

/** Memory that is not a tensor's, in use from step `first` to step `last`: workspace of a step, or a copy of its
 * constants while its chain runs. */
typedef struct mn_stream_extra {
    int32_t step;
    bool is_copy;
    size_t bytes;
    int32_t first, last;
} mn_stream_extra;

typedef struct mn_stream {
    mn_stream_slice *slices; /* in order */
    int32_t slice_count;
    int32_t *chain_ends; /* behind the last step of each chain, rising */
    int32_t chain_count;
    mn_stream_place *places; /* [tensor_count] */
    mn_stream_turn *turns;   /* [step_count] */
    mn_stream_extra *extras;
    int32_t extra_count;
    size_t peak;            /* bytes in use at the step that uses most */
    size_t arena_bytes;     /* of an arena for all tensors, copies and workspaces, which may have gaps */
    int64_t constant_bytes; /* read from flash */
} mn_stream;

/** The order of least peak, or one near it whose arena is smaller; of those, one of few slices whose tensors fit well
 * together. With a limit, the one that
 * reads the fewest constants within it. `options` may be NULL. Memory of the answer, and more, comes from `region`.
 * Steps of very many units (2^25 slices in all chains that are looked at) run at once. Errors: MEMORY, LIMIT (more than
 * 2^31 - 1 slices). No way within the limit is no error: then the answer is the one without a limit. */
mn_status mn_stream_plan(const mn_stream_steps *steps, const mn_stream_options *options, mn_region *region,
                         mn_stream *out);

/** Fills bytes, first, last, below and shift of a buffer for each tensor, then for each extra: [tensor_count +
 *  extra_count]. */
void mn_stream_buffers(const mn_stream_steps *steps, const mn_stream *stream, mn_buffer *buffers);

#endif
