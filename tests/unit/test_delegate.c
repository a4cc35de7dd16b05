/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Hosting delegates of TensorFlow Lite: those of tests/delegates, right ones with the same bytes as the kernels, wrong
 * ones with one sentence. Run in the repository root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sync.h"
#include "mobilenet_classify.h"
#include "mobilenet_delegate.h"
#include "mobilenet_inspect.h"
#include "session/model.h"
#include "session/session.h"
#include "support/delegate_modules.h"
#include "support/model_builder.h"

static size_t bytes_of(const mn_session *session, int32_t tensor) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    expect_ok(mn_session_tensor(session, tensor, &info));
    return info.bytes;
}

static void fill(const mn_model *model, mn_session *session, size_t seed) {
    for (int32_t i = 0; i < mn_model_input_count(model); i++) {
        uint8_t *to = mn_session_input(session, i);
        const size_t bytes = bytes_of(session, mn_model_input(model, i));
        for (size_t k = 0; k < bytes; k++) to[k] = (uint8_t)((k + seed) * 37 % 251);
    }
}

/* Runs both twice; every tensor that both keep is the same. */
static void expect_same_runs(const mn_model *model, mn_session *plain, mn_session *with) {
    for (size_t run = 0; run < 2; run++) {
        fill(model, plain, run);
        fill(model, with, run);
        expect_ok(mn_session_run(plain));
        expect_ok(mn_session_run(with));
        for (int32_t i = 0; i < mn_model_tensor_count(model); i++) {
            const void *a = mn_session_tensor_data(plain, i), *b = mn_session_tensor_data(with, i);
            if (a && b) assert_memory_equal(a, b, bytes_of(plain, i));
        }
    }
}

/* The same of `with`, which was made with `options` and is closed, and a session without delegates. */
static void expect_same_bytes(const mn_model *model, mn_session_options options, mn_session *with) {
    mn_session *plain = NULL;
    options.delegate_count = 0;
    expect_ok(mn_session_create(model, &options, &plain));
    expect_same_runs(model, plain, with);
    mn_session_close(&plain);
    mn_session_close(&with);
}

/* Operators that delegates run, and in how many parts. */
static int32_t count_delegated(const mn_model *model, const mn_session *session, int32_t *parts) {
    int32_t found = 0;
    *parts = 0;
    for (int32_t i = 0; i < mn_model_op_count(model); i++) {
        mn_delegation d = MN_INIT(mn_delegation);
        expect_ok(mn_session_delegation(session, i, &d));
        assert_int_equal(d.delegate >= 0, d.name != NULL);
        assert_int_equal(d.part >= 0, d.reason == NULL);
        found += d.delegate >= 0;
        if (d.part >= *parts) *parts = d.part + 1;
    }
    return found;
}

/* ---- Delegates that work ------------------------------------------------------------------------------------ */

typedef struct working {
    const char *options;
    int32_t ops, parts; /* of INT8's 21 operators */
} working;

static const working workings[] = {
    {NULL, 16, 3},
    {"abi:2.9", 16, 3},
    {"abi:2.10", 16, 3},
    {"abi:2.13", 16, 3},
    {"abi:2.14", 16, 3},
    {"each:1", 16, 3}, /* kernels of one operator; the host hands tensors from one to the next */
    {"each:1;abi:2.9", 16, 3},
    {"preview:1", 9, 1}, /* 1 where every operator is a part */
    {"wrapped:1", 16, 3},
    {"handles:1", 16, 3},
    {"handles:1;each:1", 16, 3},
    {"added:1", 16, 3},
    {"added:1;each:1", 16, 3},
    {"most:0", 0, 0},
    {"most:1", 1, 1},
    {"most:11;", 11, 2},
};

