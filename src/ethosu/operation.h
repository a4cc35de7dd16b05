/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* One operation of a program: all that its registers said, checked, and what of it is computed once. */
#ifndef MN_ETHOSU_OPERATION_H
#define MN_ETHOSU_OPERATION_H

#include "base/thread.h"
#include "ethosu/map.h"
#include "ethosu/weights.h"
#include "kernels/kernel.h"
#include "kernels/params.h"

/** Memories that a program can name, and the NPU's own for tables behind them. */
enum { MN_ETHOSU_SPACES = 8, MN_ETHOSU_TABLES = MN_ETHOSU_SPACES, MN_ETHOSU_ALL_SPACES };

/** Bytes of the memory for tables. */
enum { MN_ETHOSU_TABLE_BYTES = 2048 };

typedef enum mn_ethosu_kind {
    MN_ETHOSU_DMA,
    MN_ETHOSU_CONV,
    MN_ETHOSU_DEPTHWISE,
    MN_ETHOSU_POOL,
    MN_ETHOSU_ELEMENTWISE
} mn_ethosu_kind;

typedef enum mn_ethosu_scaling {
    MN_ETHOSU_UNSCALED,
    MN_ETHOSU_SCALED,        /* by one scale */
    MN_ETHOSU_SCALED_CHANNEL /* by one for each channel */
} mn_ethosu_scaling;

/** From accumulators to stored values. */
typedef struct mn_ethosu_finish {
    mn_ethosu_scaling scaling;
    mn_ethosu_scale scale;
    const mn_ethosu_scale *scales; /* [c] */
    bool shift_only;               /* products of 32 bits: only the scale's shift counts */
    bool negative_only;            /* LRELU: what is not below zero stays as it is */
    int32_t rounding;              /* MN_NPU_ROUND_* */
    int32_t zero;                  /* added then */
    int32_t low, high;             /* clamp, after that */
    int32_t table;                 /* byte of the table memory where the table begins; -1: none */
    int32_t table_low;             /* stored value of its first entry */
} mn_ethosu_finish;

/** A convolution that one of the library's kernels computes, on dense rows: `kernel` is NULL where none does. */
typedef struct mn_ethosu_dense {
    const mn_kernel *kernel;
    mn_conv_params params;
    const void *filter; /* beside `packed`, too: kernels may pack a part of what they read */
    const int32_t *bias;
    void *packed;
    int32_t threads; /* that a run may use; each has a workspace of its own */
    mn_cut cut;
} mn_ethosu_dense;

/** The second operand, and both operands' scales, of ELEMENTWISE. */
typedef struct mn_ethosu_pair {
    mn_ethosu_map map; /* of dimensions that are repeated, size 1 */
    bool is_scalar;
    int32_t scalar; /* less its zero point */
    bool reversed;  /* IFM2 is the first operand */
    int32_t scaled; /* 0: both, by 16 bits; 1, 2: the first, the second, by 32 bits; -1: none */
    uint32_t scale[2];
    int32_t shift; /* of scale[0], where one operand is scaled */
} mn_ethosu_pair;

typedef struct mn_ethosu_copy {
    int32_t from_space, to_space;
    size_t from, to, bytes;
} mn_ethosu_copy;

/** What a convolution's weights are made from: the same sources make the same weights. */
typedef struct mn_ethosu_source {
    const uint8_t *weights[2], *scales[2]; /* constants of the model, for each core; NULL for one without channels */
    size_t weight_bytes[2], scale_bytes[2];
    int32_t block_depth, cores;
    bool part_kernel;
    bool one_scale; /* of the program, in place of the channels' */
} mn_ethosu_source;

typedef struct mn_ethosu_op {
    mn_ethosu_kind kind;
    int32_t mode; /* of POOL and ELEMENTWISE: MN_NPU_POOL_MAX, MN_NPU_MUL ... */
    mn_ethosu_map in, out;
    mn_window window;       /* CONV, DEPTHWISE and POOL; padding below and to the right is what lies beyond the input */
    const int16_t *weights; /* CONV: [out_c][k_h][k_w][in_c]; DEPTHWISE: [k_h][k_w][out_c] */
    mn_ethosu_finish finish;
    mn_ethosu_source source;
    mn_ethosu_dense dense;
    mn_ethosu_pair pair; /* ELEMENTWISE */
    mn_ethosu_copy copy; /* DMA */
} mn_ethosu_op;

/** What runs a program. */
typedef struct mn_ethosu_machine {
    mn_target target;
    mn_tier tier;    /* highest tier of kernels */
    int32_t threads; /* of one run, >= 1 */
} mn_ethosu_machine;

/** Memory of one run. */
typedef struct mn_ethosu_run {
    uint8_t *spaces[MN_ETHOSU_ALL_SPACES]; /* constant ones are not written */
    char *workspace;                       /* aligned to 64 */
    mn_team *team;                         /* to share work with; NULL: the caller alone */
} mn_ethosu_run;

/** Workspace that an operation needs; false when that overflows. */
bool mn_ethosu_window_workspace(const mn_ethosu_op *op, size_t *bytes);
bool mn_ethosu_elementwise_workspace(const mn_ethosu_op *op, size_t *bytes);
bool mn_ethosu_dense_workspace(const mn_ethosu_op *op, size_t *bytes);

/** CONV, DEPTHWISE and POOL in plain arithmetic; a convolution by a kernel; ELEMENTWISE. */
void mn_ethosu_window_run(const mn_ethosu_op *op, const mn_ethosu_run *run);
void mn_ethosu_dense_run(const mn_ethosu_op *op, const mn_ethosu_run *run);
void mn_ethosu_elementwise_run(const mn_ethosu_op *op, const mn_ethosu_run *run);

#endif
