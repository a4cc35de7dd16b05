/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Sessions through the public interface: memory, threads, sharing, resizing, profiling. Run in the repository root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/aligned.h"
#include "base/sync.h"
#include "mobilenet_inspect.h"

#define MODEL "tests/golden/tiny_v2_int8.tflite"
#define FLOAT_MODEL "tests/golden/tiny_v2_float32.tflite"

static mn_model *open_model(const char *path) {
    mn_model *model = NULL;
    if (mn_model_open(path, &model) != MN_OK) fail_msg("%s", mn_error_detail());
    return model;
}

static mn_session *open_session(const mn_model *model, const mn_session_options *options) {
    mn_session *session = NULL;
    if (mn_session_create(model, options, &session) != MN_OK) fail_msg("%s", mn_error_detail());
    return session;
}

static mn_tensor_info session_tensor(const mn_session *session, int32_t tensor) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    assert_int_equal(mn_session_tensor(session, tensor, &info), MN_OK);
    return info;
}

/* Random bytes; of floats, the sign and all of the magnitude below 2: others make every result NaN. Returns the seed
 * that goes on. */
static uint32_t fill_pattern(uint8_t *input, const mn_tensor_info *info, uint32_t seed) {
    for (size_t i = 0; i < info->bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        input[i] = (uint8_t)(seed >> 24);
        if (info->type == MN_FLOAT32 && i % sizeof(float) == sizeof(float) - 1) input[i] &= 0xbf;
    }
    return seed;
}

/* Fills input 0 with a pattern that depends on `seed`, runs, and copies output 0 to a malloc'ed block. */
static void *run_pattern(const mn_model *model, mn_session *session, uint32_t seed, size_t *bytes) {
    mn_tensor_info in = session_tensor(session, mn_model_input(model, 0));
    fill_pattern(mn_session_input(session, 0), &in, seed);
    assert_int_equal(mn_session_run(session), MN_OK);
    mn_tensor_info out = session_tensor(session, mn_model_output(model, 0));
    void *copy = malloc(out.bytes);
    assert_non_null(copy);
    *bytes = out.bytes;
    return memcpy(copy, mn_session_output(session, 0), out.bytes);
}

static void expect_same_run(const mn_model *model, mn_session *a, mn_session *b, uint32_t seed) {
    size_t bytes_a, bytes_b;
    void *first = run_pattern(model, a, seed, &bytes_a), *second = run_pattern(model, b, seed, &bytes_b);
    assert_int_equal(bytes_a, bytes_b);
    assert_memory_equal(first, second, bytes_a);
    free(first);
    free(second);
}

static void test_threads_and_kept_tensors_change_nothing(void **state) {
    (void)state;
    mn_model *model = open_model(MODEL);
    mn_session *plain = open_session(model, NULL);
    for (int32_t threads = MN_THREADS_ALL; threads < 6; threads++) {
        mn_session_options options = MN_INIT(mn_session_options);
        options.threads = threads;
        options.keep_tensors = threads % 2 == 1;
        mn_session *other = open_session(model, &options);
        for (uint32_t seed = 1; seed < 5; seed++) expect_same_run(model, plain, other, seed);
        mn_session_close(&other);
    }
    mn_session_close(&plain);
    mn_model_close(&model);
}

/* Steps long enough to be shared, with every tier of kernels; the batch makes units of several images. */
static void test_threads_share_long_steps(void **state) {
    (void)state;
    const char *const paths[] = {MODEL, FLOAT_MODEL};
    const mn_input_shape shape = {.input = 0, .rank = 4, .dims = {1, 150, 170, 3}};
    for (int32_t tier = 0; mn_cpu_tier(tier); tier++) {
        mn_model *model = open_model(paths[tier % 2]);
        mn_session_options options = MN_INIT(mn_session_options);
        options.cpu = mn_cpu_tier(tier);
        options.input_shapes = &shape;
        options.input_shape_count = 1;
        options.batch = 1 + tier % 3;
        mn_session *plain = open_session(model, &options);
        int32_t shared = 0;
        for (int32_t i = 0; i < mn_session_step_count(plain); i++) {
            mn_step_info step = MN_INIT(mn_step_info);
            assert_int_equal(mn_session_step(plain, i, &step), MN_OK);
            shared += step.grain < step.units;
        }
        assert_true(shared > 0);
        for (int32_t threads = 2; threads <= 5; threads++) {
            options.threads = threads;
            mn_session *other = open_session(model, &options);
            for (uint32_t seed = 1; seed < 4; seed++) expect_same_run(model, plain, other, seed);
            mn_session_close(&other);
        }
        mn_session_close(&plain);
        mn_model_close(&model);
    }
}

