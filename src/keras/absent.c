/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Stands for this room where the libraries that it needs are missing. */
#include "keras/keras.h"

#include "keras/write_h5.h"

const char *mn_keras_format_text(mn_keras_format format) {
    (void)format;
    return "Keras";
}

/* PyTorch's files come here too, for torch/absent.c knows none. */
mn_status mn_keras_open(const char *path, const mn_keras_options *options, mn_net *out, mn_keras_info *info) {
    (void)options, (void)out, (void)info;
    return mn_fail(MN_ERROR_UNSUPPORTED,
                   "%s: this build cannot read files of Keras and PyTorch; build with HDF5, libzip and cJSON", path);
}

mn_status mn_keras_write_h5(const mn_net *net, uint8_t **data, size_t *bytes) {
    (void)net;
    *data = NULL;
    *bytes = 0;
    return mn_fail(MN_ERROR_UNSUPPORTED, "this build cannot write weights; build with HDF5");
}