static void same_bytes(void **state) {
    (void)state;
    mn_model *model = open_model(INT8);
    for (size_t i = 0; i < sizeof workings / sizeof *workings; i++) {
        mn_delegate *delegate = open_delegate("good", workings[i].options);
        assert_string_equal(mn_delegate_name(delegate), "good.so");
        for (int32_t way = 0; way < 3; way++) {
            mn_session *with = NULL;
            mn_session_options options = options_with(&delegate, 1);
            int32_t parts;
            options.threads = way == 1 ? 2 : 1;
            options.keep_tensors = way == 2;
            expect_ok(mn_session_create(model, &options, &with));
            const int32_t ops = count_delegated(model, with, &parts);
            const bool alone = options.keep_tensors;
            assert_int_equal(ops, alone && workings[i].parts == 1 ? 1 : workings[i].ops);
            assert_int_equal(parts, alone ? ops : workings[i].parts);
            expect_same_bytes(model, options, with);
        }
        mn_delegate_close(&delegate);
    }
    mn_model_close(&model);
}

/* The first one of two that want the same gets it; names of kernels are in the steps. */
static void two_delegates(void **state) {
    (void)state;
    mn_model *model = open_model(INT8);
    mn_delegate *const delegates[] = {open_delegate("good", "most:5"), open_delegate("bad", NULL)};
    mn_session_options options = options_with(delegates, 2);
    mn_session *with = NULL;
    expect_ok(mn_session_create(model, &options, &with));
    int32_t by[2] = {0, 0}, kernels[2] = {0, 0};
    for (int32_t i = 0; i < mn_model_op_count(model); i++) {
        mn_delegation d = MN_INIT(mn_delegation);
        expect_ok(mn_session_delegation(with, i, &d));
        if (d.delegate >= 0) by[d.delegate]++;
        if (d.delegate < 0) assert_string_equal(d.reason, "no delegate claimed it");
    }
    for (int32_t i = 0; i < mn_session_step_count(with); i++) {
        mn_step_info step = MN_INIT(mn_step_info);
        expect_ok(mn_session_step(with, i, &step));
        kernels[0] += strcmp(step.kernel, "good") == 0;
        kernels[1] += strcmp(step.kernel, "bad") == 0;
    }
    assert_int_equal(by[0], 5);
    assert_int_equal(by[1], 11);
    assert_true(kernels[0] >= 1 && kernels[1] >= 1);
    expect_same_bytes(model, options, with);
    for (int32_t i = 0; i < 2; i++) mn_delegate_close(&(mn_delegate *){delegates[i]});
    mn_model_close(&model);
}

/* A batch, and inputs of another size: the delegate sees the session's shapes. */
static void other_shapes(void **state) {
    (void)state;
    mn_model *model = open_model(INT8);
    mn_delegate *delegate = open_delegate("good", NULL);
    mn_session_options options = options_with(&delegate, 1);
    mn_session *with = NULL;
    options.batch = 3;
    expect_ok(mn_session_create(model, &options, &with));
    expect_same_bytes(model, options, with);
    mn_delegate_close(&delegate);
    mn_model_close(&model);
}

static void in_a_classifier(void **state) {
    (void)state;
    mn_model *model = open_model(INT8);
    mn_delegate *delegate = open_delegate("good", NULL);
    const mn_session_options session = options_with(&delegate, 1);
    mn_classifier_options options = MN_INIT(mn_classifier_options);
    mn_classifier *classifier = NULL;
    int32_t parts;
    options.session = &session;
    expect_ok(mn_classifier_create(model, &options, &classifier));
    assert_int_equal(count_delegated(model, mn_classifier_session(classifier), &parts), 16);
    mn_classifier_close(&classifier);
    mn_delegate_close(&delegate);
    mn_model_close(&model);
}

