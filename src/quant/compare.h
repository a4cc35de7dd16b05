/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Where two versions of a network part: tensor by tensor, over photos. */
#ifndef MN_QUANT_COMPARE_H
#define MN_QUANT_COMPARE_H

#include "quant/quant.h"

/** One tensor that both graphs compute. */
typedef struct mn_difference {
    int32_t op;         /* of the first graph, that computes it */
    int32_t a, b;       /* the tensor in either graph */
    double sqnr;        /* 10 log10(sum a^2 / sum (a - b)^2), in dB; INFINITY when equal */
    double cosine;      /* sum ab / sqrt(sum a^2 sum b^2); 1 when both are zero */
    double shift;       /* mean of b - a */
    double most;        /* largest |b - a| */
    int64_t changed;    /* values of all samples that are not equal */
    mn_interval met[2]; /* values that either takes */
    mn_interval covers; /* values that b can store; unknown when it is float */
} mn_difference;

/** How to compare. */
typedef struct mn_compare_options {
    /** Looks at one sample's runs of both graphs, whose tensors are all kept; several samples are looked at at the same
     * time. NULL: nobody does. */
    void (*look)(void *context, int32_t sample, const mn_session *a, const mn_session *b);
    void *context;
    const mn_session_options *second; /* how sessions of `b` are made; NULL: as those of `a` */
} mn_compare_options;

/** Pairs the tensors that `a` and `b` compute: those of one name, then the rest by order, operator and shape; runs the
 *  samples through both on `jobs` threads (0: one per processor; changes no result). `options` may be NULL. On success
 * the caller owns *out, in the order of a's operators, to be freed with free(). Errors: UNSUPPORTED (inputs of
 * different sizes, nothing to compare), MEMORY, those of mn_runner_create. */
mn_status mn_compare(const mn_graph *a, const mn_graph *b, const mn_samples *samples, int32_t jobs,
                     const mn_compare_options *options, const mn_quant_progress *progress, mn_difference **out,
                     int32_t *count);

#endif
