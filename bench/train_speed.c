/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Times whole training steps on one batch of noise: train_speed WIDTH SIZE BATCH THREADS. Reads lines from standard
 * input, and for each runs one step and prints its seconds and those of processor time; see train_peers.py. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "net/mobilenet_v2.h"
#include "net/random.h"
#include "train/optimiser.h"

enum { CLASSES = 1000 };

static mn_status run_step(mn_train_net *t, const mn_optimiser *optimiser, int64_t step) {
    mn_train_result result;
    MN_TRY(mn_train_forward(t));
    MN_TRY(mn_train_loss(t, &result));
    MN_TRY(mn_train_backward(t));
    mn_train_keep_statistics(t);
    mn_optimiser_step(optimiser, t, 0.045, step);
    return MN_OK;
}

static mn_status serve(mn_train_net *t, const mn_optimiser *optimiser) {
    char line[16];
    mn_random random = {1};
    size_t values = (size_t)t->batch * 3 * (size_t)t->height * (size_t)t->width;
    for (size_t i = 0; i < values; i++) t->pictures[i] = (float)mn_random_uniform(&random, -1, 1);
    for (int32_t i = 0; i < t->batch; i++) t->labels[i] = i % CLASSES;
    t->count = t->batch;
    t->training = true;
    t->smoothing = 0.1f;
    t->use_parameters = t->parameters;
    t->use_statistics = t->statistics;
    for (int64_t step = 0; fgets(line, sizeof line, stdin); step++) {
        uint64_t start = mn_clock_ns();
        clock_t used = clock(); /* of all threads */
        MN_TRY(run_step(t, optimiser, step));
        used = clock() - used;
        printf("%.6f %.6f\n", (double)(mn_clock_ns() - start) * 1e-9, (double)used / CLOCKS_PER_SEC);
        fflush(stdout);
    }
    return MN_OK;
}

static mn_status open_and_serve(char **arguments, mn_net *net, mn_train_net *t, mn_optimiser *optimiser) {
    mn_v2_spec spec;
    mn_v2_defaults(&spec);
    spec.width = atof(arguments[1]);
    spec.height = spec.width_px = atoi(arguments[2]);
    spec.classes = CLASSES;
    mn_train_net_options options = {.batch = atoi(arguments[3]), .threads = atoi(arguments[4]), .dropout = 0.2f};
    mn_optimiser_defaults(MN_RMSPROP, optimiser);
    MN_TRY(mn_v2_build(&spec, net));
    mn_net_randomise(net, 1);
    MN_TRY(mn_train_net_create(net, &options, t, NULL));
    MN_TRY(mn_optimiser_start(optimiser, t->parameter_count));
    return serve(t, optimiser);
}

int main(int count, char **arguments) {
    mn_net net = {0};
    mn_train_net t = {0};
    mn_optimiser optimiser = {0};
    if (count != 5) return 2;
    mn_status status = open_and_serve(arguments, &net, &t, &optimiser);
    if (status != MN_OK) fprintf(stderr, "%s\n", mn_error_detail());
    mn_optimiser_free(&optimiser);
    mn_train_net_free(&t);
    mn_net_free(&net);
    return status == MN_OK ? 0 : 1;
}
