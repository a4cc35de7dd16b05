/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Runs every golden vector (tests/golden/README.md) on every kernel tier with one to three threads; and once with
 * libmobilenet_delegate.so, so that this library is on both sides of TensorFlow Lite's interface for delegates. Run in
 * the repository root. */
#include "mobilenet_inspect.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/extremes.h"
#include "mobilenet_delegate.h"
#include "support/loading.h"
#include "tflite/flatbuffer.h"

#define FOLDER "tests/golden"
#define MAGIC "mobilenet.golden"
#define MAX_TENSORS 8
#define MAX_THREADS 3

typedef struct file_bytes {
    uint8_t *data; /* free() it */
    size_t size;
} file_bytes;

typedef struct tensor_bytes {
    const uint8_t *data;
    size_t size;
    mn_type type;
} tensor_bytes;

typedef struct record {
    char name[49];
    file_bytes model;
    size_t input_count, output_count;
    tensor_bytes inputs[MAX_TENSORS], outputs[MAX_TENSORS];
} record;

static file_bytes read_file(const char *name) {
    char path[512];
    snprintf(path, sizeof path, FOLDER "/%s", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail_msg("%s cannot be opened; run in the repository root", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    uint8_t *data = malloc((size_t)size);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, (size_t)size, file), (size_t)size);
    fclose(file);
    return (file_bytes){data, (size_t)size};
}

static uint32_t read_u32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The next `size` bytes of `file`, rounded up to 16. */
static uint8_t *take(file_bytes file, size_t *position, size_t size) {
    uint8_t *part = file.data + *position;
    assert_true(size <= file.size - *position);
    *position += (size + 15) / 16 * 16;
    assert_true(*position <= file.size);
    return part;
}

/* Its elements as this processor keeps them; the file is little-endian. */
static tensor_bytes read_tensor(file_bytes file, size_t *position) {
    const uint8_t *head = take(file, position, 16);
    tensor_bytes tensor = {NULL, read_u32(head), (mn_type)read_u32(head + 4)};
    uint8_t *data = take(file, position, tensor.size);
    const size_t each = mn_type_size(tensor.type);
    uint8_t *of_host = malloc(tensor.size);
    assert_true(each > 0 && of_host != NULL);
    mn_fb_copy(of_host, data, tensor.size / each, each);
    memcpy(data, of_host, tensor.size);
    free(of_host);
    tensor.data = data;
    return tensor;
}

static record read_record(file_bytes file, size_t *position) {
    record r = {0};
    memcpy(r.name, take(file, position, 48), 48);
    const uint8_t *sizes = take(file, position, 16);
    size_t model_bytes = read_u32(sizes);
    r.input_count = read_u32(sizes + 4);
    r.output_count = read_u32(sizes + 8);
    assert_true(r.input_count <= MAX_TENSORS && r.output_count <= MAX_TENSORS);
    if (model_bytes > 0) {
        r.model = (file_bytes){malloc(model_bytes), model_bytes};
        assert_non_null(r.model.data);
        memcpy(r.model.data, take(file, position, model_bytes), model_bytes);
    } else {
        char name[64];
        snprintf(name, sizeof name, "%s.tflite", r.name);
        r.model = read_file(name);
    }
    for (size_t i = 0; i < r.input_count; ++i) r.inputs[i] = read_tensor(file, position);
    for (size_t i = 0; i < r.output_count; ++i) r.outputs[i] = read_tensor(file, position);
    return r;
}

/* Index of the first element that is too far off; -1 when there is none. */
static long first_float_difference(tensor_bytes expected, const float *actual) {
    size_t count = expected.size / sizeof(float);
    const float *wanted = (const float *)(const void *)expected.data;
    double largest = 0;
    for (size_t i = 0; i < count; ++i) {
        if (isfinite(wanted[i])) largest = mn_max_f64(largest, fabs((double)wanted[i]));
    }
    for (size_t i = 0; i < count; ++i) {
        bool close = isfinite(wanted[i]) ? fabs((double)wanted[i] - (double)actual[i]) <= 1e-5 * largest
                                         : wanted[i] == actual[i] || (isnan(wanted[i]) && isnan(actual[i]));
        if (!close) return (long)i;
    }
    return -1;
}

static long first_byte_difference(tensor_bytes expected, const uint8_t *actual) {
    for (size_t i = 0; i < expected.size; ++i) {
        if (expected.data[i] != actual[i]) return (long)i;
    }
    return -1;
}

