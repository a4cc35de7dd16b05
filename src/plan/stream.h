/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Running steps a few rows at a time, so that tensors between them need not exist as a whole: a search for the order
 * that takes the least memory. Knows only steps, tensors and rows; nothing is computed twice.
 *
 * Steps are cut into chains, runs of steps that lie behind each other. A chain runs depth first: its last step's next
 * row is made, and before it, step by step, the rows that this needs and that are not there yet. Of a tensor inside a
 * chain only the rows are kept that a later row still needs, in a ring; tensors between chains are whole. */
#ifndef MN_PLAN_STREAM_H
#define MN_PLAN_STREAM_H

#include "base/region.h"
#include "base/status.h"
#include "plan/memory.h"

/** What a step reads of one tensor to make a row of its output. Row y of an image needs rows [y * stride - before,
 *  y * stride - before + reach) of the same image, as far as it has them. */
typedef struct mn_stream_read {
    int32_t tensor;
    int32_t stride, before, reach; /* reach 0: every row needs all of the tensor */
    int32_t in_rows, out_rows;     /* of an image */
} mn_stream_read;

typedef struct mn_stream_tensor {
    size_t row_bytes;
    int32_t rows;   /* of all images, which lie behind each other */
    bool is_input;  /* is there, whole, before the first step */
    bool is_output; /* must be there, whole, behind the last */
} mn_stream_tensor;

typedef struct mn_stream_step {
    const mn_stream_read *reads;
    int32_t read_count;
    int32_t output;        /* of no other step */
    const int32_t *others; /* further outputs, of a step that does not go by rows */
    int32_t other_count;
    bool by_rows;  /* rows of the output may be made one by one; else all at once, of all that is read */
    bool in_place; /* each may be written over the one row of a tensor that it is made of, if both have as many bytes */
} mn_stream_step;

typedef struct mn_stream_steps {
    const mn_stream_step *steps; /* in an order in which they may run */
    int32_t step_count;
    const mn_stream_tensor *tensors;
    int32_t tensor_count;
    size_t alignment; /* of every tensor's memory, a power of two */
} mn_stream_steps;

/** Rows [first, first + rows) of a step's output. */
typedef struct mn_stream_slice {
    int32_t step, first, rows;
} mn_stream_slice;

/** Memory of a tensor. */
typedef struct mn_stream_place {
    int32_t ring; /* rows that it holds, row y in place y % ring; 0: all */
    /* Steps that use it; -1: before the first, the number of steps: behind the last. As steps of a chain take turns,
     * this is not the time from one step to another; but two tensors of which no step uses both may share memory. */
    int32_t first, last;
    /* The tensor that overlaps the front of this one, or -1: it grows there row by row while this one is used up, or
     * takes the place of its rows. This one begins exactly `shift` bytes behind the beginning of that one. */
    int32_t below;
    size_t shift;
} mn_stream_place;

typedef struct mn_stream {
    mn_stream_slice *slices; /* in order */
    int32_t slice_count;
    int32_t *chain_ends; /* behind the last step of each chain, rising */
    int32_t chain_count;
    mn_stream_place *places; /* [tensor_count] */
    size_t peak;             /* bytes in use at the step that uses most, the least of all orders */
    size_t arena_bytes;      /* of an arena for all tensors, which may have gaps */
} mn_stream;

/** The order of least peak; of those, one of few slices whose tensors fit well together. Memory of the answer, and
 * more, comes from `region`. Steps of very many rows (2^25 in all chains that are looked at) run at once. Errors:
 * MEMORY, LIMIT (more than 2^31 - 1 slices). */
mn_status mn_stream_plan(const mn_stream_steps *steps, mn_region *region, mn_stream *out);

/** Fills bytes, first, last, below and shift of a buffer for each tensor, in their order: [tensor_count]. */
void mn_stream_buffers(const mn_stream_steps *steps, const mn_stream *stream, mn_buffer *buffers);

#endif