static void full_delegation(void **state) {
    (void)state;
    mn_model *model = open_model(INT8);
    mn_delegate *delegate = open_delegate("good", NULL);
    mn_session_options options = options_with(&delegate, 1);
    mn_session *session = NULL;
    options.full_delegation = 1;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_UNSUPPORTED);
    expect_sentence(INT8 ": operator 9 (ADD): no delegate claimed it, nor 4 others; ");
    options.delegate_count = 0;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_UNSUPPORTED);
    options.delegate_count = 2;
    options.delegates = (mn_delegate *const[]){delegate, NULL};
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_ARGUMENT);
    expect_sentence("delegate 1 of 2 is NULL");
    options.delegates = NULL;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_ARGUMENT);
    options.delegate_count = -1;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_ARGUMENT);
    expect_sentence("delegate_count is -1");
    assert_null(session);
    mn_delegate_close(&delegate);
    mn_model_close(&model);
}

#ifdef TEST_PLUGIN
/* Networks of every kind of operator in our own delegate, which builds them anew from what the host shows: options,
 * shapes, scales. */
static void our_own_delegate(void **state) {
    (void)state;
    static const mn_type types[] = {MN_INT8, MN_UINT8, MN_FLOAT32, MN_INT8};
    mn_delegate *delegate = NULL;
    int32_t delegated = 0;
    expect_ok(mn_delegate_open_external(TEST_PLUGIN, "cpu:ref", &delegate));
    for (uint32_t seed = 0; seed < 60; seed++) {
        model_builder b;
        mn_model *model = NULL;
        mn_session *with = NULL;
        mn_session_options options = options_with(&delegate, 1);
        int32_t parts;
        mb_classifier(&b, types[seed % 4], seed, (int32_t)(seed % 14));
        expect_ok(mn_model_from_graph(&b.graph, &model));
        options.cpu = "ref";
        options.keep_tensors = seed % 5 == 4;
        expect_ok(mn_session_create(model, &options, &with));
        delegated += count_delegated(model, with, &parts);
        expect_same_bytes(model, options, with);
        mn_model_close(&model);
        mn_graph_free(&b.graph);
    }
    assert_true(delegated > 600);
    mn_delegate_close(&delegate);
}
#endif

/* ---- Workspace that operators of a file share ------------------------------------------------------------------ */

/* x -> count -> RELU -> count -> count; all with one workspace, tensor 1. */
static mn_model *build_counting(void) {
    static model_builder b;
    static mn_metadata metadata = {"OfflineMemoryAllocation", (const uint8_t *)"here", 4};
    static int32_t t[6];
    mn_model *model = NULL;
    mb_open(&b, MN_INT8, 1);
    for (int32_t i = 0; i < 6; i++) {
        t[i] =
            mb_tensor(&b, i == 1 ? "scratch" : "x", i == 1 ? MN_UINT8 : MN_INT8, 2, (int32_t[]){1, i == 1 ? 100 : 8});
        if (i == 1) b.graph.tensors[t[i]].quant = (mn_quant){0};
        if (i != 1) mb_quantise(&b, t[i], 1, 0, 0.5f, -128);
    }
    assert_int_equal(t[1], 1);
    mb_custom(&b, "count", "opt", 3, 2, (int32_t[]){1, t[0]}, 1, &t[2]);
    mb_op(&b, MN_OP_RELU, 2, 1, &t[2], t[3]);
    mb_custom(&b, "count", "opt", 3, 2, (int32_t[]){1, t[3]}, 1, &t[4]);
    mb_custom(&b, "count", "opt", 3, 2, (int32_t[]){1, t[4]}, 1, &t[5]);
    mb_ends(&b, t[0], t[5]);
    b.graph.metadata = &metadata;
    b.graph.metadata_count = 1;
    expect_ok(mn_model_from_graph(&b.graph, &model));
    return model;
}

