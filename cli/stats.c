/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "stats.h"

#include <math.h>
#include <stdlib.h>

#include "base/extremes.h"
#include "net/random.h"

cli_interval cli_wilson(int32_t successes, int32_t trials) {
    const double z = 1.959963984540054; /* 97.5 % quantile of the normal distribution */
    double n = trials, p = successes / n;
    double centre = p + z * z / (2 * n);
    double reach = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    double scale = 1 + z * z / n;
    return (cli_interval){.low = fmax(0, (centre - reach) / scale), .high = fmin(1, (centre + reach) / scale)};
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

cli_interval cli_bootstrap(const double *values, int32_t count) {
    const int32_t outside = CLI_RESAMPLES / 40; /* 2.5 % at either end */
    double means[CLI_RESAMPLES];
    mn_random random = {0};
    for (int32_t i = 0; i < CLI_RESAMPLES; i++) {
        double sum = 0;
        for (int32_t k = 0; k < count; k++) sum += values[mn_random_bits(&random) % (uint64_t)count];
        means[i] = sum / count;
    }
    qsort(means, CLI_RESAMPLES, sizeof *means, by_value);
    return (cli_interval){.low = means[outside], .high = means[CLI_RESAMPLES - 1 - outside]};
}

double cli_mcnemar(int32_t lost, int32_t won) {
    const int32_t fewer = lost < won ? lost : won, n = lost + won;
    double sum = 0, log_ways = 0; /* of choosing k of n, whose numbers leave a double's range */
    for (int32_t k = 0; k <= fewer; k++) {
        sum += exp(log_ways - n * log(2));
        log_ways += log((double)(n - k) / (k + 1));
    }
    return fmin(1, 2 * sum);
}

double cli_largest_difference(const float *p, const float *q, int32_t count) {
    double largest = 0;
    for (int32_t i = 0; i < count; i++) largest = mn_max_f64(largest, fabs((double)p[i] - (double)q[i]));
    return largest;
}
