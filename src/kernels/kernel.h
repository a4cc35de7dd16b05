/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a kernel is, and how one is chosen. Kernels see plain buffers and parameters, never a graph.
 *
 * An operator's work is divided into independent units (rows, pixels, channels: said beside its parameters in
 * params.h); a kernel computes units [begin, end) and may be called from several threads with disjoint ranges.
 * The result never depends on how the range was cut. */
#ifndef MN_KERNELS_KERNEL_H
#define MN_KERNELS_KERNEL_H

#include "kernels/layout.h"
#include "kernels/target.h"
#include "kernels/tier.h"
#include "mobilenet.h"

/** Least entries of mn_task.inputs and of pack()'s constants: operands that an operator leaves out at the end are NULL.
 */
enum { MN_TASK_INPUTS = 3 };

/** How a step is shared among threads. */
typedef struct mn_cut {
    int32_t units;          /* independent parts of the work */
    int32_t grain;          /* fewest units that a thread should take at once; `units` where no second thread helps */
    size_t workspace_bytes; /* of each thread */
    /* What a unit is, where that is for the kernel to say (mn_kernel_traits.cut): parts that the rows of an image are
     * cut into; rows and channels of a unit. */
    int32_t bands, rows, channels;
    double busiest; /* part of the work that falls to the thread with most of it; 0: the kernel does not say */
} mn_cut;

/** One operator application: everything a kernel reads and writes. */
typedef struct mn_task {
    const void *params;        /* the operator's mn_<op>_params */
    const void *const *inputs; /* in the order documented beside the params */
    void *output;
    /* Rows that the memory of inputs[0], and of the output, has room for; 0: all. Row y of all images, counted through,
     * lies in place y % in_ring, y % out_ring (kernels/rows.h). Not 0 only for kernels whose traits say `rings`. */
    int32_t in_ring, out_ring;
    const void *packed; /* what the kernel's pack() made, or NULL */
    const mn_cut *cut;  /* of the whole step; NULL only for kernels without a cut() */
    void *workspace;    /* this thread's workspace, aligned to 64 bytes, or NULL */
    /* What the workspace still holds from earlier units of the same step, as the kernel notes it; -1 before the first
     * of them. NULL: nothing is kept from call to call. */
    int64_t *kept;
    /* Constants that the next step begins with, or NULL. A kernel that computes more than it reads may prefetch some
     * of them on the way. */
    const void *prefetch;
    size_t prefetch_bytes;
} mn_task;

/** Does the workspace hold `what` from earlier units? If not, it will: the caller puts it there. */
static inline bool mn_task_keeps(const mn_task *task, int64_t what) {
    if (task->kept == NULL) return false;
    const bool kept = *task->kept == what;
    *task->kept = what;
    return kept;
}

typedef void (*mn_kernel_fn)(const mn_task *task, int32_t begin, int32_t end);

/** Memory a kernel wants for given parameters. */
typedef struct mn_kernel_need {
    size_t packed_bytes;    /* weights rearranged once per model */
    size_t workspace_bytes; /* per thread and run */
} mn_kernel_need;

/** The arithmetic families. MN_KERNEL_OP names come first in kernel names: mn_<op>_<types>_<tier>. */
typedef enum mn_kernel_op {
    MN_K_CONV,
    MN_K_DEPTHWISE,
    MN_K_FULLY_CONNECTED,
    MN_K_ADD, /* also SUB */
    MN_K_MUL,
    MN_K_DIV,
    MN_K_MAXIMUM, /* also MINIMUM */
    MN_K_PRELU,
    MN_K_AVERAGE_POOL,
    MN_K_MAX_POOL,
    MN_K_MEAN,
    MN_K_SUM,
    MN_K_REDUCE_MAX,
    MN_K_SOFTMAX,
    MN_K_LOG_SOFTMAX,
    MN_K_L2_NORMALIZATION,
    MN_K_QUANTIZE, /* float to int, and int to int with another scale */
    MN_K_DEQUANTIZE,
    MN_K_CLAMP, /* RELU, RELU6 ... as operators of their own */
    MN_K_UNARY, /* other functions of each element */
    MN_K_PAD,
    MN_K_TRANSPOSE, /* also slices, parts, repetitions */
    MN_K_CONCATENATION,
    MN_K_COPY,
    MN_K_RESIZE_BILINEAR,
    MN_K_RESIZE_NEAREST,
    MN_K_SPACE_TO_BATCH,
    MN_K_BATCH_TO_SPACE,
    MN_K_CONV_DEPTHWISE, /* two operators as one; also the next */
    MN_K_PROJECT,
    MN_K_CONV_MEAN,
    MN_K_HYBRID_CONV, /* float activations, 8-bit weights; also the next two */
    MN_K_HYBRID_DEPTHWISE,
    MN_K_HYBRID_FULLY_CONNECTED,
    MN_K_OP_COUNT
} mn_kernel_op;

