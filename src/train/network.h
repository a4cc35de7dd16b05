/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A net made ready for training: a chain of units, each a convolution with its batch norm, activation, gates and
 * residual addition, and a head of dense layers, the last of which is the classifier. Only what the convolutions give
 * is kept (z); what comes after them is computed again wherever it is read, which costs less than storing and loading
 * it. */
#ifndef MN_TRAIN_NETWORK_H
#define MN_TRAIN_NETWORK_H

#include "base/thread.h"
#include "net/net.h"
#include "quant/quant.h"
#include "train/kernels.h"
#include "train/reduce.h"

typedef enum mn_unit_kind { MN_UNIT_STEM, MN_UNIT_POINTWISE, MN_UNIT_DEPTHWISE } mn_unit_kind;

/** Activations of dense layers; hard sigmoid is min(max(z + 3, 0), 6) / 6. */
typedef enum mn_bend { MN_BEND_NONE, MN_BEND_CLIP, MN_BEND_HARD_SWISH, MN_BEND_HARD_SIGMOID } mn_bend;

/** See dense.h. */
typedef struct mn_dense {
    int32_t layer; /* DENSE, or CONV of size 1 on one pixel */
    int32_t in_c, in_p, out_c, out_p;
    mn_bend bend;
    float high;          /* of MN_BEND_CLIP, which starts at 0 */
    size_t kernel, bias; /* places in the parameters: [in_p][out_p], [out_p] */
    float *z, *y;        /* [batch][out_p]: before and behind the activation; the same without one */
    float *gradient;     /* [batch][out_p]: by y, then by z; without an activation in the place of z */
} mn_dense;

/** See gate.h. */
typedef struct mn_gate {
    mn_dense squeeze, excite;
    float *pooled; /* [batch][out_p of the unit] */
} mn_gate;

/** What batch norm needs per channel, in the order of mn_unit.norms. */
enum {
    MN_NORM_MEAN,
    MN_NORM_SCALE,
    MN_NORM_BETA,
    MN_NORM_MEAN_G,
    MN_NORM_SLOPE,
    MN_NORM_INVERSE,  /* 1 / standard deviation */
    MN_NORM_VARIANCE, /* of the batch */
    MN_NORM_ROWS
};

typedef struct mn_unit {
    mn_unit_kind kind;
    int32_t conv, norm, last;       /* layers; `last` gives what the unit gives */
    int32_t source;                 /* unit that is read; -1: the pictures */
    int32_t skip;                   /* unit whose output is added; -1: none */
    int32_t in_h, in_w, in_c, in_p; /* _p: channels with their padding */
    int32_t out_h, out_w, out_c, out_p;
    int32_t k_h, k_w, stride, pad_top, pad_left;
    bool linear; /* no activation */
    bool stored; /* the output is kept, in x: of linear units, and of those that an addition reads */
    bool hard_swish;
    bool frozen;   /* weights stay, batch norm uses its moving statistics */
    float high;    /* of the activation, which starts at 0 */
    float clip[2]; /* the activation, and when quantising the range that is stored: gradients are 0 outside */
    float epsilon, momentum;
    /* Places in the parameters: kernel [kernel_rows][out_p], gamma, beta [out_p]; in the statistics: [out_p]. */
    int32_t kernel_rows;
    size_t kernel, gamma, beta, mean, variance;
    size_t end;        /* behind its parameters */
    mn_gate *gate;     /* NULL: none */
    float *z, *x;      /* [batch][out_h][out_w][out_p] */
    float *norms;      /* [MN_NORM_ROWS][out_p] */
    float *transposed; /* POINTWISE: kernel as [out_p][in_p] */
} mn_unit;

/** Of values of one channel. */
typedef struct mn_spread {
    double rows, mean, squares; /* squares of the distances to the mean */
} mn_spread;

/** What one thread works in. */
typedef struct mn_train_worker {
    float *workspace;
    float *partial;       /* gradient of one kernel */
    float *short_sums[2]; /* per channel, of a few rows */
    double *sums[2];      /* per channel: of z - shift and its square, or of g and g * (z - mean) */
    float *shift;         /* per channel: the first value this thread saw */
    double rows;          /* that went into the sums */
    double loss;          /* of this thread's pictures */
    int32_t right;        /* of them, recognised */
    /* Fake quantisation. */
    float *low, *high;     /* per channel: extremes seen */
    float *sums_workspace; /* [MN_FAKE_CHUNK]: of rows computed again */
    double *scale;         /* per channel: of batch norm */
    mn_interval *seen;     /* [tensors]: extremes of this thread's pictures */
} mn_train_worker;

/** Values that fake quantisation computes again at a time, at least one row. */
#define MN_FAKE_CHUNK 16384

/** Whether training imitates the int8 model, and which scales its weights have. */
typedef enum mn_qat { MN_QAT_NONE, MN_QAT_PER_CHANNEL, MN_QAT_PER_TENSOR } mn_qat;

/** See fake_quant.h. */
typedef struct mn_fake_quant {
    mn_qat mode;
    float *weights; /* laid out as parameters: kernels, folded and rounded, and their biases in the place of beta */
    mn_interval *ranges; /* [tensors] as learned so far */
    mn_fake *steps;      /* [tensors] as of the last forward pass */
    float *logits_kept;  /* [batch][out_p of the classifier]: 1 within the range, else 0 */
} mn_fake_quant;