static void test_caller_arena(void **state) {
    (void)state;
    mn_model *model = open_model(MODEL);
    mn_session *plain = open_session(model, NULL);
    size_t needed = mn_session_arena_bytes(plain);
    assert_true(needed > 0);
    char *memory = mn_aligned_alloc(64, needed + 64);
    assert_non_null(memory);
    memset(memory + needed, 0x5a, 64);
    mn_session_options options = MN_INIT(mn_session_options);
    options.arena = memory;
    options.arena_bytes = needed;
    mn_session *session = open_session(model, &options);
    expect_same_run(model, plain, session, 3);
    for (size_t i = 0; i < 64; i++) assert_int_equal(memory[needed + i], 0x5a);
    mn_session_close(&session);
    options.arena_bytes = needed - 1;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_LIMIT);
    assert_null(session);
    options.arena = memory + 1;
    options.arena_bytes = needed;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_LIMIT);
    mn_aligned_free(memory);
    mn_session_close(&plain);
    mn_model_close(&model);
}

static void test_options_are_checked(void **state) {
    (void)state;
    mn_model *model = open_model(MODEL);
    mn_session *session = NULL;
    mn_session_options options = MN_INIT(mn_session_options);
    options.threads = MN_THREADS_ALL - 1;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_ARGUMENT);
    options.threads = 257;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_ARGUMENT);
    options.threads = 1;
    options.cpu = "abacus";
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_ARGUMENT);
    assert_non_null(strstr(mn_error_detail(), "\"abacus\""));
    options.cpu = NULL;
    mn_input_shape shape = {.input = 1, .rank = 4, .dims = {1, 32, 32, 3}};
    options.input_shapes = &shape;
    options.input_shape_count = 1;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_ARGUMENT);
    shape = (mn_input_shape){.input = 0, .rank = 4, .dims = {1, 0, 32, 3}};
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_ARGUMENT);
    shape = (mn_input_shape){.input = 0, .rank = 4, .dims = {1, 32, 32, 4}};
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_FORMAT);
    assert_null(session);
    mn_model_close(&model);
}

/* Runs `batch` images at once with `options`, and each of them alone: the outputs are equal. */
static void expect_batch(const mn_model *model, mn_session_options *options, int32_t batch, bool as_shape) {
    mn_session *one = open_session(model, NULL);
    mn_tensor_info in = session_tensor(one, mn_model_input(model, 0));
    const size_t single_bytes = session_tensor(one, mn_model_output(model, 0)).bytes;
    mn_input_shape shape = {.input = 0, .rank = in.rank};
    memcpy(shape.dims, in.dims, sizeof shape.dims);
    shape.dims[0] = batch;
    options->input_shapes = &shape;
    options->input_shape_count = as_shape ? 1 : 0;
    options->batch = as_shape ? 1 : batch;
    mn_session *all = open_session(model, options);
    assert_int_equal(session_tensor(all, mn_model_input(model, 0)).dims[0], batch);
    size_t batch_bytes;
    uint8_t *together = run_pattern(model, all, 9, &batch_bytes);
    assert_int_equal(batch_bytes, (size_t)batch * single_bytes);
    uint32_t seed = 9; /* the images of run_pattern once more, one after the other */
    for (size_t image = 0; image < (size_t)batch; image++) {
        seed = fill_pattern(mn_session_input(one, 0), &in, seed);
        assert_int_equal(mn_session_run(one), MN_OK);
        assert_memory_equal(together + image * single_bytes, mn_session_output(one, 0), single_bytes);
    }
    free(together);
    mn_session_close(&one);
    mn_session_close(&all);
}

/* Images of a batch get the answers they get alone: every type, even and odd batches, threads, kernels, kept tensors.
 */
static void test_batch(void **state) {
    (void)state;
    const char *const paths[] = {MODEL, "tests/golden/tiny_v2_uint8.tflite", FLOAT_MODEL};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        mn_model *model = open_model(paths[i]);
        for (int32_t batch = 2; batch <= 9; batch++) {
            mn_session_options options = MN_INIT(mn_session_options);
            options.threads = batch % 4;
            options.keep_tensors = batch % 3 == 0;
            options.cpu = batch % 2 == 0 ? NULL : mn_cpu_tier(batch / 2 % 3);
            if (options.cpu == NULL || i < 2) expect_batch(model, &options, batch, batch == 4);
        }
        mn_model_close(&model);
    }
}