/* Compares output `i`; false after printing a sentence. */
static bool same_output(const mn_model *model, const mn_session *session, int32_t i, tensor_bytes expected,
                        const char *where) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    assert_int_equal(mn_session_tensor(session, mn_model_output(model, i), &info), MN_OK);
    if (info.type != expected.type || info.bytes != expected.size) {
        print_error("%s: output %d is %zu bytes of %s, expected %zu of %s\n", where, (int)i, info.bytes,
                    mn_type_name(info.type), expected.size, mn_type_name(expected.type));
        return false;
    }
    const void *actual = mn_session_output(session, i);
    bool is_float = expected.type == MN_FLOAT32;
    long at = is_float ? first_float_difference(expected, actual) : first_byte_difference(expected, actual);
    if (at < 0) return true;
    if (is_float) {
        print_error("%s: output %d element %ld is %.9g, expected %.9g\n", where, (int)i, at,
                    (double)((const float *)actual)[at], (double)((const float *)(const void *)expected.data)[at]);
    } else {
        print_error("%s: output %d byte %ld is %d, expected %d\n", where, (int)i, at, ((const uint8_t *)actual)[at],
                    expected.data[at]);
    }
    return false;
}

/* Two runs of one session: the second must not see what the first left behind. */
static bool run_twice(const record *r, const mn_model *model, const mn_session_options *options) {
    char where[128];
    snprintf(where, sizeof where, "%s (%s, %d threads)", r->name, options->delegates ? "delegated" : options->cpu,
             (int)options->threads);
    mn_session *session = NULL;
    if (mn_session_create(model, options, &session) != MN_OK) {
        print_error("%s: %s\n", where, mn_error_detail());
        return false;
    }
    bool same = true;
    for (int run = 0; run < 2 && same; ++run) {
        for (size_t i = 0; i < r->input_count; ++i) {
            memcpy(mn_session_input(session, (int32_t)i), r->inputs[i].data, r->inputs[i].size);
        }
        assert_int_equal(mn_session_run(session), MN_OK);
        for (size_t i = 0; i < r->output_count; ++i) {
            same = same_output(model, session, (int32_t)i, r->outputs[i], where) && same;
        }
    }
    mn_session_close(&session);
    return same;
}

/* NULL: this build or this system has none. */
static mn_delegate *plugin;

static int open_plugin(void **state) {
    (void)state;
    char path[512];
    const char *build = getenv("MN_BUILD");
    snprintf(path, sizeof path, "%s/libmobilenet_delegate.so", build ? build : "build");
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    fclose(file);
    const mn_status status = mn_delegate_open_external(path, NULL, &plugin);
    if (status == MN_OK || loads_nothing(status)) return 0;
    print_error("%s\n", mn_error_detail());
    return -1;
}

static int close_plugin(void **state) {
    (void)state;
    mn_delegate_close(&plugin);
    return 0;
}

/* As one part, and each operator as a part of its own. */
static bool run_delegated(const record *r, const mn_model *model) {
    bool same = true;
    for (int32_t alone = 0; alone < 2 && plugin; alone++) {
        mn_session_options options = MN_INIT(mn_session_options);
        options.delegates = &plugin;
        options.delegate_count = 1;
        options.full_delegation = 1;
        options.keep_tensors = alone;
        same = run_twice(r, model, &options) && same;
    }
    return same;
}

static bool run_record(const record *r) {
    mn_model *model = NULL;
    if (mn_model_from_memory(r->model.data, r->model.size, r->name, &model) != MN_OK) {
        print_error("%s: %s\n", r->name, mn_error_detail());
        return false;
    }
    assert_int_equal(mn_model_input_count(model), r->input_count);
    assert_int_equal(mn_model_output_count(model), r->output_count);
    bool same = true;
    for (int32_t tier = 0; mn_cpu_tier(tier) != NULL; ++tier) {
        for (int32_t threads = 1; threads <= MAX_THREADS; ++threads) {
            mn_session_options options = MN_INIT(mn_session_options);
            options.cpu = mn_cpu_tier(tier);
            options.threads = threads;
            options.keep_tensors = threads == 2;
            options.streamed = threads == 3;
            same = run_twice(r, model, &options) && same;
        }
    }
    same = run_delegated(r, model) && same;
    mn_model_close(&model);
    return same;
}

/* Runs all records of one file; returns how many failed and adds to the number run. */
static int run_pack(const char *name, int *ran) {
    file_bytes file = read_file(name);
    size_t position = 0;
    assert_memory_equal(take(file, &position, 16), MAGIC, 16);
    int failed = 0;
    while (position < file.size) {
        record r = read_record(file, &position);
        failed += run_record(&r) ? 0 : 1;
        *ran += 1;
        free(r.model.data);
    }
    free(file.data);
    return failed;
}

static void golden_vectors_are_reproduced(void **state) {
    (void)state;
    DIR *folder = opendir(FOLDER);
    if (folder == NULL) fail_msg(FOLDER " is missing; run in the repository root");
    int ran = 0, failed = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *suffix = strrchr(entry->d_name, '.');
        if (suffix != NULL && strcmp(suffix, ".golden") == 0) failed += run_pack(entry->d_name, &ran);
    }
    closedir(folder);
    print_message("%d golden vectors, %d differ\n", ran, failed);
    assert_true(ran > 250);
    assert_int_equal(failed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden_vectors_are_reproduced)};
    return cmocka_run_group_tests(tests, open_plugin, close_plugin);
}
