/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From what an output holds to an answer, for arguments that are known to be good. */
#ifndef MN_CLASSIFY_ANSWER_H
#define MN_CLASSIFY_ANSWER_H

#include "graph/graph.h"
#include "mobilenet_classify.h"

/** Real values of `count` stored elements of a tensor with info `info` (float32, or int8/uint8 quantised per tensor).
 */
void mn_answer_dequantise(const mn_tensor *info, const void *data, int32_t count, float *out);

/** values = softmax(values), in double precision. */
void mn_answer_softmax(float *values, int32_t count);

/** Indices of the `k` largest values, best first; of equal values the lower index comes first. k <= count. */
void mn_answer_top_k(const float *values, int32_t count, int32_t k, int32_t *out);

#endif
