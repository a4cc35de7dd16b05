/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the layers of a MobileNet are called in the state dicts of the libraries that people train them with. */
#ifndef MN_TORCH_NAMES_H
#define MN_TORCH_NAMES_H

#include "torch/matching.h"

/** The names of one library. */
typedef struct mn_torch_names {
    const char *network; /* in words */
    const char *anchor;  /* an array that such a state dict has, and others do not */
    const char *stem[2]; /* convolution and batch norm, as all pairs below */
    bool staged;         /* blocks are called "blocks.STAGE.INDEX."; else "features.NUMBER.conv.", from 1 on */
    const char *first[4], *later[6]; /* the layers of the first block, which does not expand, and of the others */
    const char *head[2];
} mn_torch_names;

/** The library whose names those of the state are; sets the prefix. NULL when they are not a MobileNetV2's. */
const mn_torch_names *mn_torch_names_of(mn_torch_matching *m);

/** Name of layer `layer` of a block, which is number `index` in its stage and `number` of all, both from 0 on. */
void mn_torch_block_name(const mn_torch_names *names, int32_t stage, int32_t index, int32_t number, int32_t layer,
                         char name[MN_TORCH_NAME_CHARS]);

#endif
