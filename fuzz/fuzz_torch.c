/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What PyTorch might have saved: safetensors, archives and pickles. An input that is none of these is read as the
 * pickle of an archive. */
#include <stdlib.h>

#include "torch/pickle.h"
#include "torch/torch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (mn_torch_is(data, size)) {
        mn_net net = {0};
        mn_origin origin;
        if (mn_torch_read(data, size, "fuzz", &(mn_origin_options){.size = 32}, &net, &origin) == MN_OK) {
            mn_net_free(&net);
        }
        return 0;
    }
    mn_pickle pickle;
    if (mn_pickle_read(data, size, "fuzz", &pickle) == MN_OK) {
        (void)mn_pickle_get(&pickle, &pickle.values[pickle.root], "model");
    }
    mn_pickle_free(&pickle);
    return 0;
}
