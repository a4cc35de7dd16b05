/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A small net to train, with every kind of unit, and what training computes of it by definition, in double. */
#ifndef TESTS_TRAIN_DEFINITION_H
#define TESTS_TRAIN_DEFINITION_H

#include "net/net.h"
#include "train/network.h"

enum { TD_HEIGHT = 13, TD_WIDTH = 11, TD_BATCH = 5, TD_CLASSES = 7, TD_LAYERS = 96 };
#define TD_SMOOTHING 0.1f

typedef struct td_definition {
    const mn_net *net;
    const float *pictures;
    const int32_t *labels;
    double *of[TD_LAYERS]; /* [TD_BATCH][h][w][c] of each layer */
    bool moving;           /* batch norm uses its moving statistics */
    /* As the int8 model computes, when not NULL: steps of what is stored behind each layer, and what the net stored,
     * rows of stored_row floats. Where it is `open`, not 0, rounding added something to the value; elsewhere the value
     * was cut off. Once `fixed`, the same is added to values computed with other weights, and what was cut off stays:
     * the function whose gradient the straight-through estimator takes for that of rounding. */
    const mn_fake *steps; /* [TD_LAYERS]; low and high with those of an activation */
    bool per_tensor, fixed;
    const float *stored[TD_LAYERS], *open[TD_LAYERS];
    int32_t stored_row[TD_LAYERS];
    double *off[TD_LAYERS], *weights[TD_LAYERS], *weights_off[TD_LAYERS], *bias[TD_LAYERS], *bias_off[TD_LAYERS];
    double farthest;     /* way from a value to where it is stored, in steps */
    double astray;       /* of a value from the side of the range's end where the net says it is, in steps */
    double *differences; /* of the loss by each weight */
    size_t weights_before;
} td_definition;

/** Odd sizes, both kinds of padding, a residual, activations up to 1.5. Running out of memory ends the program. */
void td_make_net(mn_net *net);

/** The same with what MobileNetV3 has: a block without expansion whose addition reads the stem, 5x5 kernels, hard
 *  swish, gates, and a dense layer before the classifier. */
void td_make_net_v3(mn_net *net);

void td_draw_batch(float *pictures, int32_t *labels);

static inline size_t td_per_picture(const mn_layer *layer) {
    return (size_t)layer->h * (size_t)layer->w * (size_t)layer->c;
}

/** The loss, with smoothing TD_SMOOTHING. */
double td_evaluate(td_definition *d);

/** All gradients of biases and batch norms, and every `step`th of kernels, against differences. NULL when they agree,
 *  or a sentence about the first that does not. `net` is that of `t`. Differences are kept: weights, pictures and what
 *  was stored must stay as they are from one call with `d` to the next. */
const char *td_compare_gradients(td_definition *d, mn_net *net, const mn_train_net *t, int32_t step);

void td_free(td_definition *d);

#endif
