/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Runs models on bytes from a fixed sequence and prints a hash of each one's outputs, to be compared between systems:
 * `outputs MODEL...`. Floats are left out, as they may differ in their last bits. */
#include <inttypes.h>
#include <stdio.h>

#include "base/status.h"

static void fill(uint8_t *bytes, size_t count) {
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
}

/* FNV-1a. */
static uint64_t hash(uint64_t before, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) before = (before ^ bytes[i]) * 0x100000001b3u;
    return before;
}

static mn_status run(const mn_model *model, mn_session *session, uint64_t *out) {
    for (int32_t i = 0; i < mn_model_input_count(model); i++) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        MN_TRY(mn_session_tensor(session, mn_model_input(model, i), &info));
        if (mn_type_size(info.type) != 1) return mn_fail(MN_ERROR_UNSUPPORTED, "an input is not of 8 bits");
        fill(mn_session_input(session, i), info.bytes);
    }
    MN_TRY(mn_session_run(session));
    *out = 0xcbf29ce484222325u;
    for (int32_t i = 0; i < mn_model_output_count(model); i++) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        MN_TRY(mn_session_tensor(session, mn_model_output(model, i), &info));
        if (mn_type_size(info.type) == 1) *out = hash(*out, mn_session_output(session, i), info.bytes);
    }
    return MN_OK;
}

static mn_status run_file(const char *path, uint64_t *out) {
    mn_model *model = NULL;
    mn_session *session = NULL;
    mn_status status = mn_model_open(path, &model);
    if (status == MN_OK) status = mn_session_create(model, NULL, &session);
    if (status == MN_OK) status = run(model, session, out);
    mn_session_close(&session);
    mn_model_close(&model);
    return status;
}

int main(int argc, char **argv) {
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        uint64_t sum = 0;
        if (run_file(argv[i], &sum) == MN_OK) {
            printf("%016" PRIx64 " %s\n", sum, argv[i]);
        } else {
            fprintf(stderr, "%s\n", mn_error_detail());
            failed = 1;
        }
    }
    return failed;
}
