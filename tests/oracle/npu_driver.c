/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Lets tests/oracle/npu.py run models that Vela compiled, on the emulated Ethos-U:
 *
 *     npu_driver MODEL.tflite RUNS < INPUTS > OUTPUTS
 *
 * INPUTS: for each run the bytes of all inputs, one after the other; OUTPUTS likewise. */

#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "mobilenet_delegate.h"

static size_t bytes_of(const mn_session *session, int32_t tensor) {
    mn_tensor_info info = {.struct_bytes = sizeof info};
    return mn_session_tensor(session, tensor, &info) == MN_OK ? info.bytes : 0;
}

static mn_status run_once(const mn_model *model, mn_session *session) {
    for (int32_t i = 0; i < mn_model_input_count(model); i++) {
        const size_t bytes = bytes_of(session, mn_model_input(model, i));
        if (fread(mn_session_input(session, i), 1, bytes, stdin) != bytes) {
            return mn_fail(MN_ERROR_IO, "input %d is cut", (int)i);
        }
    }
    MN_TRY(mn_session_run(session));
    for (int32_t i = 0; i < mn_model_output_count(model); i++) {
        const size_t bytes = bytes_of(session, mn_model_output(model, i));
        if (fwrite(mn_session_output(session, i), 1, bytes, stdout) != bytes) {
            return mn_fail(MN_ERROR_IO, "output %d cannot be written", (int)i);
        }
    }
    return MN_OK;
}

static mn_status run(const char *path, int32_t runs) {
    mn_delegate *npu = NULL;
    mn_model *model = NULL;
    mn_session *session = NULL;
    mn_session_options options = MN_INIT(mn_session_options);
    options.delegates = &npu;
    options.delegate_count = 1;
    mn_status status = mn_delegate_open_ethosu(&npu);
    if (status == MN_OK) status = mn_model_open(path, &model);
    if (status == MN_OK) status = mn_session_create(model, &options, &session);
    for (int32_t i = 0; i < runs && status == MN_OK; i++) status = run_once(model, session);
    mn_session_close(&session);
    mn_model_close(&model);
    mn_delegate_close(&npu);
    return status;
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    if (run(arguments[1], atoi(arguments[2])) == MN_OK) return 0;
    fprintf(stderr, "%s\n", mn_error_detail());
    return 1;
}
