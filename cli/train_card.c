/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train_card.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "common/error.h"
#include "net/fold.h"
#include "stats.h"

static bool look_at(const mn_dataset *set, cli_card_photos *out) {
    cli_card_photo *photos = calloc((size_t)set->count + 1, sizeof *photos);
    if (!photos) {
        cli_error("out of memory for the model card");
        return false;
    }
    for (int32_t i = 0; i < set->count; i++) {
        photos[i] = (cli_card_photo){set->examples[i].path, set->classes[set->examples[i].label]};
    }
    const bool looked = cli_card_photos_look(set->path, photos, set->count, out);
    free(photos);
    return looked;
}

bool cli_train_card_open(cli_train_card *card, const cli_train_settings *settings) {
    if (settings->card.off) return true;
    card->settings = settings;
    return look_at(card->data, &card->learned) && (!card->val || look_at(card->val, &card->held_out));
}

void cli_train_card_free(cli_train_card *card) {
    cli_card_photos_free(&card->learned);
    cli_card_photos_free(&card->held_out);
}

static void put_pictures(const cli_card_photos *set, const char *path, const char *what, FILE *out) {
    fprintf(out, "\n%d pictures of ", set->count);
    cli_card_text(out, path);
    fprintf(out, " %s.\n", what);
    cli_card_photos_print(set, "class", out);
}

static void put_training(const cli_train_card *card, FILE *out) {
    const mn_trainer *t = card->trainer;
    fprintf(out, "\n## Training\n\n%" PRId64 " of %d epochs in steps of %d pictures, with seed %" PRIu64 ", from ",
            t->step / t->steps_per_epoch, t->options.epochs,
            t->options.batch * (t->options.reduce ? t->options.reduce->ranks : 1), t->options.seed);
    cli_card_text(out, card->settings->init ? card->settings->init : "random weights");
    fprintf(out, "%s.\n", t->options.qat != MN_QAT_NONE ? ", as the int8 model computes (--qat)" : "");
}

static void put_accuracy(const cli_train_card *card, FILE *out) {
    const mn_trainer *t = card->trainer;
    const mn_epoch *e = &t->epochs[t->step / t->steps_per_epoch - 1];
    fputs("\n## Accuracy\n\n", out);
    if (!card->val) {
        cli_card_unmeasured(out, "MODEL.tflite");
        fputs("\nIt is for what 'mobilenet convert' or 'quantize' makes of the weights; 'train' measures with --val.\n",
              out);
        return;
    }
    const cli_interval sure = cli_wilson((int32_t)lround(e->val_accuracy * card->val->count), card->val->count);
    fprintf(
        out,
        "It names the class of %.2f %% of the pictures held out (95 %% interval %.2f to %.2f %%), with a mean loss of "
        "%.4f. If they also helped to choose between trainings, expect a little less on others.\n",
        100 * e->val_accuracy, 100 * sure.low, 100 * sure.high, e->val_loss);
}

static mn_status put_network(const cli_train_card *card, FILE *out) {
    mn_graph graph = {0};
    mn_status status = mn_net_fold(card->net, &graph, NULL);
    if (status == MN_OK) cli_card_graph(out, &graph, card->network, card->width);
    mn_graph_free(&graph);
    fprintf(out, "\nThe file itself has %" PRId64 " parameters, because it keeps batch norm apart.\n",
            mn_net_parameters(card->net));
    return status;
}

bool cli_train_card_make(cli_train_card *card, const cli_card_file *weights, cli_card *out) {
    if (!card->settings) return true;
    const cli_card_file from = {card->settings->init, NULL, 0};
    if (!cli_card_begin(out, &card->settings->card, weights, &from)) return false;
    if (!out->out) card->settings = NULL; /* said once */
    if (!out->out) return true;
    const mn_status status = put_network(card, out->out);
    if (status != MN_OK) cli_library_error(status);
    fputs("\n## Data\n", out->out);
    put_pictures(&card->learned, card->data->path, "were learnt from", out->out);
    if (card->val) put_pictures(&card->held_out, card->val->path, "were held out", out->out);
    put_training(card, out->out);
    put_accuracy(card, out->out);
    cli_card_end(out);
    return status == MN_OK;
}
