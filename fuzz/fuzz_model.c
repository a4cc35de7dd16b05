/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _POSIX_C_SOURCE 200112L

/* libFuzzer target: any bytes as a .tflite file, through the public interface: read, plan, and run when the model is
 * small enough for a run to be quick, with whole tensors and row by row. */
#include <stdlib.h>
#include <string.h>

#include "mobilenet.h"

#define MAX_ARENA_BYTES ((size_t)1 << 20)
#define MAX_TENSOR_BYTES ((size_t)1 << 14) /* a pool over such a tensor takes at most 2^28 steps */
#define MAX_WORK ((int64_t)20000000)       /* multiply-accumulates */

/* Is every tensor small, and the work of one run? */
static bool is_quick(const mn_model *model) {
    int64_t work = 0;
    size_t bytes = 0;
    for (int32_t i = 0; i < mn_model_tensor_count(model); i++) {
        mn_tensor_info tensor = MN_INIT(mn_tensor_info);
        if (mn_model_tensor(model, i, &tensor) != MN_OK || tensor.bytes > MAX_TENSOR_BYTES) return false;
        bytes += tensor.bytes;
        if (bytes > MAX_ARENA_BYTES) return false;
    }
    for (int32_t i = 0; i < mn_model_op_count(model); i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        if (mn_model_op(model, i, &op) != MN_OK || op.macs > MAX_WORK) return false;
        work += op.macs;
        if (work > MAX_WORK) return false;
    }
    return true;
}

static void run(mn_session *session, const mn_model *model) {
    for (int32_t i = 0; i < mn_model_input_count(model); i++) {
        mn_tensor_info tensor = MN_INIT(mn_tensor_info);
        if (mn_model_tensor(model, mn_model_input(model, i), &tensor) != MN_OK) abort();
        memset(mn_session_input(session, i), 0x55, tensor.bytes);
    }
    if (mn_session_run(session) != MN_OK) abort();
    /* Every byte of the outputs can be read. */
    for (int32_t i = 0; i < mn_model_output_count(model); i++) {
        mn_tensor_info tensor = MN_INIT(mn_tensor_info);
        if (mn_model_tensor(model, mn_model_output(model, i), &tensor) != MN_OK) abort();
        uint8_t *kept = malloc(tensor.bytes);
        if (kept) memcpy(kept, mn_session_output(session, i), tensor.bytes);
        free(kept);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* The interface wants 16-byte alignment; an exact block lets the address sanitizer see reads past the end. */
    void *copy = NULL;
    if (posix_memalign(&copy, 16, size ? size : 1) != 0) return 0;
    memcpy(copy, data, size);
    mn_model *model = NULL;
    if (mn_model_from_memory(copy, size, "fuzz", &model) == MN_OK && is_quick(model)) {
        for (int32_t streamed = 0; streamed < 2; streamed++) {
            mn_session *session = NULL;
            mn_session_options options = MN_INIT(mn_session_options);
            options.streamed = streamed;
            if (mn_session_create(model, &options, &session) == MN_OK) run(session, model);
            mn_session_close(&session);
        }
    }
    mn_model_close(&model);
    free(copy);
    return 0;
}
