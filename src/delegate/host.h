/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* One session's side of an external delegate: a TensorFlow Lite runtime as far as a delegate can see one. Tensors and
 * nodes have the numbers and names that they have in the model's file.
 *
 * It is shown to the delegate in phases, as TensorFlow Lite does: while the delegate's `prepare` runs, everything
 * works; while `init` of a kernel runs, the graph can be looked at, but no operator claimed, as parts are cut by then;
 * while `prepare` and `invoke` of a kernel run, what concerns the graph is refused. */
#ifndef MN_DELEGATE_HOST_H
#define MN_DELEGATE_HOST_H

#include "backend/delegate.h"
#include "backend/partition.h"
#include "delegate/tflite_abi.h"

/** In rising order of what a delegate may do. */
typedef enum mn_host_phase { MN_HOST_IDLE, MN_HOST_KERNEL, MN_HOST_INIT, MN_HOST_CLAIM } mn_host_phase;

#define MN_HOST_WORDS 256

/** What the delegate asked for with one call of replace_node_subsets. */
typedef struct mn_host_call {
    tfl_registration_2_9 registration;
    tfl_delegate *delegate; /* the pointer that it gave: that of the plugin, or of a wrapper */
    const char *name;       /* that it gave its kernels; NULL: none */
} mn_host_call;

/** Memory of a tensor beyond the plan's arena: workspace, tensors that the delegate added. */
typedef struct mn_host_memory {
    void *data;
    size_t bytes;
} mn_host_memory;

typedef struct mn_host {
    tfl_context context; /* first: the delegate holds its address */
    const mn_offer *offer;
    bool resized; /* an input has another shape than in the file */
    mn_region region;
    const mn_delegate *of;  /* whose listener hears what is said; NULL: nobody does */
    tfl_delegate *delegate; /* at work; NULL until it is made */
    mn_host_phase phase;
    tfl_node *nodes;                 /* [op_count] */
    tfl_registration *registrations; /* [op_count] */
    tfl_int_array *plan;             /* what get_execution_plan handed out last */
    int32_t *taken;                  /* [op_count]: the call that took it; -1: none */
    mn_host_call *calls;             /* [call_count]; it moves only while the delegate claims */
    int32_t call_count;
    int32_t model_tensors;  /* those of the model; then those that the delegate added */
    int32_t tensor_room;    /* of context.tensors and memory */
    mn_host_memory *memory; /* [tensors_size] */
    bool *unwritten;        /* [model_tensors]: nothing computes it, nobody gives it */
    mn_region preview;      /* what preview_partitioning handed out last */
    void **buffers;         /* [buffer_count] that the delegate asked for */
    int32_t buffer_count;
    tfl_external_context *external[TFL_EXTERNAL_CONTEXTS];
    bool misused;              /* it did something that cannot be; the words say what */
    char words[MN_HOST_WORDS]; /* what the delegate reported */
} mn_host;

/** A host of the network on offer, which must outlive it. Errors: MEMORY. */
mn_status mn_host_open(const mn_offer *offer, mn_host **out);
void mn_host_close(mn_host **host);

/** The host behind a context. */
static inline mn_host *mn_host_of(tfl_context *context) { return (mn_host *)(void *)context; }

/** An array of `count` numbers, copied from `values` or zero for NULL; NULL when out of memory. */
tfl_int_array *mn_host_ints(mn_region *region, int32_t count, const int32_t *values);

/** Fills in the functions of the context. */
void mn_host_set_functions(mn_host *host);

/** Begins, without words, and ends a call to the delegate. */
void mn_host_enter(mn_host *host, mn_host_phase phase);
void mn_host_leave(mn_host *host);

/** Adds what a delegate says to the words, as one line, and tells the listener. */
void mn_host_hear(mn_host *host, const char *text);

/** Fails with the words, after what the delegate was asked for ("its prepare") and the status that it gave. */
mn_status mn_host_fail(mn_host *host, const char *what, tfl_status status);

/** Gives tensor `tensor` memory of the host's own, zeroed, of as many bytes as it has now. Errors: MEMORY. */
mn_status mn_host_give_memory(mn_host *host, int32_t tensor);

/** Memory of the delegate's until the end; its number, or -1 when out of memory. */
int32_t mn_host_add_buffer(mn_host *host, size_t bytes);

/** Frees all buffers but the first `count`. */
void mn_host_drop_buffers(mn_host *host, int32_t count);

/** Options of operator `index` as the delegate wants them: TFL_BUILTIN_BYTES, zeroed. */
void mn_host_write_options(const mn_offer *offer, int32_t index, void *to);

/** Takes `nodes` for a kernel. */
tfl_status mn_host_take(mn_host *host, const tfl_registration_2_9 *registration, const tfl_int_array *nodes,
                        tfl_delegate *delegate);

/** The function of the context that takes what delegates built for any version since 2.9 give. */
tfl_replace_node_subsets *mn_host_replace(void);

/** What a kernel of `part` is told: its nodes, and the tensors that go in, constants and workspace among them, and out,
 * in rising order. NULL when out of memory. */
tfl_delegate_params *mn_host_params(const mn_host *host, const mn_part *part, mn_region *region,
                                    tfl_delegate_params *to);

/** Cuts the graph as if `nodes` were all that anybody claims: the parts of each call, and of what no call has taken.
 * Tables go to `region`. Errors: MEMORY. */
mn_status mn_host_cut(const mn_host *host, int32_t count, const int32_t *nodes, mn_region *region, mn_partition *out);

/** The slots `prepare`, `run` and `free` of a back end (backend.h), whose session is the host. */
mn_status mn_host_prepare(mn_host *host, const mn_part *part, mn_prepared *out);
mn_status mn_host_run(void *state, const mn_part_run *run);
void mn_host_free(void *state);

/** Gives buffers that the delegate keeps for tensors back to it, before it is destroyed. */
void mn_host_free_handles(mn_host *host);

#endif
