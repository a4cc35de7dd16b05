/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A network as its makers see it: Keras layers with batch norm kept apart and float weights. The converter reads
 * weight files into it, `new` fills it with random weights, and training works on it. Fold it (fold.h) to get the graph
 * that runs. Knows no file format. */
#ifndef MN_NET_NET_H
#define MN_NET_NET_H

#include "base/region.h"
#include "base/status.h"
#include "graph/graph.h"

typedef enum mn_layer_kind {
    MN_LAYER_INPUT,
    MN_LAYER_RESCALING,    /* y = x * scale + offset */
    MN_LAYER_ZERO_PADDING, /* pad: top, bottom, left, right */
    MN_LAYER_CONV,         /* kernel [k_h][k_w][in_c / groups][units], as Keras stores it */
    MN_LAYER_DEPTHWISE,    /* kernel [k_h][k_w][in_c][multiplier] */
    MN_LAYER_BATCH_NORM,   /* gamma, beta, mean, variance: [in_c] */
    MN_LAYER_RELU,         /* min(max(x, 0), max_value) */
    MN_LAYER_ADD,          /* inputs 0 and 1; a dimension of 1 is repeated */
    MN_LAYER_GLOBAL_POOL,  /* mean over height and width; keep_dims gives [1][1][c] */
    MN_LAYER_RESHAPE,      /* to the vector [h * w * c] (Flatten); keep_dims: to the map that h, w and c say */
    MN_LAYER_DROPOUT,      /* rate; nothing outside training */
    MN_LAYER_DENSE,        /* kernel [in_c][units]; of a map at each place */
    MN_LAYER_SOFTMAX,
    MN_LAYER_ACTIVATION,   /* function, slope */
    MN_LAYER_PRELU,        /* x, below zero times gamma [in_c] */
    MN_LAYER_AFFINE,       /* y = x * gamma + beta: [in_c] */
    MN_LAYER_MULTIPLY,     /* inputs 0 and 1; a dimension of 1 is repeated */
    MN_LAYER_SUBTRACT,     /* input 0 less input 1; the same */
    MN_LAYER_CONCAT,       /* input_count inputs of one height and width, channel after channel */
    MN_LAYER_MAX_POOL,     /* windows of k_h x k_w */
    MN_LAYER_AVERAGE_POOL, /* the same; padding does not count */
    MN_LAYER_GLOBAL_MAX,   /* greatest over height and width; keep_dims gives [1][1][c] */
    MN_LAYER_RESIZE,       /* to h x w; see bilinear */
    MN_LAYER_UNIT_NORM,    /* each place's channels divided by the root of the sum of their squares */
    MN_LAYER_KIND_COUNT
} mn_layer_kind;

/** What an ACTIVATION computes. */
typedef enum mn_function {
    MN_FUNCTION_SIGMOID,
    MN_FUNCTION_TANH,
    MN_FUNCTION_SWISH,      /* x * sigmoid(x) */
    MN_FUNCTION_HARD_SWISH, /* x * min(max(x + 3, 0), 6) / 6 */
    MN_FUNCTION_ELU,        /* below zero exp(x) - 1 */
    MN_FUNCTION_LEAKY_RELU, /* below zero x * slope */
    MN_FUNCTION_COUNT
} mn_function;

#define MN_LAYER_MAX_INPUTS 16
#define MN_NET_MAX_OUTPUTS 16

/** Name of a kind as Keras has it, "Conv2D". */
const char *mn_layer_kind_name(mn_layer_kind kind);

