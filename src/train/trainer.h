/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Training, step by step: pictures in, better weights out, and a state that goes on where it stopped. Prints nothing
 * and writes no files. */
#ifndef MN_TRAIN_TRAINER_H
#define MN_TRAIN_TRAINER_H

#include "train/augment.h"
#include "train/dataset.h"
#include "train/network.h"
#include "train/optimiser.h"

typedef struct mn_trainer_options {
    int32_t batch, threads, epochs;
    int32_t freeze; /* as in mn_train_net_options */
    mn_qat qat;     /* imitate the int8 model: fake_quant.h */
    float dropout, smoothing;
    double ema; /* decay of the moving average of all weights; 0: none */
    uint64_t seed;
    mn_optimiser optimiser; /* without memory */
    mn_schedule schedule;   /* the numbers of steps are filled in */
    mn_augment augment;
    mn_reduce *reduce; /* or NULL */
} mn_trainer_options;

/** The published procedure: slim's README for MobileNet and train_image_classifier.py. */
void mn_trainer_defaults(mn_trainer_options *options);

/** One epoch, as it was. */
typedef struct mn_epoch {
    double rate; /* of its last step */
    double loss, accuracy;
    double val_loss, val_accuracy; /* NaN: nothing was held out */
    double seconds;
} mn_epoch;

/** Told of each picture that cannot be read, once. Called on the thread that called the trainer. */
typedef void (*mn_skipped_fn)(void *self, const char *sentence);

typedef struct mn_trainer {
    mn_trainer_options options;
    mn_train_net net;
    mn_optimiser optimiser;
    mn_dataset *data;
    float *ema_parameters, *ema_statistics; /* the net's own without a moving average */
    int32_t *order;                         /* of the examples in this epoch */
    int32_t epoch_of_order;
    int64_t steps_per_epoch, steps; /* an epoch; all */
    /* Where it is. */
    int64_t step; /* done */
    double loss;  /* sums over the epoch so far */
    int64_t right, seen;
    double seconds; /* in the epoch so far */
    int32_t skipped;
    mn_epoch *epochs; /* [options.epochs], the first step / steps_per_epoch of them filled in */
    mn_skipped_fn on_skipped;
    void *on_skipped_self;
    struct mn_feed *feed; /* what loading a batch needs */
} mn_trainer;

/** Bytes that training takes beside the decoded pictures. */
mn_status mn_trainer_bytes(const mn_net *net, const mn_trainer_options *options, size_t *bytes);

/** `net` holds the weights to start from; it and `data` must outlive the trainer.
 *  Errors: those of mn_train_net_create(); ARGUMENT (fewer pictures than one batch needs). */
mn_status mn_trainer_create(const mn_net *net, mn_dataset *data, const mn_trainer_options *options, mn_trainer *out);

void mn_trainer_free(mn_trainer *trainer);

/** One step over the next batch. Errors: ARGUMENT (the loss is not finite: the sentence names the step; weights are
 *  those before the step), FORMAT (no picture can be read), MEMORY. */
mn_status mn_trainer_step(mn_trainer *trainer, mn_train_result *result);

/** Loss (not smoothed) and accuracy of the averaged weights on all of `data` that can be read.
 *  Errors: FORMAT (no picture can be read), MEMORY. */
mn_status mn_trainer_evaluate(mn_trainer *trainer, mn_dataset *data, mn_train_result *result);

/** Notes the epoch just ended, and starts the sums again. `val` NULL: nothing was held out. */
void mn_trainer_end_epoch(mn_trainer *trainer, const mn_train_result *val);

/** Brings the averaged weights to `net`, made like the one trained. */
void mn_trainer_export(const mn_trainer *trainer, mn_net *net);

/** All that the next step depends on, in one piece. On success the caller owns *data. Errors: MEMORY. */
mn_status mn_trainer_save(const mn_trainer *trainer, uint8_t **data, size_t *bytes);

/** Goes on from what mn_trainer_save() gave; `name` stands for it in sentences.
 *  Errors: FORMAT (damaged), ARGUMENT (from a training with other settings; the sentence names the first). */
mn_status mn_trainer_load(mn_trainer *trainer, const void *data, size_t bytes, const char *name);

#endif