static void test_batch_in_caller_arena(void **state) {
    (void)state;
    mn_model *model = open_model(MODEL);
    mn_session_options options = MN_INIT(mn_session_options);
    options.batch = 3;
    options.threads = 2;
    mn_session *session = open_session(model, &options);
    const size_t needed = mn_session_arena_bytes(session);
    mn_session_close(&session);
    char *memory = mn_aligned_alloc(64, needed + 64);
    assert_non_null(memory);
    memset(memory + needed, 0x5a, 64);
    options.arena = memory;
    options.arena_bytes = needed;
    expect_batch(model, &options, 3, false);
    for (size_t i = 0; i < 64; i++) assert_int_equal(memory[needed + i], 0x5a);
    options.batch = 4;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_LIMIT);
    mn_aligned_free(memory);
    mn_model_close(&model);
}

static void test_impossible_batches(void **state) {
    (void)state;
    mn_model *model = open_model(MODEL);
    mn_session *session = NULL;
    mn_session_options options = MN_INIT(mn_session_options);
    options.batch = -1;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_ARGUMENT);
    options.batch = INT32_MAX;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_ARGUMENT); /* over 1 GiB */
    mn_input_shape shape = {.input = 0, .rank = 4, .dims = {2, 32, 32, 3}};
    options.input_shapes = &shape;
    options.input_shape_count = 1;
    options.batch = 2;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_UNSUPPORTED);
    assert_null(session);
    mn_model_close(&model);
}

static void test_reading_tensors(void **state) {
    (void)state;
    mn_model *model = open_model(MODEL);
    mn_session_options options = MN_INIT(mn_session_options);
    options.keep_tensors = true;
    mn_session *plain = open_session(model, NULL), *keeping = open_session(model, &options);
    int32_t hidden = 0;
    for (int32_t i = 0; i < mn_model_tensor_count(model); i++) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        assert_int_equal(mn_model_tensor(model, i, &info), MN_OK);
        if (info.data) assert_ptr_equal(mn_session_tensor_data(plain, i), info.data);
        if (!mn_session_tensor_data(plain, i)) hidden++;
    }
    assert_true(hidden > 0);
    int32_t output = mn_model_output(model, 0);
    assert_ptr_equal(mn_session_tensor_data(plain, output), mn_session_output(plain, 0));
    assert_true(mn_session_arena_bytes(keeping) > mn_session_arena_bytes(plain));
    assert_null(mn_session_tensor_data(plain, -1));
    assert_null(mn_session_input(plain, 1));
    assert_null(mn_session_output(plain, -1));
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    assert_int_equal(mn_session_tensor(plain, 100000, &info), MN_ERROR_ARGUMENT);
    mn_session_close(&plain);
    mn_session_close(&keeping);
    mn_model_close(&model);
}

static void expect_sentence(mn_status status, const char *sentence) {
    assert_int_equal(status, MN_ERROR_ARGUMENT);
    assert_string_equal(mn_error_detail(), sentence);
}

/* What programs in other languages, whose arrays know their type and length, say before they read and write. */
static void test_expecting_tensors(void **state) {
    (void)state;
    mn_model *model = open_model(MODEL);
    mn_session *session = open_session(model, NULL);
    mn_tensor_info info = MN_INIT(mn_tensor_info), same = MN_INIT(mn_tensor_info);
    const size_t count = 32 * 32 * 3;
    assert_int_equal(mn_session_input_info(session, 0, &info), MN_OK);
    assert_int_equal(mn_session_tensor(session, mn_model_input(model, 0), &same), MN_OK);
    assert_memory_equal(&info, &same, sizeof info);
    assert_int_equal(mn_tensor_expect(&info, MN_INT8, count), MN_OK);
    assert_int_equal(mn_tensor_expect(&info, MN_NONE, count), MN_OK);
    assert_int_equal(mn_tensor_expect(&info, MN_INT8, 0), MN_OK);
    info.name = "image";
    expect_sentence(
        mn_tensor_expect(&info, MN_FLOAT32, count),
        "image: is int8 of shape 1x32x32x3, 3072 elements; use it as that, not as 3072 elements of float32");
    expect_sentence(mn_tensor_expect(&info, MN_NONE, 1),
                    "image: is int8 of shape 1x32x32x3, 3072 elements; use it as that, not as 1 element");
    expect_sentence(mn_tensor_expect(&info, MN_UINT8, 0),
                    "image: is int8 of shape 1x32x32x3, 3072 elements; use it as that, not as uint8");
    assert_int_equal(mn_session_output_info(session, 0, &info), MN_OK);
    assert_int_equal(mn_session_tensor(session, mn_model_output(model, 0), &same), MN_OK);
    assert_memory_equal(&info, &same, sizeof info);
    expect_sentence(mn_session_output_info(session, 1, &info),
                    MODEL ": there is no output 1; the model has 1, numbered from 0");
    expect_sentence(mn_session_input_info(session, -1, &info),
                    MODEL ": there is no input -1; the model has 1, numbered from 0");
    mn_session_close(&session);
    mn_model_close(&model);
}

