/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A classifier for other classes than those a net was trained for. */
#ifndef MN_TRAIN_HEAD_H
#define MN_TRAIN_HEAD_H

#include "net/net.h"

/** Gives `net` a classifier of `classes` classes: keeps one that has as many unless `other` (they are not the same
 *  ones), draws new weights from `seed` for one that has not, and appends pooling, classifier and softmax where there
 *  is none. *replaced says whether the weights are new. Errors: UNSUPPORTED (several dense layers), MEMORY, LIMIT. */
mn_status mn_train_fit_head(mn_net *net, int32_t classes, bool other, uint64_t seed, bool *replaced);

#endif
