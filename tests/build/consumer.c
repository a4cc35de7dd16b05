/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A user of the installed library; C and C++. */
#include <stdio.h>
#include <string.h>

#include <mobilenet.h>

int main(void) {
    mn_model *model = NULL;
    mn_session_options options = MN_INIT(mn_session_options);
    if (mn_model_open("no such model.tflite", &model) != MN_ERROR_IO || model != NULL) return 1;
    if (strstr(mn_error_detail(), "no such model.tflite") == NULL) return 1;
    if (options.struct_bytes != sizeof options || options.threads != 0 || strcmp(mn_imagenet_label(242), "boxer") != 0)
        return 1;
    mn_model_close(&model);
    printf("%s\n", mn_version());
    return 0;
}
