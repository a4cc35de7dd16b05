/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Sessions some of whose operators a back end runs: the same bits whatever it claims, failures that come through,
 * memory and calls that add up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "mobilenet_inspect.h"
#include "session/model.h"
#include "session/session.h"
#include "support/model_builder.h"
#include "support/reference_backend.h"
#include "support/rounds.h"

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void expect_failure(mn_status got, mn_status wanted, const char *sentence) {
    assert_int_equal(got, wanted);
    assert_string_equal(mn_error_detail(), sentence);
}

/* Every call that begins something has one that ends it. */
static void expect_balance(const reference_backend *b) {
    assert_int_equal(b->prepared, b->freed);
    assert_int_equal(b->claimed, b->closed);
}

static size_t bytes_of(const mn_session *session, int32_t tensor) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    expect_ok(mn_session_tensor(session, tensor, &info));
    return info.bytes;
}

static void fill_inputs(const mn_model *model, mn_session *session) {
    for (int32_t i = 0; i < mn_model_input_count(model); i++) {
        uint8_t *to = mn_session_input(session, i);
        const size_t bytes = bytes_of(session, mn_model_input(model, i));
        for (size_t k = 0; k < bytes; k++) to[k] = (uint8_t)(k * 37 % 61); /* as floats: small numbers */
    }
}

static void expect_same(const mn_session *a, const mn_session *b, int32_t tensor) {
    const void *x = mn_session_tensor_data(a, tensor), *y = mn_session_tensor_data(b, tensor);
    assert_int_equal(x == NULL, y == NULL);
    if (x) assert_memory_equal(x, y, bytes_of(a, tensor));
}

/* Steps name every operator at most once, those of parts by their back end. */
static int32_t check_steps(const mn_model *model, const mn_session *session) {
    bool met[MB_MAX_OPS * 2] = {false};
    int32_t foreign = 0;
    for (int32_t s = 0; s < mn_session_step_count(session); s++) {
        mn_step_info step = MN_INIT(mn_step_info);
        expect_ok(mn_session_step(session, s, &step));
        assert_int_equal(step.first_op, step.ops[0]);
        assert_true(step.output_count >= 1);
        for (int32_t i = 0; i < step.op_count && step.backend; i++) {
            assert_in_range(step.ops[i], 0, mn_model_op_count(model) - 1);
            assert_false(met[step.ops[i]]);
            met[step.ops[i]] = true;
        }
        foreign += step.backend != NULL;
        if (step.backend) assert_string_equal(step.kernel, step.op_count > 1 ? "several" : "foreign");
    }
    for (int32_t s = 0; s < mn_session_step_count(session); s++) {
        mn_step_info step = MN_INIT(mn_step_info);
        expect_ok(mn_session_step(session, s, &step));
        for (int32_t i = 0; i < step.op_count && !step.backend; i++) assert_false(met[step.ops[i]]);
    }
    return foreign;
}

/* Runs the model as `options` say, without back ends and with them, twice each. Returns how many steps were theirs. */
static int32_t compare(const mn_model *model, const mn_session_options *options, const mn_backend_list *backends) {
    mn_session *plain = NULL, *with = NULL;
    if (mn_session_create(model, options, &plain) != MN_OK) return 0; /* no batches of this model */
    expect_ok(mn_session_create_with(model, options, backends, &with));
    mn_session_profile(with, true);
    for (int32_t i = 0; i < 2; i++) {
        fill_inputs(model, plain);
        fill_inputs(model, with);
        expect_ok(mn_session_run(plain));
        expect_ok(mn_session_run(with));
    }
    for (int32_t i = 0; i < mn_model_output_count(model); i++) expect_same(plain, with, mn_model_output(model, i));
    for (int32_t i = 0; i < mn_model_tensor_count(model) && options->keep_tensors; i++) expect_same(plain, with, i);
    const int32_t foreign = check_steps(model, with);
    mn_session_close(&with);
    mn_session_close(&plain);
    return foreign;
}

