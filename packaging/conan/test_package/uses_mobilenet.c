/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <mobilenet.h>
#include <stdio.h>

int main(void) {
    mn_model *model = NULL;
    const mn_status status = mn_model_open("none.tflite", &model); /* fails, with a sentence */
    printf("mobilenet %s: %s\n", mn_version(), mn_error_detail());
    return status == MN_ERROR_IO ? 0 : 1;
}
