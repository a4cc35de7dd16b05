/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From the values that a tensor takes to the range that its 8 bits should cover. */
#ifndef MN_QUANT_RANGE_H
#define MN_QUANT_RANGE_H

#include "quant/quant.h"

typedef enum mn_range_method {
    MN_RANGE_MINMAX,     /* all values */
    MN_RANGE_PERCENTILE, /* all but the outermost MN_RANGE_OUTLIERS of the values at either end */
    MN_RANGE_MSE,        /* the least mean squared error of rounding inside and clipping outside */
    MN_RANGE_METHOD_COUNT
} mn_range_method;

#define MN_RANGE_OUTLIERS 1e-5

/** Name of a method, "minmax". */
const char *mn_range_method_name(mn_range_method method);

#define MN_HISTOGRAM_BINS 2048

/** How often values fell into each of equal parts of [low, high]; zeros, which are stored exactly, apart. */
typedef struct mn_histogram {
    mn_interval range; /* of all values; widened to hold zero */
    uint64_t zeros;
    uint64_t count[MN_HISTOGRAM_BINS];
} mn_histogram;

/** The range to cover. Methods other than min-max need `histogram`, whose range is the answer of min-max. */
mn_interval mn_range_choose(mn_range_method method, const mn_histogram *histogram);

#endif