/* ---- Whole models ------------------------------------------------------------------------------------------- */

static const mn_type types[] = {MN_FLOAT32, MN_INT8, MN_UINT8};

static void test_any_claims(void **state) {
    (void)state;
    const int32_t seeds = rounds_of(126, 240);
    int32_t foreign = 0, batches = 0;
    for (uint32_t seed = 0; seed < (uint32_t)seeds; seed++) {
        model_builder b;
        mn_model *model = NULL;
        reference_backend first, second;
        mb_classifier(&b, types[seed % 3], seed, (int32_t)(seed % 14));
        expect_ok(mn_model_from_graph(&b.graph, &model));
        reference_backend_open(&first, "first", seed, (int32_t)(seed % 9));
        reference_backend_open(&second, "second", seed + 1000, 4);
        second.backend.constants = seed % 2;
        const mn_backend *const list[] = {&first.backend, &second.backend};
        for (int32_t way = 0; way < 9; way++) {
            mn_session_options options = MN_INIT(mn_session_options);
            options.cpu = seed % 3 == 0 ? "ref" : NULL; /* floats depend on the kernel in their last bits */
            options.threads = 1 + way % 2;
            options.keep_tensors = way == 2;
            options.streamed = way == 5;
            options.batch = way == 4 ? 3 : 0;
            options.streamed = way > 5;
            const int32_t found = compare(model, &options, &(mn_backend_list){.count = way % 3, .of = list});
            foreign += found;
            batches += way == 4 && found > 0;
        }
        mn_model_close(&model);
        mn_graph_free(&b.graph);
        expect_balance(&first);
        expect_balance(&second);
    }
    assert_true(foreign > 8 * seeds);
    assert_true(batches > seeds / 12);
}

static void test_networks(void **state) {
    (void)state;
    static const char *const paths[] = {"tests/golden/tiny_v2_int8.tflite", "tests/golden/tiny_v2_uint8.tflite",
                                        "tests/golden/tiny_v2_float32.tflite"};
    for (int32_t i = 0; i < 3; i++) {
        mn_model *model = NULL;
        expect_ok(mn_model_open(paths[i], &model));
        for (uint32_t seed = 0; seed < 30; seed++) {
            reference_backend b;
            reference_backend_open(&b, "b", seed, (int32_t)(seed % 9));
            const mn_backend *const list[] = {&b.backend};
            mn_session_options options = MN_INIT(mn_session_options);
            options.cpu = i == 2 ? "ref" : NULL;
            options.threads = 1 + (int32_t)(seed % 3);
            options.keep_tensors = seed % 5 == 4;
            const int32_t foreign = compare(model, &options, &(mn_backend_list){1, list});
            if (b.share == 8 && !options.keep_tensors) assert_int_equal(foreign, 1); /* all of it in one part */
            if (b.share == 0) assert_int_equal(foreign, 0);
            expect_balance(&b);
        }
        mn_model_close(&model);
    }
}

/* ---- CUSTOM operators with several outputs ------------------------------------------------------------------- */

/* "halves": rows of floats, cut in two. */
static mn_status halves_shape(void *context, const mn_graph *graph, int32_t op_index, int32_t output,
                              const mn_shape *shapes, mn_shape *out, bool *known) {
    (void)context, (void)output;
    const mn_op *op = &graph->ops[op_index];
    if (strcmp(op->attr.custom.name, "halves") != 0) return MN_OK;
    *known = true;
    *out = shapes[op->inputs[1]];
    out->dims[1] /= 2;
    return MN_OK;
}

static mn_status halves_claim(void *context, const mn_offer *offer, bool *wanted, void **session) {
    (void)context;
    *session = (void *)(uintptr_t)offer;
    for (int32_t i = 0; i < offer->graph->op_count; i++) {
        const mn_op *op = &offer->graph->ops[i];
        wanted[i] = op->kind == MN_OP_CUSTOM && strcmp(op->attr.custom.name, "halves") == 0;
    }
    return MN_OK;
}