static void shared_workspace(void **state) {
    (void)state;
    mn_model *model = build_counting();
    mn_delegate *delegate = open_delegate("scratch", NULL);
    mn_session_options options = options_with(&delegate, 1);
    for (int32_t keep = 0; keep < 2; keep++) {
        mn_session *session = NULL;
        int32_t parts;
        options.keep_tensors = keep;
        expect_ok(mn_session_create(model, &options, &session));
        assert_int_equal(count_delegated(model, session, &parts), 3);
        assert_int_equal(parts, keep ? 3 : 2);
        int8_t counted = 0;
        for (int32_t run = 0; run < 3; run++) {
            memset(mn_session_input(session, 0), 10, 8);
            expect_ok(mn_session_run(session));
            const int8_t wanted = (int8_t)(10 + 3 * counted + 6);
            counted = (int8_t)(counted + 3);
            for (int32_t i = 0; i < 8; i++) {
                assert_int_equal(((const int8_t *)mn_session_output(session, 0))[i], wanted);
            }
        }
        mn_session_close(&session);
    }
    mn_session *session = NULL;
    assert_int_equal(mn_session_create(model, NULL, &session), MN_ERROR_UNSUPPORTED);
    mn_delegate_close(&delegate);
    mn_model_close(&model);
}

/* ---- Delegates that do not work -----------------------------------------------------------------------------------
 */

typedef struct faulty {
    const char *fault, *sentence; /* NULL: it runs, with the same bytes */
    mn_status status;             /* of making a session */
} faulty;

#define FAILS MN_ERROR_BACKEND
#define CLAIMING INT8 ": delegate bad.so: "
#define PREPARING INT8 ": delegate bad.so, 9 operators from 0 to 8: "
#define INIT_OF "init of a kernel ended with status 1 (error)"
#define INVOKE_OF "invoke of a kernel ended with status "
#define REPLACES "it calls ReplaceNodeSubsetsWithDelegateKernels with "
#define REPLACE "its Prepare ended with status 1 (error): " REPLACES

static const faulty faulties[] = {
    {"create", CLAIMING "it cannot be made: cannot open /dev/npu0: No such file or directory", FAILS},
    {"create-silent", CLAIMING "it cannot be made, and gave no reason; is the device there that it drives?", FAILS},
    {"no-prepare", CLAIMING "it has no Prepare, which delegates must have", FAILS},
    {"prepare", CLAIMING "its Prepare ended with status 2 (delegate error): CONV_2D is not supported: version 3",
     FAILS},
    {"prepare-silent", CLAIMING "its Prepare ended with status 1 (error) and gave no reason", FAILS},
    {"null-plan", CLAIMING "it calls GetExecutionPlan with NULL", FAILS},
    {"null-node", CLAIMING "it calls GetNodeAndRegistration with NULL", FAILS},
    {"node-range", CLAIMING "it asks for node 1000000; the graph has 21", FAILS},
    {"null-preview", CLAIMING "it calls PreviewDelegatePartitioning with NULL", FAILS},
    {"subgraph", CLAIMING "it asks for another subgraph; the model has one", FAILS},
    {"range", CLAIMING REPLACE "node 1000000, which does not exist", FAILS},
    {"negative", CLAIMING REPLACE "node -1, which does not exist", FAILS},
    {"size", CLAIMING REPLACE "1073741824 nodes; the graph has 21", FAILS},
    {"size-negative", CLAIMING REPLACE "-5 nodes; the graph has 21", FAILS},
    {"null-nodes", CLAIMING REPLACE "NULL", FAILS},
    {"null-delegate", CLAIMING REPLACE "NULL", FAILS},
    {"twice", CLAIMING REPLACE "node 0, which is not in the plan", FAILS},
    {"ignored", CLAIMING REPLACES "node -1, which does not exist", FAILS},
    {"no-invoke", CLAIMING "its Prepare ended with status 1 (error): its kernels have no invoke", FAILS},
    {"init", PREPARING INIT_OF ": no memory on the device", FAILS},
    {"init-silent", PREPARING INIT_OF " and gave no reason", FAILS},
    {"init-sentinel", PREPARING INIT_OF " and gave no reason", FAILS},
    {"claim-in-init", PREPARING "it claims operators in init, when parts are cut", FAILS},
    {"kernel-prepare", PREPARING "prepare of a kernel ended with status 2 (delegate error): the network does not fit",
     FAILS},
    {"resize", "it gives tensor 18 (block1_0/project) another shape than the model has", FAILS},
    {"resize-null", "it calls ResizeTensor with NULL", FAILS},
    {"resize-none", "it resizes something that is not a tensor, or to something that is not a shape", FAILS},
    {"resize-rank", "it resizes something that is not a tensor, or to something that is not a shape", FAILS},
    {"add-many", "it adds more tensors than can be", FAILS},
    {"add-negative", "it adds more tensors than can be", FAILS},
    {"add-untyped", "it resizes a tensor of its own without setting its type and allocation", FAILS},
    {"invoke", PREPARING INVOKE_OF "2 (delegate error): Ethos_u inference failed; status 5", MN_OK},
    {"invoke-silent", PREPARING INVOKE_OF "1 (error) and gave no reason", MN_OK},
    {"invoke-odd", PREPARING INVOKE_OF "77 (unknown status) and gave no reason", MN_OK},
    {"invoke-cancelled", PREPARING INVOKE_OF "8 (cancelled)", MN_OK},
    {"null-output", "a kernel ended with status 1 (error): it leaves an output without memory", MN_OK},
    {"stale", "it leaves contents in a buffer but has no function to copy from it", MN_OK},
    {"late", NULL, MN_OK},
    {"duplicate", NULL, MN_OK},
    {"none", NULL, MN_OK},
    {"nothing", NULL, MN_OK},
};

