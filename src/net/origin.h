/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What readers are told of a file, and what they found in it, whatever program saved it. */
#ifndef MN_NET_ORIGIN_H
#define MN_NET_ORIGIN_H

#include "net/net.h"

typedef struct mn_origin_options {
    int32_t size;    /* side of the input where the file leaves it open; 0: the reader's default */
    bool no_softmax; /* a file that does not say what follows its classifier ends in scores */
} mn_origin_options;

/** Texts are static storage. */
typedef struct mn_origin {
    const char *format;      /* in words */
    const char *network;     /* "MobileNetV2"; NULL for layers of no known network */
    double width;            /* of that network; 0 when unknown */
    const char *untrainable; /* why training cannot start from it, as the end of a sentence; NULL: it can */
    bool assumed_size;       /* the file leaves the size of the input open */
    bool assumed_pixels;     /* the file does not say which pixels the network takes; net->meaning does */
    bool assumed_softmax;    /* the file does not say whether a softmax follows the classifier */
} mn_origin;

/** One sentence about what was assumed because the file does not say it; false when nothing was. */
#define MN_ORIGIN_SENTENCE 512
bool mn_origin_assumed(const mn_net *net, const mn_origin *origin, char sentence[MN_ORIGIN_SENTENCE]);

#endif
