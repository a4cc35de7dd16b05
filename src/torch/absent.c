/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Stands for this room where the libraries that it needs are missing: keras/absent.c then refuses its files. */
#include "torch/torch.h"

bool mn_torch_is(const void *data, size_t bytes) {
    (void)data, (void)bytes;
    return false;
}

mn_status mn_torch_read(const void *data, size_t bytes, const char *name, const mn_origin_options *options, mn_net *out,
                        mn_origin *origin) {
    (void)data, (void)bytes, (void)options, (void)out, (void)origin;
    return mn_fail(MN_ERROR_UNSUPPORTED, "%s: this build cannot read files of PyTorch; build with libzip and cJSON",
                   name);
}