static void test_steps_and_profile(void **state) {
    (void)state;
    mn_model *model = open_model(FLOAT_MODEL);
    mn_session *session = open_session(model, NULL);
    size_t bytes;
    free(run_pattern(model, session, 1, &bytes));
    mn_session_profile(session, true);
    free(run_pattern(model, session, 1, &bytes));
    int32_t steps = mn_session_step_count(session);
    uint64_t total = 0;
    assert_in_range(steps, 1, mn_model_op_count(model));
    for (int32_t i = 0; i < steps; i++) {
        mn_step_info step = MN_INIT(mn_step_info);
        assert_int_equal(mn_session_step(session, i, &step), MN_OK);
        assert_in_range(step.first_op, 0, mn_model_op_count(model) - 1);
        assert_true(step.op_count >= 1);
        total += step.last_ns;
    }
    assert_true(total > 0);
    mn_step_info step = MN_INIT(mn_step_info);
    assert_int_equal(mn_session_step(session, steps, &step), MN_ERROR_ARGUMENT);
    mn_session_profile(session, false);
    assert_int_equal(mn_session_step(session, 0, &step), MN_OK);
    assert_true(step.last_ns == 0);
    mn_session_close(&session);
    mn_model_close(&model);
}

/* Inputs are there before the first step and outputs after the last; constants have no place. */
static void test_placement(void **state) {
    (void)state;
    mn_model *model = open_model(MODEL);
    mn_session *session = open_session(model, NULL);
    const int32_t steps = mn_session_step_count(session);
    mn_placement in = MN_INIT(mn_placement);
    mn_placement out = MN_INIT(mn_placement);
    assert_int_equal(mn_session_placement(session, mn_model_input(model, 0), &in), MN_OK);
    assert_int_equal(in.first, -1);
    assert_in_range(in.last, 0, steps - 1);
    assert_int_equal(mn_session_placement(session, mn_model_output(model, 0), &out), MN_OK);
    assert_int_equal(out.last, steps);
    assert_int_equal(out.bytes, session_tensor(session, mn_model_output(model, 0)).bytes);
    assert_true(out.offset + out.bytes <= mn_session_arena_bytes(session));
    assert_ptr_equal((const char *)mn_session_output(session, 0) - out.offset,
                     (const char *)mn_session_input(session, 0) - in.offset);
    for (int32_t i = 0; i < mn_model_tensor_count(model); i++) {
        if (session_tensor(session, i).data) {
            assert_int_equal(mn_session_placement(session, i, &out), MN_ERROR_ARGUMENT);
        }
    }
    assert_int_equal(mn_session_placement(session, -1, &out), MN_ERROR_ARGUMENT);
    assert_int_equal(mn_session_placement(session, mn_model_tensor_count(model), &out), MN_ERROR_ARGUMENT);
    mn_session_close(&session);
    mn_model_close(&model);
}

typedef struct worker {
    const mn_model *model;
    const void *expected;
    size_t bytes;
    int32_t wrong;
} worker;

static void work(void *argument) {
    worker *self = argument;
    mn_session_options options = MN_INIT(mn_session_options);
    options.threads = 2;
    for (int32_t round = 0; round < 3; round++) {
        mn_session *session = NULL;
        if (mn_session_create(self->model, &options, &session) != MN_OK) {
            self->wrong++;
            continue;
        }
        size_t bytes;
        void *result = run_pattern(self->model, session, 5, &bytes);
        if (bytes != self->bytes || memcmp(result, self->expected, bytes) != 0) self->wrong++;
        free(result);
        mn_session_close(&session);
    }
}