typedef struct halving {
    int32_t rows, columns;
} halving;

static mn_status halves_prepare(void *session, const mn_offer *offer, const mn_part *part, mn_prepared *out) {
    if (session != offer || part->op_count != 1 || part->input_count != 1) return MN_ERROR_ARGUMENT;
    halving *h = malloc(sizeof *h);
    if (!h) return mn_fail_memory("a test");
    const mn_shape *shape = &offer->shapes[part->inputs[0]];
    *h = (halving){shape->dims[0], shape->dims[1]};
    *out = (mn_prepared){.state = h};
    return MN_OK;
}

static mn_status halves_run(void *state, const mn_part_run *run) {
    const halving *h = state;
    const float *from = run->inputs[0];
    if (run->workspace) return MN_ERROR_ARGUMENT;
    for (int32_t i = 0; i < h->rows * h->columns; i++) {
        const int32_t row = i / h->columns, column = i % h->columns, half = h->columns / 2;
        ((float *)run->outputs[column / half])[row * half + column % half] = from[i];
    }
    return MN_OK;
}

static const mn_backend halves = {.name = "halves",
                                  .shape = halves_shape,
                                  .claim = halves_claim,
                                  .prepare = halves_prepare,
                                  .run = halves_run,
                                  .free = free};

/* x of 8 -> RELU -> halves (with workspace) -> first - second; both halves are results, too. */
static void build_halves(model_builder *b) {
    mb_open(b, MN_FLOAT32, 1);
    const int32_t x = mb_tensor(b, "x", MN_FLOAT32, 2, (int32_t[]){1, 8}),
                  r = mb_alike(b, "r", x, 2, (int32_t[]){1, 8});
    const int32_t one = mb_tensor(b, "one", MN_FLOAT32, 2, (int32_t[]){1, 4});
    const int32_t two = mb_tensor(b, "two", MN_FLOAT32, 2, (int32_t[]){1, 4});
    const int32_t y = mb_tensor(b, "y", MN_FLOAT32, 2, (int32_t[]){1, 4});
    const int32_t scratch = mb_tensor(b, "scratch", MN_UINT8, 1, (int32_t[]){64});
    b->graph.tensors[scratch].quant = (mn_quant){0};
    mb_op(b, MN_OP_RELU, 1, 1, &x, r);
    mb_custom(b, "halves", NULL, 0, 2, (int32_t[]){scratch, r}, 2, (int32_t[]){one, two});
    mb_op(b, MN_OP_SUB, 1, 2, (int32_t[]){one, two}, y);
    mb_ends(b, x, y);
    static int32_t outputs[3];
    memcpy(outputs, (int32_t[]){y, two, one}, sizeof outputs);
    b->graph.outputs = outputs;
    b->graph.output_count = 3;
}

static void test_two_outputs(void **state) {
    (void)state;
    const mn_backend *const list[] = {&halves};
    const mn_backend_list backends = {1, list};
    model_builder b;
    mn_model *model = NULL;
    mn_session *session = NULL;
    build_halves(&b);
    expect_ok(mn_model_from_graph(&b.graph, &model));
    expect_failure(
        mn_session_create_with(model, NULL, &(mn_backend_list){0, list}, &session), MN_ERROR_UNSUPPORTED,
        "test: operator 1 (CUSTOM \"halves\"): no delegate claims it, and no kernel here computes it; convert "
        "the model without it, or give the session a delegate for it");
    for (int32_t images = 1; images <= 3; images += 2) {
        mn_session_options options = MN_INIT(mn_session_options);
        options.batch = images;
        options.threads = images;
        expect_ok(mn_session_create_with(model, &options, &backends, &session));
        float *x = mn_session_input(session, 0);
        for (int32_t i = 0; i < 8 * images; i++) x[i] = (float)(i * i % 23) - 4;
        float wanted[24];
        for (int32_t i = 0; i < 8 * images; i++) wanted[i] = x[i] > 0 ? x[i] : 0;
        expect_ok(mn_session_run(session));
        const float *y = mn_session_output(session, 0), *two = mn_session_output(session, 1);
        const float *one = mn_session_output(session, 2);
        for (int32_t i = 0; i < 4 * images; i++) {
            const int32_t at = i / 4 * 8 + i % 4;
            assert_true(one[i] == wanted[at] && two[i] == wanted[at + 4] && y[i] == one[i] - two[i]);
        }
        mn_step_info step = MN_INIT(mn_step_info);
        expect_ok(mn_session_step(session, 1, &step));
        assert_string_equal(step.backend, "halves");
        assert_int_equal(step.output_count, 2);
        assert_int_equal(step.ops[0], 1);
        mn_session_close(&session);
    }
    mn_model_close(&model);
    mn_graph_free(&b.graph);
}

