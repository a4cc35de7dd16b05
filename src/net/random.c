/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net/random.h"

#include <math.h>

uint64_t mn_random_bits(mn_random *random) {
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double mn_random_uniform(mn_random *random, double low, double high) {
    return low + (high - low) * ((double)(mn_random_bits(random) >> 11) * 0x1p-53);
}

/* Half the width of Glorot's distribution: sqrt(6 / (fan in + fan out)). Keras takes the last two dimensions of any
 * kernel for inputs and outputs, so a depthwise kernel [h][w][c][1] counts c inputs and 1 output for each tap. */
static double glorot_limit(const mn_net *net, const mn_layer *layer) {
    double taps = layer->kind == MN_LAYER_DENSE ? 1 : (double)layer->k_h * layer->k_w;
    double outputs = layer->kind == MN_LAYER_DEPTHWISE ? layer->multiplier : layer->units;
    double inputs = (double)net->layers[layer->inputs[0]].c / layer->groups;
    return sqrt(6 / (taps * (inputs + outputs)));
}

static void fill(float *values, size_t count, float value) {
    for (size_t i = 0; values && i < count; i++) values[i] = value;
}

void mn_net_randomise(mn_net *net, uint64_t seed) {
    mn_random random = {seed};
    for (int32_t i = 0; i < net->layer_count; i++) {
        mn_layer *layer = &net->layers[i];
        size_t kernel = mn_layer_kernel_count(net, layer), channels = (size_t)layer->c;
        double limit = kernel > 0 ? glorot_limit(net, layer) : 0;
        for (size_t k = 0; k < kernel; k++) layer->kernel[k] = (float)mn_random_uniform(&random, -limit, limit);
        fill(layer->bias, channels, 0);
        fill(layer->gamma, channels, 1);
        fill(layer->beta, channels, 0);
        fill(layer->mean, channels, 0);
        fill(layer->variance, channels, 1);
    }
}
