/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Lets tests/oracle/train_steps.py watch training as `mobilenet train` does it, without dropout:
 *
 *     train_driver WEIGHTS.h5 SIZE DATA BATCH THREADS STEPS OPTIMISER RATE DECAY FREEZE BATCHES OUT.h5 AVERAGED.h5
 *
 * Prints the loss of each step and the pictures recognised, writes what each step learned from to BATCHES: BATCH labels
 * (int32), then BATCH pictures (float [height][width][3]), and the weights and their moving average behind the last. */

#include <stdio.h>
#include <stdlib.h>

#include "keras/keras.h"
#include "keras/write_h5.h"
#include "train/trainer.h"

typedef struct request {
    const char *weights, *data, *batches, *out, *averaged;
    int32_t size, steps;
    mn_trainer_options options;
} request;

typedef struct things {
    mn_net net;
    mn_dataset data;
    mn_trainer trainer;
    FILE *batches;
} things;

static mn_status write_batch(const request *r, const mn_train_net *t, FILE *file) {
    size_t count = (size_t)t->batch, values = count * 3 * (size_t)t->height * (size_t)t->width;
    if (fwrite(t->labels, sizeof *t->labels, count, file) == count &&
        fwrite(t->pictures, sizeof *t->pictures, values, file) == values) {
        return MN_OK;
    }
    return mn_fail(MN_ERROR_IO, "%s: cannot be written", r->batches);
}

static mn_status write_weights(const char *path, const mn_net *net) {
    uint8_t *data = NULL;
    size_t bytes = 0;
    MN_TRY(mn_keras_write_h5(net, &data, &bytes));
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(data, 1, bytes, file) == bytes;
    if (file) good = fclose(file) == 0 && good;
    free(data);
    return good ? MN_OK : mn_fail(MN_ERROR_IO, "%s: cannot be written", path);
}

static mn_status train(request *r, things *all) {
    mn_keras_options keras = {.size = r->size};
    mn_keras_info info;
    mn_trainer *t = &all->trainer;
    MN_TRY(mn_keras_open(r->weights, &keras, &all->net, &info));
    MN_TRY(mn_dataset_open(r->data, NULL, &all->data));
    all->data.cache_limit = SIZE_MAX;
    r->options.epochs = r->steps; /* at least one step each */
    MN_TRY(mn_trainer_create(&all->net, &all->data, &r->options, t));
    for (int32_t step = 0; step < r->steps; step++) {
        mn_train_result result;
        MN_TRY(mn_trainer_step(t, &result));
        MN_TRY(write_batch(r, &t->net, all->batches));
        printf("%.9g %lld\n", result.loss / (double)result.count, (long long)result.right);
    }
    mn_train_net_export(&t->net, t->net.parameters, t->net.statistics, &all->net);
    MN_TRY(write_weights(r->out, &all->net));
    mn_trainer_export(t, &all->net);
    return write_weights(r->averaged, &all->net);
}

int main(int count, char **arguments) {
    if (count != 14) return 2;
    request r = {.weights = arguments[1],
                 .size = atoi(arguments[2]),
                 .data = arguments[3],
                 .steps = atoi(arguments[6]),
                 .batches = arguments[11],
                 .out = arguments[12],
                 .averaged = arguments[13]};
    mn_trainer_defaults(&r.options);
    mn_optimiser_defaults((mn_optimiser_kind)atoi(arguments[7]), &r.options.optimiser);
    r.options.batch = atoi(arguments[4]);
    r.options.threads = atoi(arguments[5]);
    r.options.schedule.rate = atof(arguments[8]);
    r.options.optimiser.weight_decay = (float)atof(arguments[9]);
    r.options.freeze = atoi(arguments[10]);
    r.options.dropout = 0;
    things all = {.batches = fopen(r.batches, "wb")};
    mn_status status = all.batches ? train(&r, &all) : mn_fail(MN_ERROR_IO, "%s: cannot be opened", r.batches);
    if (all.batches && fclose(all.batches) != 0 && status == MN_OK) {
        status = mn_fail(MN_ERROR_IO, "%s: cannot be written", r.batches);
    }
    if (status != MN_OK) fprintf(stderr, "%s\n", mn_error_detail());
    mn_trainer_free(&all.trainer);
    mn_dataset_free(&all.data);
    mn_net_free(&all.net);
    return status == MN_OK ? 0 : 1;
}