/* ---- Failures -------------------------------------------------------------------------------------------------- */

typedef struct failing {
    mn_model *model;
    reference_backend good, bad;
    const mn_backend *list[2];
    mn_backend_list backends;
} failing;

static void open_failing(failing *f) {
    *f = (failing){.model = NULL};
    expect_ok(mn_model_open("tests/golden/tiny_v2_int8.tflite", &f->model));
    reference_backend_open(&f->good, "good", 3, 3);
    reference_backend_open(&f->bad, "bad", 4, 8);
    f->list[0] = &f->good.backend;
    f->list[1] = &f->bad.backend;
    f->backends = (mn_backend_list){2, f->list};
}

static void close_failing(failing *f) {
    mn_model_close(&f->model);
    expect_balance(&f->good);
    expect_balance(&f->bad);
}

static void expect_words(const char *begin, const char *end) {
    const char *detail = mn_error_detail();
    const size_t length = strlen(detail), tail = strlen(end);
    assert_memory_equal(detail, begin, strlen(begin));
    assert_true(length > tail);
    assert_string_equal(detail + length - tail, end);
}

static void test_failing_claim(void **state) {
    (void)state;
    failing f;
    mn_session *session = NULL;
    open_failing(&f);
    f.bad.fails_to_claim = true;
    expect_failure(mn_session_create_with(f.model, NULL, &f.backends, &session), MN_ERROR_DEVICE,
                   "tests/golden/tiny_v2_int8.tflite: delegate bad: it is not plugged in");
    assert_null(session);
    assert_int_equal(f.good.prepared, 0);
    close_failing(&f);
}

static void test_failing_prepare(void **state) {
    (void)state;
    failing f;
    mn_session *session = NULL;
    open_failing(&f);
    f.bad.fails_to_prepare = true;
    assert_int_equal(mn_session_create_with(f.model, NULL, &f.backends, &session), MN_ERROR_UNSUPPORTED);
    expect_words("tests/golden/tiny_v2_int8.tflite: delegate bad, ", ": it has no room for them");
    assert_null(session);
    close_failing(&f);
}

/* The run fails; the next one does not, and is right. */
static void test_failing_run(void **state) {
    (void)state;
    failing f;
    mn_session *session = NULL, *plain = NULL;
    open_failing(&f);
    expect_ok(mn_session_create(f.model, NULL, &plain));
    expect_ok(mn_session_create_with(f.model, NULL, &f.backends, &session));
    fill_inputs(f.model, plain);
    expect_ok(mn_session_run(plain));
    for (int32_t profiled = 0; profiled < 2; profiled++) {
        f.bad.runs_to_fail = 1;
        mn_session_profile(session, profiled);
        fill_inputs(f.model, session);
        assert_int_equal(mn_session_run(session), MN_ERROR_TIMEOUT);
        expect_words("tests/golden/tiny_v2_int8.tflite: delegate bad, ", ": it did not answer");
        fill_inputs(f.model, session);
        expect_ok(mn_session_run(session));
        expect_same(plain, session, mn_model_output(f.model, 0));
    }
    f.bad.runs_to_fail = 1;
    assert_int_equal(mn_session_run(session), MN_ERROR_TIMEOUT);
    mn_session_close(&session); /* after a failure, too */
    mn_session_close(&plain);
    close_failing(&f);
}

