/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net/origin.h"

#include <stdio.h>
#include <string.h>

/* What makes probabilities of the scores of the last layers, in words. */
static const char *end_of(const mn_net *net) {
    const mn_layer *last = &net->layers[mn_net_output(net, 0)];
    if (last->kind == MN_LAYER_SOFTMAX) return "a softmax";
    if (last->kind == MN_LAYER_ACTIVATION) return "a sigmoid, as there is one class";
    return "nothing behind the scores";
}

bool mn_origin_assumed(const mn_net *net, const mn_origin *origin, char sentence[MN_ORIGIN_SENTENCE]) {
    const mn_layer *in = &net->layers[0];
    const mn_meaning *meaning = &net->meaning;
    char parts[3][128] = {{0}};
    if (origin->assumed_size) snprintf(parts[0], sizeof parts[0], "an input of %dx%d (--size)", in->h, in->w);
    if (origin->assumed_softmax) {
        snprintf(parts[1], sizeof parts[1], "average pooling and %s (--scores)", end_of(net));
    }
    if (origin->assumed_pixels && meaning->normalised) {
        snprintf(parts[2], sizeof parts[2], "pixels of mean %g and deviation %g (--mean, --std)",
                 (double)meaning->mean[0], (double)meaning->deviation[0]);
    } else if (origin->assumed_pixels) {
        snprintf(parts[2], sizeof parts[2], "pixels of -1..1 (--input-range)");
    }
    size_t used = (size_t)snprintf(sentence, MN_ORIGIN_SENTENCE, "the file does not say it, so assumed: ");
    bool any = false;
    for (int i = 0; i < 3; i++) {
        if (parts[i][0] == '\0') continue;
        used += (size_t)snprintf(sentence + used, MN_ORIGIN_SENTENCE - used, "%s%s", any ? ", " : "", parts[i]);
        any = true;
    }
    return any;
}
