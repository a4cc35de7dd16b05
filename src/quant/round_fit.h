/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Rounds the weights of one output channel so that what they compute changes least. */
#ifndef MN_QUANT_ROUND_FIT_H
#define MN_QUANT_ROUND_FIT_H

#include <stdint.h>

/** Up to so many weights it takes little time to try more. */
enum { MN_ROUND_FEW = 32 };

/** Finds integers in [-127, 127] near weights / scale with a small error e' H e, where e = scale * stored - weights:
 *  the mean squared error of the channel, up to its mean, when `h` ([count][count], symmetric, a positive diagonal) is
 *  the covariance of its inputs. Starts at `stored` and changes one integer after the other to the best it can be,
 *  until no change helps (coordinate descent: Behdin et al., QuantEase, 2023), and of few integers also two at once.
 * `slope` is for intermediate results, [count]. Returns the error. */
double mn_round_fit(const double *h, const float *weights, int32_t count, double scale, int8_t *stored, double *slope);

#endif
