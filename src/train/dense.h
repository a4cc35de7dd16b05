/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Dense layers, which are also convolutions of size 1 on a single pixel: a classifier's, and the two that
 * squeeze-and-excite blocks compute their gates with (Hu et al., Squeeze-and-Excitation Networks, 2018). */
#ifndef MN_TRAIN_DENSE_H
#define MN_TRAIN_DENSE_H

#include "train/network.h"

/** z and y of the pictures [begin, end) of the batch from their rows of `in`, [batch][in_p]. */
void mn_dense_forward(const mn_train_net *t, const mn_dense *dense, const float *in, int32_t begin, int32_t end);

/** From the gradients by y of the whole batch, which become those by z, to those of kernel and bias, on every thread;
 *  and, if `inputs`, to what mn_dense_input() reads. */
void mn_dense_backward(mn_train_net *t, const mn_dense *dense, const float *in, bool inputs);

/** row[i] = the gradient by input i of `picture`, times `part`, and times kept[i] unless NULL; valid until the next
 *  mn_dense_backward(). */
void mn_dense_input(const mn_train_net *t, const mn_dense *dense, int32_t picture, float part, const float *kept,
                    float *row);

#endif
