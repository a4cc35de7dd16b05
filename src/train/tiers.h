/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* One table of kernels for each kind of processor. */
#ifndef MN_TRAIN_TIERS_H
#define MN_TRAIN_TIERS_H

#include "train/kernels.h"

extern const mn_train_kernels mn_train_kernels_portable;
#if defined(__x86_64__) && defined(__GNUC__)
extern const mn_train_kernels mn_train_kernels_avx2;
extern const mn_train_kernels mn_train_kernels_avx512;
#endif

#endif
