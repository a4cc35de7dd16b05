/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Shared by train.c (the course of a training) and train_options.c (what was asked for). */
#ifndef MN_CLI_TRAIN_H
#define MN_CLI_TRAIN_H

#include "card.h"
#include "common/options.h"
#include "net/family.h"
#include "train/trainer.h"

typedef struct cli_train_settings {
    const char *data, *val, *output, *init;
    cli_numbers width, rate, decay, warmup, weight_decay, smoothing, dropout, ema, area, aspect, bn_momentum;
    int32_t size, epochs, batch, threads, seed, freeze, cache, save_minutes;
    int32_t architecture, optimiser, schedule, colour;
    bool no_flip, no_exif, resume, force, qat, per_tensor;
    cli_card_source card;
} cli_train_settings;

#define CLI_TRAIN_DEFAULTS                                                                                             \
    { .architecture = MN_FAMILY_V2, .epochs = 100, .batch = 96, .cache = -1, .save_minutes = 10 }

/** The trainer's options for these. Prints a sentence and gives false when one is out of its range. */
bool cli_train_resolve(const cli_train_settings *settings, mn_trainer_options *out);

/** Names of the files beside OUTPUT.h5. */
typedef struct cli_train_files {
    char *weights, *labels, *csv, *svg, *state;
} cli_train_files;

bool cli_train_files_name(const char *output, cli_train_files *out);
void cli_train_files_free(cli_train_files *files);

#endif
