/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/head.h"

#include <math.h>
#include <string.h>

#include "net/random.h"

/* Glorot and Bengio, as in mn_net_randomise(). */
static void draw(mn_layer *dense, int32_t features, uint64_t seed) {
    mn_random random = {seed ^ UINT64_C(0x68656164)};
    double limit = sqrt(6.0 / (features + dense->units));
    size_t count = (size_t)features * (size_t)dense->units;
    for (size_t i = 0; i < count; i++) dense->kernel[i] = (float)mn_random_uniform(&random, -limit, limit);
    memset(dense->bias, 0, (size_t)dense->units * sizeof *dense->bias);
}

static mn_status append(mn_net *net, int32_t classes, uint64_t seed) {
    int32_t at = net->layer_count - 1;
    mn_layer pool = {.name = "global_average_pooling2d", .kind = MN_LAYER_GLOBAL_POOL, .inputs = {at}};
    mn_layer dense = {.name = "predictions", .kind = MN_LAYER_DENSE, .units = classes};
    mn_layer softmax = {.name = "predictions_softmax", .kind = MN_LAYER_SOFTMAX};
    if (net->layers[at].h > 1 || net->layers[at].w > 1) MN_TRY(mn_net_add(net, &pool, false, &at));
    dense.inputs[0] = at;
    MN_TRY(mn_net_add(net, &dense, true, &at));
    draw(&net->layers[at], net->layers[net->layers[at].inputs[0]].c, seed);
    softmax.inputs[0] = at;
    return mn_net_add(net, &softmax, false, NULL);
}

/* The net with another number of units in layer `at`; what follows it is added anew, so that shapes fit. */
static mn_status rebuild(mn_net *net, int32_t at, int32_t classes, uint64_t seed) {
    int32_t count = net->layer_count;
    mn_layer *old = net->layers;
    net->layers = NULL;
    net->layer_count = net->layer_capacity = 0;
    for (int32_t i = 0; i < count; i++) {
        mn_layer layer = old[i];
        if (i == at) {
            layer.units = classes;
            layer.low = layer.high = 0;
        }
        MN_TRY(mn_net_add(net, &layer, layer.bias || i == at, NULL));
        mn_layer *added = &net->layers[i];
        if (i == at) {
            draw(added, old[layer.inputs[0]].c, seed);
        } else { /* the region owns both copies; the new one is forgotten */
            added->kernel = old[i].kernel;
            added->bias = old[i].bias;
            added->gamma = old[i].gamma;
            added->beta = old[i].beta;
            added->mean = old[i].mean;
            added->variance = old[i].variance;
        }
    }
    return MN_OK;
}

/* The classifier: the last dense layer, or convolution of size 1 on one pixel with a bias; -1 without one. */
static int32_t find_classifier(const mn_net *net) {
    for (int32_t i = net->layer_count - 1; i >= 0; i--) {
        const mn_layer *layer = &net->layers[i];
        bool dense = layer->kind == MN_LAYER_DENSE;
        bool pixel =
            layer->kind == MN_LAYER_CONV && layer->h == 1 && layer->w == 1 && layer->k_h == 1 && layer->k_w == 1;
        if (dense || (pixel && layer->bias)) return i;
        if (layer->kind == MN_LAYER_CONV) return -1;
    }
    return -1;
}

mn_status mn_train_fit_head(mn_net *net, int32_t classes, bool other, uint64_t seed, bool *replaced) {
    int32_t at = find_classifier(net);
    *replaced = at < 0 || other || net->layers[at].units != classes;
    if (at < 0) return append(net, classes, seed);
    return *replaced ? rebuild(net, at, classes, seed) : MN_OK;
}
