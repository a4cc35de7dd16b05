/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "torch/names.h"

#include <stdio.h>
#include <string.h>

/* torchvision/models/mobilenetv2.py; its ancestor, whose blocks are not nested, with the last convolution where
 * torchvision has it or beside the features; timm/models/efficientnet.py. */
static const mn_torch_names known[] = {
    {.library = "torchvision",
     .anchor = "features.1.conv.0.0.weight",
     .stem = {"features.0.0", "features.0.1"},
     .first = {"0.0", "0.1", "1", "2"},
     .later = {"0.0", "0.1", "1.0", "1.1", "2", "3"},
     .head = {"features.18.0", "features.18.1"}},
    {.library = "an older torchvision",
     .anchor = "features.18.0.weight",
     .stem = {"features.0.0", "features.0.1"},
     .first = {"0", "1", "3", "4"},
     .later = {"0", "1", "3", "4", "6", "7"},
     .head = {"features.18.0", "features.18.1"}},
    {.library = "mobilenetv2.pytorch",
     .anchor = "features.1.conv.0.weight",
     .stem = {"features.0.0", "features.0.1"},
     .first = {"0", "1", "3", "4"},
     .later = {"0", "1", "3", "4", "6", "7"},
     .head = {"conv.0", "conv.1"}},
    {.library = "timm",
     .anchor = "conv_stem.weight",
     .stem = {"conv_stem", "bn1"},
     .staged = true,
     .first = {"conv_dw", "bn1", "conv_pw", "bn2"},
     .later = {"conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"},
     .head = {"conv_head", "bn2"}},
};

/* Where `name` ends in `anchor` as a whole, what stands before it; SIZE_MAX else. */
static size_t length_before(const char *name, const char *anchor) {
    size_t length = strlen(name), wanted = strlen(anchor);
    if (length < wanted || strcmp(name + length - wanted, anchor) != 0) return SIZE_MAX;
    return length == wanted || name[length - wanted - 1] == '.' ? length - wanted : SIZE_MAX;
}

const mn_torch_names *mn_torch_names_of(const mn_torch_state *state, const char **prefix, size_t *prefix_length) {
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        for (int32_t i = 0; i < state->count; i++) {
            size_t length = length_before(state->arrays[i].name, known[k].anchor);
            if (length == SIZE_MAX) continue;
            *prefix = state->arrays[i].name;
            *prefix_length = length;
            return &known[k];
        }
    }
    return NULL;
}

void mn_torch_block_name(const mn_torch_names *names, int32_t stage, int32_t index, int32_t number, int32_t layer,
                         char name[MN_TORCH_NAME_CHARS]) {
    const char *last = number == 0 ? names->first[layer] : names->later[layer];
    if (names->staged) {
        snprintf(name, MN_TORCH_NAME_CHARS, "blocks.%d.%d.%s", stage, index, last);
    } else {
        snprintf(name, MN_TORCH_NAME_CHARS, "features.%d.conv.%s", number + 1, last);
    }
}
