/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Quantisation-aware training: the passes see what the int8 model will compute, up to the rounding of floats, and
 * gradients pass the rounding as if it were not there (the straight-through estimator), but for values outside the
 * range, which get none. After Jacob et al., Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference, 2018, and Krishnamoorthi, Quantizing deep convolutional networks for efficient
 * inference, 2018.
 *
 * Weights: each step folds the batch norm behind a convolution into it and rounds the result, with the arithmetic of
 * net/fold.c and quant/weight.h, so that what is trained is what `quantize` stores. Moving statistics are frozen from
 * the start, because this training goes on from a trained net: folded weights then mean the same in every step, and the
 * same as in the model that runs; with a batch's own statistics they would jump with every batch, and the convolution
 * would be computed twice to find them. Kernel, gamma and beta are trained.
 *
 * Activations: rounded wherever the int8 graph stores a tensor, to ranges that follow the extremes of each batch by a
 * moving average. Until the first step has ended, the range of a tensor is unknown and it stays as it is. */
#ifndef MN_TRAIN_FAKE_QUANT_H
#define MN_TRAIN_FAKE_QUANT_H

#include "train/network.h"

/** Part of the old range that a step keeps, at most; the first steps count for more, as with the weights' average. */
#define MN_FAKE_DECAY 0.99

/** Tensors of the int8 graph in the order of mn_fake_quant's arrays: what a unit's convolution gives and what its
 *  addition gives, pooled features, logits, the pictures. */
static inline int32_t mn_fake_out(int32_t unit) { return 2 * unit; }
static inline int32_t mn_fake_sum(int32_t unit) { return 2 * unit + 1; }
static inline int32_t mn_fake_pooled(const mn_train_net *t) { return 2 * t->unit_count; }
static inline int32_t mn_fake_logits(const mn_train_net *t) { return 2 * t->unit_count + 1; }
static inline int32_t mn_fake_pictures(const mn_train_net *t) { return 2 * t->unit_count + 2; }
static inline int32_t mn_fake_tensors(const mn_train_net *t) { return 2 * t->unit_count + 3; }

/** The tensor that others read of `unit`. */
static inline int32_t mn_fake_given(const mn_train_net *t, int32_t unit) {
    return t->units[unit].skip >= 0 ? mn_fake_sum(unit) : mn_fake_out(unit);
}

/** Takes the ranges that the layers of the net bring, and the meaning of pixels. */
void mn_fake_start(mn_train_net *t);

/** Makes each value of the batch in `pictures` what the int8 model takes a whole pixel for. Once per batch. */
void mn_fake_round_pictures(mn_train_net *t);

/** Before the forward pass: rounds the weights, and makes steps of the ranges. */
void mn_fake_prepare(mn_train_net *t);

/** values = those that `tensor` stores for them, plus `add` unless NULL; count a multiple of MN_TRAIN_ALIGN. */
void mn_fake_round(const mn_train_net *t, int32_t tensor, size_t count, const float *add, float *values);

/** The same for few values, which are seen first when training; kept[i] becomes 0 outside the range. */
void mn_fake_row(const mn_train_net *t, mn_train_worker *worker, int32_t tensor, int32_t count, float *values,
                 float *kept);

/** The same for pooled features, means of whole steps, with the arithmetic of MEAN in int8: it rounds twice, first to
 *  half a step as a rule, so that from a quarter on means are rounded up. */
void mn_fake_pool(const mn_train_net *t, mn_train_worker *worker, float *values, float *kept);

/** Starts to look for extremes, looks at values [rows][channels], and takes them for the range of `tensor`. */
void mn_fake_watch(mn_train_worker *worker, int32_t channels);
void mn_fake_see(const mn_train_net *t, mn_train_worker *worker, int32_t channels, ptrdiff_t rows, const float *values);
void mn_fake_saw(mn_train_worker *worker, int32_t tensor, int32_t channels);

/** As the last, when z of `unit` were looked at, for what its convolution gives. */
void mn_fake_saw_z(const mn_train_net *t, mn_train_worker *worker, const mn_unit *unit);

/** Takes the gradient from `rows` rows of a sum, from row `first` on, that lie outside its range. */
void mn_fake_clip_sum(const mn_train_net *t, mn_train_worker *worker, const mn_unit *unit, size_t first, ptrdiff_t rows,
                      float *dy);

/** From gradients of folded weights to those of kernels, gammas and betas. */
void mn_fake_unfold_gradients(mn_train_net *t);

/** Moves the ranges after the batch: the end of step `step` = 0, 1, ..., which went well.
 *  Errors: those of the reduction between machines. */
mn_status mn_fake_keep_ranges(mn_train_net *t, int64_t step);

/** Brings the ranges to the layers of `net`, made like the one that was trained. */
void mn_fake_export(const mn_train_net *t, mn_net *net);

#endif
