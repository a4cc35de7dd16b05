/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A program that uses the library: opens a model, makes sessions of one and of two threads, runs and closes them. */
#include <stdio.h>
#include <string.h>

#include "mobilenet.h"

int library_main(int count, char **arguments);

static mn_status run(const mn_model *model, int32_t threads) {
    mn_session_options options = MN_INIT(mn_session_options);
    mn_session *session = NULL;
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    options.threads = threads;
    mn_status status = mn_session_create(model, &options, &session);
    if (status == MN_OK) status = mn_session_tensor(session, mn_model_input(model, 0), &info);
    if (status == MN_OK) {
        memset(mn_session_input(session, 0), 1, info.bytes);
        status = mn_session_run(session);
    }
    if (status == MN_OK) status = mn_session_tensor(session, mn_model_output(model, 0), &info);
    if (status == MN_OK) {
        const unsigned char *bytes = mn_session_output(session, 0);
        for (size_t i = 0; i < info.bytes; i++) printf("%02x", bytes[i]);
        putchar('\n');
    }
    mn_session_close(&session);
    return status;
}

int library_main(int count, char **arguments) {
    mn_model *model = NULL;
    mn_status status = count == 2 ? mn_model_open(arguments[1], &model) : MN_ERROR_ARGUMENT;
    if (status == MN_OK) status = run(model, 1);
    if (status == MN_OK) status = run(model, 2);
    mn_model_close(&model);
    if (status == MN_OK) return 0;
    fprintf(stderr, "mobilenet: %s\n", mn_error_detail());
    return 1;
}
