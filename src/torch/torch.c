/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "torch/torch.h"

#include "torch/match.h"
#include "torch/state.h"

bool mn_torch_is(const void *data, size_t bytes) { return mn_safetensors_is(data, bytes) || mn_pth_is(data, bytes); }

mn_status mn_torch_read(const void *data, size_t bytes, const char *name, const mn_origin_options *options, mn_net *out,
                        mn_origin *origin) {
    static const mn_origin_options defaults = {0};
    mn_torch_state state = {.file = name};
    mn_net net = {0};
    bool safe = mn_safetensors_is(data, bytes);
    mn_status status = safe ? mn_safetensors_read(data, bytes, &state) : mn_pth_read(data, bytes, &state);
    if (status == MN_OK) status = mn_torch_match(&state, options ? options : &defaults, &net, origin);
    mn_torch_state_free(&state);
    if (status != MN_OK) {
        mn_net_free(&net);
        return status;
    }
    *out = net;
    return MN_OK;
}