typedef struct mn_layer {
    const char *name; /* unique in the net */
    mn_layer_kind kind;
    int32_t inputs[MN_LAYER_MAX_INPUTS]; /* earlier layers; -1 when not used */
    int32_t input_count;                 /* CONCAT; of other kinds set by mn_net_add() */
    /* CONV, DEPTHWISE, MAX_POOL and AVERAGE_POOL */
    int32_t k_h, k_w;
    int32_t stride, stride_w;       /* from row to row, and from column to column: 0 for the same */
    int32_t dilation_h, dilation_w; /* CONV, DEPTHWISE; 0 for 1 */
    int32_t groups;                 /* CONV; 0 for 1 */
    int32_t multiplier;             /* DEPTHWISE: output channels for each input channel; 0 for 1 */
    mn_padding padding;
    int32_t pad[4];       /* ZERO_PADDING: top, bottom, left, right */
    int32_t units;        /* CONV, DENSE: output channels */
    float scale, offset;  /* RESCALING */
    float epsilon;        /* BATCH_NORM */
    float momentum;       /* BATCH_NORM: moving = moving * momentum + batch * (1 - momentum) */
    float max_value;      /* RELU; INFINITY for none */
    float rate;           /* DROPOUT */
    bool keep_dims;       /* GLOBAL_POOL, GLOBAL_MAX, RESHAPE */
    bool bilinear;        /* RESIZE: else the nearest; of pixels whose centres lie at halves */
    mn_function function; /* ACTIVATION */
    float slope;          /* LEAKY_RELU */
    /* The values that 8 bits cover of what the layer gives, with the batch norm and the activation behind it, when
     * quantisation-aware training learned them; low = high: nothing is known. See mn_layer_has_range. */
    float low, high;
    /* Output shape of one image; h = w = 1 after pooling. */
    int32_t h, w, c;
    bool flat; /* a vector [c], not a map [h][w][c] */
    /* Weights, owned by the net's region; NULL where the kind has none. Sizes follow from the shapes. */
    float *kernel;
    float *bias; /* CONV, DEPTHWISE, DENSE: [c], or NULL */
    float *gamma, *beta, *mean, *variance;
} mn_layer;

typedef struct mn_net {
    mn_region region; /* owns everything below */
    const char *name; /* what error sentences call it; belongs to the region, or lives longer than the net */
    int32_t layer_count, layer_capacity;
    mn_layer *layers;     /* in order: inputs come before their users; layer 0 is the one INPUT.
                             Moves when a layer is added */
    int32_t output_count; /* 0: the last layer is the one output */
    int32_t outputs[MN_NET_MAX_OUTPUTS];
    bool per_tensor;    /* with the ranges of the layers: learned for weights with one scale for each layer */
    mn_meaning meaning; /* what the file says of pixels and classes; folding hands it on */
} mn_net;

void mn_net_free(mn_net *net);

/** Fails with a sentence that names the net, the layer and its kind: "NET: layer Conv1 (Conv2D): ...". */
mn_status mn_net_fail(const mn_net *net, const mn_layer *layer, mn_status status, const char *format, ...)
    MN_PRINTF(4, 5);

/** Outputs, at least 1, and the layer that output `i` is. */
int32_t mn_net_output_count(const mn_net *net);
int32_t mn_net_output(const mn_net *net, int32_t i);

/** Drops the layers that lead to no output. `kept` [layer_count], or NULL, gets the old index of each layer left.
 *  Errors: MEMORY. */
mn_status mn_net_prune(mn_net *net, int32_t *kept);

/** Index of the layer called `name`; -1 when there is none. */
int32_t mn_net_find(const mn_net *net, const char *name);

/** Elements of the layer's kernel; 0 when the kind has none. Needs the input's shape. */
size_t mn_layer_kernel_count(const mn_net *net, const mn_layer *layer);

/** Does the int8 graph store what such a layer gives? */
bool mn_layer_has_range(const mn_layer *layer);

/** Appends a layer and infers its shape from its inputs (an INPUT brings its own, RESIZE and RESHAPE to a map what
 *  they make); weights are allocated and zero
 *  (gamma and variance one). `layer->name` is copied. The index of the new layer goes to *index (may be NULL).
 *  Errors: MEMORY, FORMAT (inputs do not fit: the sentence names the layer, its shape and what was expected), LIMIT. */
mn_status mn_net_add(mn_net *net, const mn_layer *layer, bool with_bias, int32_t *index);

/** Weights in the whole net as Keras counts parameters: moving statistics included. */
int64_t mn_net_parameters(const mn_net *net);

/** Kernels and biases alone, without batch norm. */
int64_t mn_net_weights(const mn_net *net);

/** Multiply-accumulates of one image in convolutions and dense layers. */
int64_t mn_net_macs(const mn_net *net);

/** Are all weights finite, and may the root of every variance + epsilon be taken? FORMAT, with a sentence that names
 *  the first layer where not. */
mn_status mn_net_check(const mn_net *net);

#endif