typedef struct mn_train_net {
    const mn_net *net;
    const mn_train_kernels *kernels;
    mn_reduce *reduce; /* between machines; NULL: there is only one */
    mn_team *team;     /* NULL: one thread */
    int32_t threads, batch;
    int32_t height, width;
    float pixel_scale, pixel_offset; /* what a pixel of 0..255 becomes */
    mn_unit *units;
    int32_t unit_count, first_trained; /* units before that one are frozen; unit_count: all are */
    /* The head. */
    int32_t pool; /* layer */
    mn_dense *head;
    int32_t head_count; /* >= 1; the last is the classifier */
    int32_t features;   /* of head[0], padded */
    float dropout;      /* before the classifier */
    /* All weights, their gradients, and the moving statistics, each in one piece. */
    size_t parameter_count, statistic_count;
    float *parameters, *gradients, *statistics;
    /* One batch. */
    float *pictures; /* [batch][height][width][3] */
    int32_t *labels; /* [batch] */
    int32_t count;   /* pictures in it */
    bool training;   /* batch statistics, dropout */
    uint64_t dropout_seed;
    const float *use_parameters, *use_statistics; /* what the pass reads */
    float smoothing;
    float *pooled;          /* [batch][features] */
    float *pooled_gradient; /* [batch][features] */
    float *kept;            /* [batch][in_p of the classifier]: 0 where one of its inputs was dropped, or cut off */
    /* Gradients of a dense layer's outputs and inputs with pictures as columns, as many as the batch has and padding:
     * [most out_p][batch_p], [most in_p][batch_p]. */
    int32_t batch_p;
    float *out_columns, *in_columns;
    float *wide[2], *narrow[2]; /* gradients of unit outputs: activated, linear */
    mn_train_worker *workers;   /* [threads] */
    mn_spread *spreads;         /* by channel */
    double *shared;             /* sums that go between machines */
    mn_fake_quant fake;
    size_t bytes; /* of all of the above */
    void *memory;
} mn_train_net;

typedef struct mn_train_net_options {
    int32_t batch, threads;
    int32_t freeze; /* blocks from the input whose weights stay: 1 is the stem, and -1 all but the classifier */
    float dropout;
    mn_qat qat;
} mn_train_net_options;

/** Lays out memory for `net`, which must outlive the result, and copies its weights. With `out` NULL only says how many
 *  bytes it would take. Errors: UNSUPPORTED (not a MobileNetV2 with a classifier; the sentence names the layer),
 *  MEMORY, LIMIT, THREAD, ARGUMENT. */
mn_status mn_train_net_create(const mn_net *net, const mn_train_net_options *options, mn_train_net *out, size_t *bytes);

void mn_train_net_free(mn_train_net *t);

/** What pixels 0 and 255 become. Scales such as 1 / 127.5 are not exact, and ends such as 1 are meant. */
mn_interval mn_train_net_pixels(const mn_train_net *t);

/** Brings `parameters` and `statistics` to the layers of `net`, made like the one that was trained. */
void mn_train_net_export(const mn_train_net *t, const float *parameters, const float *statistics, mn_net *net);

/** The last layer of the head; before the loss its z are the logits, [batch][out_p], and then their gradients. */
static inline const mn_dense *mn_train_classifier(const mn_train_net *t) { return &t->head[t->head_count - 1]; }

/** The weights that the passes read. */
static inline const float *mn_train_weights(const mn_train_net *t) {
    return t->fake.mode != MN_QAT_NONE ? t->fake.weights : t->use_parameters;
}

/** Runs `job` on every thread. */
void mn_train_run(mn_train_net *t, mn_team_job job, void *context);

/** The pictures of `thread`: [*begin, *end) of the batch. */
static inline void mn_train_share(int32_t count, int32_t thread, int32_t threads, int32_t *begin, int32_t *end) {
    *begin = (int32_t)((int64_t)count * thread / threads);
    *end = (int32_t)((int64_t)count * (thread + 1) / threads);
}

/** Rows that a thread works on at a time, so that they stay in its cache. */
int32_t mn_unit_tile(const mn_unit *unit);

/** What kernels want to know of a unit's batch norm. */
mn_norm mn_unit_norm(const mn_unit *unit);

/** From pictures to logits. The batch is in pictures and labels; `training` says with which statistics.
 *  Errors: those of the reduction between machines. */
mn_status mn_train_forward(mn_train_net *t);

/** What the passes give. */
typedef struct mn_train_result {
    double loss;   /* sum over the pictures of all machines */
    int64_t right; /* recognised */
    int64_t count;
} mn_train_result;

/** Softmax and cross-entropy of the logits, and its gradient by the logits for the mean over the whole batch when
 *  `training`. */
mn_status mn_train_loss(mn_train_net *t, mn_train_result *result);

/** From the gradients of the logits to `gradients`. Errors: those of the reduction between machines. */
mn_status mn_train_backward(mn_train_net *t);

/** Takes the last batch into the moving statistics: the end of a step that went well. */
void mn_train_keep_statistics(mn_train_net *t);

#endif
