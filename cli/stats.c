/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "stats.h"

#include <math.h>

#include "base/extremes.h"

cli_interval cli_wilson(int32_t successes, int32_t trials) {
    const double z = 1.959963984540054; /* 97.5 % quantile of the normal distribution */
    double n = trials, p = successes / n;
    double centre = p + z * z / (2 * n);
    double reach = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    double scale = 1 + z * z / n;
    return (cli_interval){.low = fmax(0, (centre - reach) / scale), .high = fmin(1, (centre + reach) / scale)};
}

double cli_largest_difference(const float *p, const float *q, int32_t count) {
    double largest = 0;
    for (int32_t i = 0; i < count; i++) largest = mn_max_f64(largest, fabs((double)p[i] - (double)q[i]));
    return largest;
}
