/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Convolutions of 8 bits by the library's own kernels: the same numbers, many times faster. */
#ifndef MN_ETHOSU_DENSE_H
#define MN_ETHOSU_DENSE_H

#include "base/region.h"
#include "ethosu/operation.h"

/** Fills op->dense where a kernel gives what the NPU's arithmetic would: 8 bits in and out, scales as TensorFlow
 * Lite's. Elsewhere its kernel stays NULL. `weights` are op->weights; what is kept goes to `region`. Errors: MEMORY. */
mn_status mn_ethosu_dense_prepare(mn_ethosu_op *op, const int16_t *weights, const mn_ethosu_machine *machine,
                                  mn_region *region);

#endif
