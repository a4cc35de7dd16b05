/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Shared by the architectures (mobilenet_v1.c and so on): building a net layer by layer. */
#ifndef MN_NET_BUILD_H
#define MN_NET_BUILD_H

#include "net/spec.h"

typedef struct mn_building {
    mn_net *net;
    const char *prefix; /* of the names of the block's layers */
    int32_t last;       /* the layer added last */
    mn_status status;   /* of the first failure; after it nothing is added */
    const mn_net_spec *spec;
    const float *norm; /* epsilon and momentum of batch norms */
} mn_building;

/** Rounded to a multiple of 8, never by more than 10 % down (Keras applications: _make_divisible, _depth). */
int32_t mn_build_divisible(double channels);

/** Builds a net called `name` by `fill`, whose batch norms have this epsilon and momentum. Errors: ARGUMENT (a spec out
 * of range; the sentence begins with `family`), MEMORY, LIMIT. */
mn_status mn_build_net(const mn_net_spec *spec, const char *family, const char *name, const float norm[2],
                       void (*fill)(mn_building *b, const mn_net_spec *spec), mn_net *out);

/** Input, and rescaling if there is one. */
void mn_build_input(mn_building *b, const mn_net_spec *spec);

/** Appends a layer called prefix + name that reads the last one. */
void mn_build_add(mn_building *b, const char *name, mn_layer layer, bool with_bias);

void mn_build_norm(mn_building *b, const char *name);

/** max_value as in RELU. */
void mn_build_relu(mn_building *b, const char *name, float max_value);

void mn_build_conv(mn_building *b, const char *name, int32_t size, int32_t stride, int32_t units, bool with_bias);

/** With stride 2 a layer called pad_name pads by hand, `before` and `after` rows and columns (top, left and bottom,
 *  right), since Keras' SAME would pad otherwise. */
void mn_build_depthwise(mn_building *b, const char *name, int32_t size, int32_t stride, const char *pad_name,
                        const int32_t before[2], const int32_t after[2]);

/** Channels, height and width of the last layer; 1 after a failure. */
int32_t mn_build_channels(const mn_building *b);
void mn_build_size(const mn_building *b, int32_t size[2]);

/** Global pooling, dropout, a dense layer, and what makes probabilities. */
void mn_build_dense_top(mn_building *b, const mn_net_spec *spec);

/** Softmax or sigmoid, if the spec wants one. */
void mn_build_probabilities(mn_building *b, const char *name, const mn_net_spec *spec);

#endif
