/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What training needs of other machines that train the same net on other pictures. */
#ifndef MN_TRAIN_REDUCE_H
#define MN_TRAIN_REDUCE_H

#include "base/status.h"

typedef struct mn_reduce {
    int32_t rank, ranks;
    void *self;
    /** values[i] = sum over all machines, the same bits on each. */
    mn_status (*sum)(void *self, double *values, size_t count);
    /** Starts such a sum; the values must be left alone until wait(). */
    mn_status (*start)(void *self, float *values, size_t count);
    /** Ends all sums that were started. */
    mn_status (*wait)(void *self);
} mn_reduce;

#endif
