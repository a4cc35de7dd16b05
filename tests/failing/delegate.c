/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A program that has an interpreter of TensorFlow Lite's kind and gives it libmobilenet_delegate.so. The interpreter's
 * own memory never runs out. */
#include <stdio.h>
#include <string.h>

#include "support/tfl_interpreter.h"

int delegate_main(int count, char **arguments);

tfl_create_delegate tflite_plugin_create_delegate;
tfl_destroy_delegate tflite_plugin_destroy_delegate;

static void refuse(const char *sentence) { fprintf(stderr, "mobilenet: %s\n", sentence); }

static tfl_status run(tfl_interpreter *it, tfl_delegate *delegate) {
    static unsigned char input[32 * 32 * 3], output[10];
    tfl_status status = tfl_delegate_to(it, delegate);
    if (status == TFL_OK) status = tfl_prepare(it);
    memset(input, 1, sizeof input);
    if (status == TFL_OK) status = tfl_run(it, input, output);
    if (status != TFL_OK) refuse(it->errors);
    for (size_t i = 0; i < sizeof output && status == TFL_OK; i++) printf("%02x", output[i]);
    return status;
}

int delegate_main(int count, char **arguments) {
    const char *key = "num_threads", *value = "2";
    mn_model *model = NULL;
    if (count != 2 || mn_model_open(arguments[1], &model) != MN_OK) {
        refuse(mn_error_detail());
        return 1;
    }
    tfl_status status = TFL_ERROR;
    tfl_delegate *delegate = tflite_plugin_create_delegate(&key, &value, 1, refuse);
    if (delegate) {
        tfl_interpreter *it = tfl_open(model, -1);
        status = run(it, delegate);
        tfl_close(it);
    }
    tflite_plugin_destroy_delegate(delegate);
    mn_model_close(&model);
    return status == TFL_OK ? 0 : 1;
}
