/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Training on any processor. */
#include "train/tiers.h"

#include "train/vector.h"

#include "train/kernels_body.h"

const mn_train_kernels mn_train_kernels_portable = MN_TRAIN_TABLE("portable");
