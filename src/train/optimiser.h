/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a step does to the weights, and how large it is. */
#ifndef MN_TRAIN_OPTIMISER_H
#define MN_TRAIN_OPTIMISER_H

#include "train/network.h"

typedef enum mn_optimiser_kind { MN_RMSPROP, MN_SGD, MN_ADAM } mn_optimiser_kind;

typedef enum mn_schedule_kind {
    MN_SCHEDULE_STEPS,  /* times `decay` every `decay_epochs` */
    MN_SCHEDULE_COSINE, /* down to 0 at the last step: Loshchilov, Hutter, SGDR, 2017 */
} mn_schedule_kind;

typedef struct mn_schedule {
    mn_schedule_kind kind;
    double rate;          /* to begin with */
    double decay;         /* STEPS */
    double decay_epochs;  /* STEPS */
    double warmup_epochs; /* the rate rises from 0 */
    double steps_per_epoch;
    int64_t steps; /* in all */
} mn_schedule;

/** The learning rate of step `step` = 0, 1, ... */
double mn_schedule_rate(const mn_schedule *schedule, int64_t step);

typedef struct mn_optimiser {
    mn_optimiser_kind kind;
    float decay, momentum, epsilon; /* RMSProp; Adam's beta 2, beta 1 and epsilon; SGD's momentum */
    float weight_decay;             /* of the kernels of full and pointwise convolutions and of the classifier */
    float *slots[2];                /* [parameter_count] */
} mn_optimiser;

/** Settings of `kind`: RMSProp as in slim's train_image_classifier.py for MobileNet, SGD with momentum 0.9, Adam with
 *  Keras' defaults; no memory yet. */
void mn_optimiser_defaults(mn_optimiser_kind kind, mn_optimiser *out);

/** Memory for the slots as the first step finds them. Errors: MEMORY. */
mn_status mn_optimiser_start(mn_optimiser *optimiser, size_t parameter_count);

void mn_optimiser_free(mn_optimiser *optimiser);

/** Changes the weights of `t` that are trained; `step` counts from 0. */
void mn_optimiser_step(const mn_optimiser *optimiser, mn_train_net *t, double rate, int64_t step);

#endif
