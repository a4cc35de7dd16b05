/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Lets tests/oracle/train_steps.py run training steps on given batches:
 *
 *     train_driver WEIGHTS.h5 SIZE BATCH THREADS STEPS OPTIMISER RATE SMOOTHING FREEZE BATCHES OUT.h5
 *
 * BATCHES holds, for every step, BATCH labels (int32) and BATCH pictures (float [SIZE][SIZE][3]). Prints the loss of
 * each step, and writes the weights behind the last one. */

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "keras/keras.h"
#include "keras/write_h5.h"
#include "train/optimiser.h"

typedef struct request {
    const char *weights, *batches, *out;
    int32_t size, batch, threads, steps, optimiser, freeze;
    double rate, smoothing;
} request;

static mn_status read_batch(FILE *file, const request *r, mn_train_net *t) {
    size_t count = (size_t)r->batch, values = count * 3 * (size_t)r->size * (size_t)r->size;
    if (fread(t->labels, sizeof *t->labels, count, file) == count &&
        fread(t->pictures, sizeof *t->pictures, values, file) == values) {
        return MN_OK;
    }
    return mn_fail(MN_ERROR_IO, "%s: is too short", r->batches);
}

static mn_status run_steps(const request *r, FILE *file, mn_train_net *t, const mn_optimiser *optimiser) {
    uint64_t start = mn_clock_ns();
    t->count = r->batch;
    t->training = true;
    t->smoothing = (float)r->smoothing;
    t->use_parameters = t->parameters;
    t->use_statistics = t->statistics;
    for (int32_t step = 0; step < r->steps; step++) {
        mn_train_result result;
        MN_TRY(read_batch(file, r, t));
        MN_TRY(mn_train_forward(t));
        MN_TRY(mn_train_loss(t, &result));
        MN_TRY(mn_train_backward(t));
        mn_train_keep_statistics(t);
        mn_optimiser_step(optimiser, t, r->rate, step);
        printf("%.9g %lld\n", result.loss / r->batch, (long long)result.right);
    }
    fprintf(stderr, "%.3f seconds\n", (double)(mn_clock_ns() - start) * 1e-9);
    return MN_OK;
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

static mn_status train(const request *r, FILE *file, mn_net *net, mn_train_net *t, mn_optimiser *optimiser) {
    mn_keras_options keras = {.size = r->size};
    mn_keras_info info;
    mn_train_net_options options = {.batch = r->batch, .threads = r->threads, .freeze = r->freeze};
    mn_optimiser_defaults((mn_optimiser_kind)r->optimiser, optimiser);
    MN_TRY(mn_keras_open(r->weights, &keras, net, &info));
    MN_TRY(mn_train_net_create(net, &options, t, NULL));
    MN_TRY(mn_optimiser_start(optimiser, t->parameter_count));
    MN_TRY(run_steps(r, file, t, optimiser));
    mn_train_net_export(t, t->parameters, t->statistics, net);
    return write_weights(r->out, net);
}

int main(int count, char **arguments) {
    if (count != 12) return 2;
    request r = {.weights = arguments[1],
                 .size = atoi(arguments[2]),
                 .batch = atoi(arguments[3]),
                 .threads = atoi(arguments[4]),
                 .steps = atoi(arguments[5]),
                 .optimiser = atoi(arguments[6]),
                 .rate = atof(arguments[7]),
                 .smoothing = atof(arguments[8]),
                 .freeze = atoi(arguments[9]),
                 .batches = arguments[10],
                 .out = arguments[11]};
    mn_net net = {0};
    mn_train_net t = {0};
    mn_optimiser optimiser = {0};
    FILE *file = fopen(r.batches, "rb");
    mn_status status =
        file ? train(&r, file, &net, &t, &optimiser) : mn_fail(MN_ERROR_IO, "%s: cannot be opened", r.batches);
    if (status != MN_OK) fprintf(stderr, "%s\n", mn_error_detail());
    if (file) fclose(file);
    mn_optimiser_free(&optimiser);
    mn_train_net_free(&t);
    mn_net_free(&net);
    return status == MN_OK ? 0 : 1;
}
