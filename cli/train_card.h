/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The model card of weights that `train` writes. Functions that give bool have printed their sentence. */
#ifndef MN_CLI_TRAIN_CARD_H
#define MN_CLI_TRAIN_CARD_H

#include "card_photos.h"
#include "train.h"

/** Start with `cli_train_card card = {0};` and fill in all but the last two lines. */
typedef struct cli_train_card {
    const mn_trainer *trainer;
    const mn_net *net;                  /* with the weights that are written */
    const mn_dataset *data, *val;       /* `val` NULL: nothing is held out */
    const char *network;                /* what it is known to be, or NULL */
    double width;                       /* of that; 0 when unknown */
    const cli_train_settings *settings; /* NULL: no card is written */
    cli_card_photos learned, held_out;
} cli_train_card;

/** Looks at the pictures, once for all epochs. Free in every case. */
bool cli_train_card_open(cli_train_card *card, const cli_train_settings *settings);

/** Writes what there is to say after an epoch into `out`, which begins empty. The caller commits it, or aborts it in
 * any case. */
bool cli_train_card_make(cli_train_card *card, const cli_card_file *weights, cli_card *out);

void cli_train_card_free(cli_train_card *card);

#endif
