/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The course of a training as a table and as a picture. */
#ifndef MN_TRAIN_CURVES_H
#define MN_TRAIN_CURVES_H

#include <stdio.h>

#include "train/trainer.h"

/** One line per epoch, after a line of names. Write errors stay in `out`. */
void mn_curves_csv(const mn_epoch *epochs, int64_t count, FILE *out);

/** Loss above, accuracy below, over epochs; learning and held-out pictures each a line. */
void mn_curves_svg(const mn_epoch *epochs, int64_t count, FILE *out);

#endif
