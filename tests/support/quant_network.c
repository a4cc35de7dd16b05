/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "support/quant_network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/fold.h"
#include "net/mobilenet_v2.h"
#include "net/statistics.h"
#include "quant/prepare.h"

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

void quant_network_graph(mn_graph *out) {
    mn_v2_spec spec;
    mn_net net = {0};
    mn_v2_defaults(&spec);
    spec.width = 0.35;
    spec.height = spec.width_px = QUANT_SIDE;
    spec.classes = QUANT_CLASSES;
    expect_ok(mn_v2_build(&spec, &net));
    mn_net_randomise(&net, 5);
    expect_ok(mn_net_randomise_norms(&net, 6));
    expect_ok(mn_net_fold(&net, out, NULL));
    expect_ok(mn_quant_prepare(out));
    mn_net_free(&net);
}

void quant_network_open(quant_network *n, int32_t samples) {
    const size_t bytes = (size_t)samples * QUANT_ELEMENTS;
    mn_random random = {7};
    memset(n, 0, sizeof *n);
    quant_network_graph(&n->graph);
    n->channels = calloc((size_t)n->graph.tensor_count, sizeof *n->channels);
    n->pixels = malloc(bytes);
    assert_true(n->channels && n->pixels);
    for (size_t i = 0; i < bytes; i++) n->pixels[i] = (uint8_t)(mn_random_bits(&random) >> 56);
    n->samples = (mn_samples){.count = samples, .elements = QUANT_ELEMENTS, .pixels = n->pixels, .meaning = {-1, 1}};
}

void quant_network_close(quant_network *n) {
    mn_graph_free(&n->graph);
    mn_region_free(&n->region);
    free(n->channels);
    free(n->pixels);
}

void quant_network_observe(quant_network *n, int32_t jobs, mn_channels *out) {
    mn_runner *runner = NULL;
    expect_ok(mn_runner_create(&n->graph, jobs, &runner));
    expect_ok(mn_channels_observe(&n->graph, runner, &n->samples, NULL, &n->region, out));
    mn_runner_close(&runner);
}

static void keep_scores(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)job;
    memcpy((float *)context + sample * QUANT_CLASSES, mn_session_output(session, 0), QUANT_CLASSES * sizeof(float));
}

void quant_network_run(quant_network *n, float *scores) {
    mn_runner *runner = NULL;
    expect_ok(mn_runner_create(&n->graph, 1, &runner));
    expect_ok(mn_runner_each(runner, &n->samples, keep_scores, NULL, scores, "test", NULL));
    mn_runner_close(&runner);
}

int32_t quant_network_find(const mn_graph *graph, const char *name) {
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        if (strcmp(graph->tensors[i].name, name) == 0) return i;
    }
    fail_msg("no tensor %s", name);
    return -1;
}