/* It may be tried again. */
static void fail_twice(const faulty *f, mn_session *session) {
    for (int32_t i = 0; i < 2; i++) {
        const mn_status status = mn_session_run(session);
        assert_int_equal(status, strcmp(f->fault, "invoke-cancelled") == 0 ? MN_ERROR_CANCELLED : MN_ERROR_BACKEND);
        expect_sentence(f->sentence);
    }
    mn_session_close(&session);
}

static void one_sentence(void **state) {
    (void)state;
    mn_model *model = open_model(INT8);
    for (size_t i = 0; i < sizeof faulties / sizeof *faulties; i++) {
        const faulty *f = &faulties[i];
        char text[64];
        snprintf(text, sizeof text, "fault:%s", f->fault);
        mn_delegate *delegate = open_delegate("bad", text);
        const mn_session_options options = options_with(&delegate, 1);
        mn_session *session = NULL;
        const mn_status status = mn_session_create(model, &options, &session);
        if (status != f->status) fail_msg("%s: status %d: %s", f->fault, status, mn_error_detail());
        if (status != MN_OK) expect_sentence(f->sentence);
        if (status == MN_OK && f->sentence) fail_twice(f, session);
        if (status == MN_OK && !f->sentence) expect_same_bytes(model, options, session);
        mn_delegate_close(&delegate);
    }
    mn_model_close(&model);
}

static void no_delegates(void **state) {
    (void)state;
    mn_delegate *delegate = NULL;
    assert_int_equal(mn_delegate_open_external("there/is no.so", NULL, &delegate), MN_ERROR_IO);
    expect_sentence("there/is no.so: cannot be loaded: ");
    assert_int_equal(mn_delegate_open_external(INT8, NULL, &delegate), MN_ERROR_IO);
    expect_sentence(INT8 ": cannot be loaded: ");
    assert_int_equal(mn_delegate_open_external(module("half"), NULL, &delegate), MN_ERROR_FORMAT);
    expect_sentence("half.so: has no function tflite_plugin_destroy_delegate; it is not an external delegate");
    assert_int_equal(mn_delegate_open_external(module("good"), "each", &delegate), MN_ERROR_ARGUMENT);
    expect_sentence("good.so: the delegate's option 'each' is not a pair");
    assert_null(delegate);
}

