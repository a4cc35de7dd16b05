/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The input contract and what fills tensors by it, as one public object. */

#include <stdlib.h>

#include "base/argument.h"
#include "graph/describe.h"
#include "image/prepare.h"

struct mn_preprocessor {
    mn_prepare prepare;
    mn_fill fill;
};

mn_status mn_preprocessor_create(const mn_tensor_info *input, const mn_pixels *pixels,
                                 const mn_preprocess_options *given, mn_preprocessor **out) {
    mn_preprocess_options options;
    MN_NEED(input);
    MN_NEED(out);
    MN_TRY(mn_struct_read(&mn_preprocess_options_struct, given, &options));
    const mn_tensor tensor = mn_tensor_of(input);
    mn_preprocessor *made = calloc(1, sizeof *made);
    if (!made) return mn_fail_memory("a preprocessor");
    mn_status status = mn_prepare_init(&tensor, pixels, &options, &made->prepare);
    if (status != MN_OK) {
        free(made);
        return status;
    }
    made->fill.prepare = &made->prepare;
    *out = made;
    return MN_OK;
}

mn_status mn_prepare_tell(const mn_prepare *p, mn_preprocess_info *out) {
    const mn_preprocess_info info = {.type = p->type,
                                     .width = p->width,
                                     .height = p->height,
                                     .channels = p->channels,
                                     .planes = p->layout == MN_CHANNELS_FIRST,
                                     .bytes = p->bytes,
                                     .crop = p->crop,
                                     .filter = p->filter,
                                     .pixels = &p->pixels,
                                     .text = p->text};
    MN_TRY(mn_struct_check(&mn_preprocess_info_struct, out));
    mn_struct_write(&mn_preprocess_info_struct, &info, out);
    return MN_OK;
}

mn_status mn_preprocessor_describe(const mn_preprocessor *preprocessor, mn_preprocess_info *out) {
    MN_NEED(preprocessor);
    return mn_prepare_tell(&preprocessor->prepare, out);
}

mn_status mn_preprocessor_run(mn_preprocessor *preprocessor, mn_image *image, void *tensor) {
    MN_NEED(preprocessor);
    MN_NEED(image);
    MN_NEED(tensor);
    preprocessor->fill.tensor = tensor;
    return mn_fill_image(image, &(mn_fill *){&preprocessor->fill}, 1);
}

void mn_preprocessor_close(mn_preprocessor **preprocessor) {
    if (!preprocessor || !*preprocessor) return;
    mn_fill_free(&(*preprocessor)->fill);
    free(*preprocessor);
    *preprocessor = NULL;
}