/* ---- Back ends that break the rules ---------------------------------------------------------------------------- */

static mn_status claim_all(void *context, const mn_offer *offer, bool *wanted, void **session) {
    (void)context, (void)session;
    for (int32_t i = 0; i < offer->graph->op_count; i++) wanted[i] = true;
    return MN_OK;
}

static mn_status say_nothing(void *session, const mn_offer *offer, const mn_part *part, mn_prepared *out) {
    (void)session, (void)offer, (void)part, (void)out;
    return MN_ERROR_BACKEND;
}

static void test_rule_breakers(void **state) {
    (void)state;
    static const mn_backend greedy = {.name = "greedy", .claim = claim_all, .prepare = say_nothing, .run = halves_run};
    const mn_backend *const list[] = {&halves, &greedy};
    model_builder b;
    mn_model *model = NULL;
    mn_session *session = NULL;
    build_halves(&b);
    expect_ok(mn_model_from_graph(&b.graph, &model));
    expect_failure(mn_session_create_with(model, NULL, &(mn_backend_list){2, list}, &session), MN_ERROR_ARGUMENT,
                   "test: delegate greedy: it claims operator 1, which was not offered to it");
    expect_failure(mn_session_create_with(model, NULL, &(mn_backend_list){1, list + 1}, &session), MN_ERROR_BACKEND,
                   "test: delegate greedy, 3 operators from 0 to 2: it gave no reason");
    assert_null(session);
    mn_model_close(&model);
    mn_graph_free(&b.graph);
}

/* ---- Several sessions at once ------------------------------------------------------------------------------------ */

typedef struct worker {
    const mn_model *model;
    const mn_backend_list *backends;
    const mn_session *plain;
    bool same;
} worker;

static void *work(void *argument) {
    worker *w = argument;
    w->same = true;
    for (int32_t i = 0; i < 20; i++) {
        mn_session *session = NULL;
        if (mn_session_create_with(w->model, NULL, w->backends, &session) != MN_OK) w->same = false;
        if (!w->same) break;
        const int32_t output = mn_model_output(w->model, 0);
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        memset(mn_session_input(session, 0), 9, 32 * 32 * 3);
        w->same = mn_session_run(session) == MN_OK && mn_session_tensor(session, output, &info) == MN_OK &&
                  memcmp(mn_session_output(session, 0), mn_session_output(w->plain, 0), info.bytes) == 0;
        mn_session_close(&session);
    }
    return NULL;
}

static void test_sessions_at_once(void **state) {
    (void)state;
    failing f;
    mn_session *plain = NULL;
    pthread_t threads[3];
    worker workers[3];
    open_failing(&f);
    f.bad.share = 4;
    expect_ok(mn_session_create(f.model, NULL, &plain));
    memset(mn_session_input(plain, 0), 9, 32 * 32 * 3);
    expect_ok(mn_session_run(plain));
    for (int32_t i = 0; i < 3; i++) {
        workers[i] = (worker){.model = f.model, .backends = &f.backends, .plain = plain};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int32_t i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    for (int32_t i = 0; i < 3; i++) assert_true(workers[i].same);
    mn_session_close(&plain);
    close_failing(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_claims),      cmocka_unit_test(test_networks),
        cmocka_unit_test(test_two_outputs),     cmocka_unit_test(test_failing_claim),
        cmocka_unit_test(test_failing_prepare), cmocka_unit_test(test_failing_run),
        cmocka_unit_test(test_rule_breakers),   cmocka_unit_test(test_sessions_at_once),
    };
    return cmocka_run_group_tests_name("backend", tests, NULL, NULL);
}
