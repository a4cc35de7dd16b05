/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "torch/names.h"

#include <stdio.h>

/* torchvision/models/mobilenetv2.py; its ancestor, whose blocks are not nested, with the last convolution where
 * torchvision has it or beside the features; timm/models/efficientnet.py. */
static const mn_torch_names known[] = {
    {.network = "MobileNetV2 of torchvision",
     .anchor = "features.1.conv.0.0.weight",
     .stem = {"features.0.0", "features.0.1"},
     .first = {"0.0", "0.1", "1", "2"},
     .later = {"0.0", "0.1", "1.0", "1.1", "2", "3"},
     .head = {"features.18.0", "features.18.1"}},
    {.network = "MobileNetV2 of an older torchvision",
     .anchor = "features.18.0.weight",
     .stem = {"features.0.0", "features.0.1"},
     .first = {"0", "1", "3", "4"},
     .later = {"0", "1", "3", "4", "6", "7"},
     .head = {"features.18.0", "features.18.1"}},
    {.network = "MobileNetV2 of mobilenetv2.pytorch",
     .anchor = "features.1.conv.0.weight",
     .stem = {"features.0.0", "features.0.1"},
     .first = {"0", "1", "3", "4"},
     .later = {"0", "1", "3", "4", "6", "7"},
     .head = {"conv.0", "conv.1"}},
    {.network = "MobileNetV2 of timm",
     .anchor = "conv_stem.weight",
     .stem = {"conv_stem", "bn1"},
     .staged = true,
     .first = {"conv_dw", "bn1", "conv_pw", "bn2"},
     .later = {"conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"},
     .head = {"conv_head", "bn2"}},
};

const mn_torch_names *mn_torch_names_of(mn_torch_matching *m) {
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        if (mn_torch_anchor(m, known[k].anchor)) return &known[k];
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
