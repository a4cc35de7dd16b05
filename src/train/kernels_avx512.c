/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Training on AVX-512. */
#include "train/tiers.h"

#if defined(__x86_64__) && defined(__GNUC__)

#define MN_TIER_AVX512
#include "train/vector.h"

#include "train/kernels_body.h"

const mn_train_kernels mn_train_kernels_avx512 = MN_TRAIN_TABLE("avx512");

#endif