/* Sessions made and run at the same time share one model and its packed weights. */
static void test_concurrent_sessions(void **state) {
    (void)state;
    if (!MN_HAS_THREADS) {
        print_message("SKIPPED: this system has no threads\n");
        return;
    }
    mn_model *model = open_model(MODEL);
    mn_session *session = open_session(model, NULL);
    worker workers[4];
    mn_thread threads[4];
    size_t bytes;
    void *expected = run_pattern(model, session, 5, &bytes);
    mn_session_close(&session);
    mn_model_close(&model);
    model = open_model(MODEL); /* nothing packed yet */
    for (int32_t i = 0; i < 4; i++) {
        workers[i] = (worker){.model = model, .expected = expected, .bytes = bytes};
        assert_null(mn_thread_start(&threads[i], work, &workers[i]));
    }
    for (int32_t i = 0; i < 4; i++) {
        mn_thread_join(&threads[i]);
        assert_int_equal(workers[i].wrong, 0);
    }
    free(expected);
    mn_model_close(&model);
}

static void test_model_facts(void **state) {
    (void)state;
    mn_model *model = open_model(MODEL);
    assert_int_equal(mn_model_input_count(model), 1);
    assert_int_equal(mn_model_output_count(model), 1);
    assert_int_equal(mn_model_input(model, 1), -1);
    assert_int_equal(mn_model_output(model, -1), -1);
    assert_true(mn_model_file_bytes(model) > mn_model_weight_bytes(model));
    int64_t macs = 0, parameters = 0;
    for (int32_t i = 0; i < mn_model_op_count(model); i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        assert_int_equal(mn_model_op(model, i, &op), MN_OK);
        macs += op.macs;
        parameters += op.parameters;
    }
    assert_true(macs > 0);
    assert_in_range((uint64_t)parameters, 1, mn_model_weight_bytes(model));
    mn_op_info op = MN_INIT(mn_op_info);
    mn_tensor_info tensor = MN_INIT(mn_tensor_info);
    assert_int_equal(mn_model_op(model, 0, &op), MN_OK);
    assert_string_equal(op.name, "CONV_2D");
    size_t weight_bytes = 0; /* weights and biases have elements of different sizes */
    for (int32_t i = 1; i < op.input_count; i++) {
        assert_int_equal(mn_model_tensor(model, op.inputs[i], &tensor), MN_OK);
        weight_bytes += tensor.bytes;
    }
    assert_int_equal(op.weight_bytes, weight_bytes);
    assert_true(op.weight_bytes > (size_t)op.parameters);
    assert_int_equal(mn_model_op(model, -1, &op), MN_ERROR_ARGUMENT);
    assert_int_equal(mn_model_tensor(model, mn_model_tensor_count(model), &tensor), MN_ERROR_ARGUMENT);
    mn_model_close(&model);
    assert_null(model);
    mn_model_close(&model);
}

static void test_model_from_memory(void **state) {
    (void)state;
    mn_model *model = NULL;
    char bytes[64] = "not a model at all";
    assert_int_equal(mn_model_from_memory(NULL, 20, "buffer", &model), MN_ERROR_ARGUMENT);
    assert_int_equal(mn_model_from_memory(bytes, sizeof bytes, "buffer", &model), MN_ERROR_FORMAT);
    assert_non_null(strstr(mn_error_detail(), "buffer: "));
    assert_null(model);
    assert_int_equal(mn_model_open("/nonexistent.tflite", &model), MN_ERROR_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_and_kept_tensors_change_nothing),
        cmocka_unit_test(test_threads_share_long_steps),
        cmocka_unit_test(test_caller_arena),
        cmocka_unit_test(test_options_are_checked),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_batch_in_caller_arena),
        cmocka_unit_test(test_impossible_batches),
        cmocka_unit_test(test_reading_tensors),
        cmocka_unit_test(test_expecting_tensors),
        cmocka_unit_test(test_steps_and_profile),
        cmocka_unit_test(test_placement),
        cmocka_unit_test(test_concurrent_sessions),
        cmocka_unit_test(test_model_facts),
        cmocka_unit_test(test_model_from_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