/* ---- Threads --------------------------------------------------------------------------------------------------------
 */

typedef struct job {
    const mn_model *model;
    mn_delegate *delegate;
    bool right;
} job;

/* Makes, runs and ends sessions of one delegate. */
static void work(void *context) {
    job *j = context;
    j->right = true;
    for (size_t i = 0; i < 4; i++) {
        const mn_session_options options = options_with(&j->delegate, 1);
        mn_session *plain = NULL, *with = NULL;
        j->right = j->right && mn_session_create(j->model, NULL, &plain) == MN_OK &&
                   mn_session_create(j->model, &options, &with) == MN_OK;
        if (!j->right) return;
        fill(j->model, plain, i);
        fill(j->model, with, i);
        j->right = mn_session_run(plain) == MN_OK && mn_session_run(with) == MN_OK &&
                   memcmp(mn_session_output(plain, 0), mn_session_output(with, 0),
                          bytes_of(plain, mn_model_output(j->model, 0))) == 0;
        mn_session_close(&plain);
        mn_session_close(&with);
    }
}

static void several_threads(void **state) {
    (void)state;
    enum { THREADS = 4 };
    mn_model *model = open_model(INT8);
    mn_delegate *delegate = open_delegate("good", "each:1");
    mn_thread threads[THREADS];
    job jobs[THREADS];
    int32_t started = 0;
    for (int32_t i = 0; i < THREADS; i++) {
        jobs[i] = (job){model, delegate, false};
        if (mn_thread_start(&threads[i], work, &jobs[i]) != NULL) break;
        started++;
    }
    for (int32_t i = 0; i < started; i++) {
        mn_thread_join(&threads[i]);
        assert_true(jobs[i].right);
    }
    mn_delegate_close(&delegate);
    mn_model_close(&model);
}

/* ---- What delegates say ------------------------------------------------------------------------------------- */

typedef struct heard {
    int32_t lines;
    char last[64];
} heard;

static void hear(void *context, const char *line) {
    heard *h = context;
    h->lines++;
    snprintf(h->last, sizeof h->last, "%s", line);
}

/* A delegate's reports reach whoever listens, line by line, and the sentence of a failure all the same. */
static void listening(void **state) {
    (void)state;
    heard h = {0};
    mn_model *model = open_model(INT8);
    mn_session *session = NULL;
    mn_delegate *delegate = open_delegate("bad", "fault:invoke");
    const mn_session_options options = options_with(&delegate, 1);
    mn_delegate_listen(NULL, hear, &h);
    mn_delegate_listen(delegate, hear, &h);
    expect_ok(mn_session_create(model, &options, &session));
    assert_int_equal(h.lines, 0);
    assert_int_equal(mn_session_run(session), MN_ERROR_BACKEND);
    assert_int_equal(h.lines, 2);
    assert_string_equal(h.last, "status 5");
    expect_sentence("Ethos_u inference failed; status 5");
    mn_session_close(&session);
    mn_delegate_listen(delegate, NULL, NULL);
    expect_ok(mn_session_create(model, &options, &session));
    assert_int_equal(mn_session_run(session), MN_ERROR_BACKEND);
    assert_int_equal(h.lines, 2);
    mn_session_close(&session);
    mn_delegate_close(&delegate);
    mn_model_close(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#ifdef TEST_PLUGIN
        cmocka_unit_test(our_own_delegate),
#endif
        cmocka_unit_test(same_bytes),       cmocka_unit_test(two_delegates),   cmocka_unit_test(other_shapes),
        cmocka_unit_test(in_a_classifier),  cmocka_unit_test(full_delegation), cmocka_unit_test(shared_workspace),
        cmocka_unit_test(one_sentence),     cmocka_unit_test(no_delegates),    cmocka_unit_test(several_threads),
        cmocka_unit_test(listening),
    };
    if (!loads_libraries()) {
        puts("SKIPPED: this program loads no libraries");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