/** What there is to know about a kernel before it runs. Several kernels may share one. */
typedef struct mn_kernel_traits {
    /* May such a kernel compute these parameters, and with what memory? One predicate for choice and size. NULL:
     * always, with none. */
    bool (*need)(const void *params, mn_kernel_need *need);
    /* Is this faster than what lower tiers have for these parameters? NULL: always. Only plans ask. */
    bool (*pays)(const void *params);
    /* Fills need.packed_bytes; `constants` are the constant inputs in task order (NULL where not constant). NULL when
     * nothing is packed. */
    void (*pack)(const void *params, const void *const *constants, void *packed);
    /* Layouts of the first input and of the output; all else is NHWC. NULL: so are they. */
    void (*layouts)(const void *params, mn_layout *in, mn_layout *out);
    /* What units are, how many, how many at least in a piece (`grain`), and the workspace of a thread, so that the
     * busiest of `threads` has least to do. `cut` holds what the family's parameters say of units and need() of
     * workspace. NULL: that is right, and so is any grain.
     * Where `cut` asks for `bands` other than 0, a kernel that says what the busiest has cuts a single image into so
     * many bands of whole rows, band b being units [units * b / bands, units * (b + 1) / bands). */
    void (*cut)(const void *params, int32_t threads, mn_cut *cut);
    bool rings; /* mn_task.in_ring and out_ring are honoured */
    /* Every element is made of the same element of the operands, or one that an operand repeats, and these are read
     * before it is written: the output may be the memory of an operand that has as many bytes. */
    bool in_place;
} mn_kernel_traits;

/** Nothing: the kernel computes all parameters, without memory of its own. */
extern const mn_kernel_traits mn_kernel_plain;

/** The same of kernels that work in place. */
extern const mn_kernel_traits mn_kernel_in_place;

/** Nothing but rings. */
extern const mn_kernel_traits mn_kernel_ringed;

typedef struct mn_kernel {
    const char *symbol; /* "mn_conv_i8_ref" */
    mn_kernel_op op;
    mn_type in, out; /* element types of activations */
    mn_tier tier;
    uint32_t cpu; /* MN_CPU_* flags of the tier's family that this kernel executes instructions of */
    mn_kernel_fn run;
    const mn_kernel_traits *traits; /* never NULL */
} mn_kernel;

/** Whether `kernel` may compute `params`; then fills `need`. */
static inline bool mn_kernel_needs(const mn_kernel *kernel, const void *params, mn_kernel_need *need) {
    *need = (mn_kernel_need){0};
    return kernel->traits->need == NULL || kernel->traits->need(params, need);
}

/** Whether `kernel` runs on weights that mn_kernel_pack() has rearranged. */
static inline bool mn_kernel_packs(const mn_kernel *kernel) { return kernel->traits->pack != NULL; }

/** Fills need.packed_bytes of a kernel that packs; see mn_kernel_traits. */
static inline void mn_kernel_pack(const mn_kernel *kernel, const void *params, const void *const *constants,
                                  void *packed) {
    kernel->traits->pack(params, constants, packed);
}

/** The layouts of a kernel's first input and of its output. */
static inline void mn_kernel_layouts(const mn_kernel *kernel, const void *params, mn_layout *in, mn_layout *out) {
    *in = *out = (mn_layout){0};
    if (kernel->traits->layouts != NULL) kernel->traits->layouts(params, in, out);
}

/** Every kernel there is for this architecture: the expansion of kernels.def, and its length. */
extern const mn_kernel mn_kernels[];
extern const int32_t mn_kernel_count;

/** The next best of the kernels for these types that run on `target` and are of a tier that `limit` allows: the best
 *  when `before` is NULL, else the one that comes behind it. NULL when there is none. */
const mn_kernel *mn_kernel_next(mn_kernel_op op, mn_type in, mn_type out, const mn_target *target, mn_tier limit,
                                const mn_kernel *before);

/** The first of those whose need() accepts `params`; fills `need`. NULL when there is none. */
const mn_kernel *mn_kernel_choose(mn_kernel_op op, mn_type in, mn_type out, const mn_target *target, mn_tier limit,
                                  const void *params, mn_kernel_need *need);

#endif
