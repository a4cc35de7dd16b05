/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Results that are written over an operand: only over one that nobody needs any more, and the bytes stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mobilenet_inspect.h"
#include "session/model.h"
#include "support/model_builder.h"

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* x -> LOGISTIC -> a -> HARD_SWISH -> b; a + b -> c -> LOGISTIC -> d; d is the output. */
typedef struct network {
    mn_model *model;
    int32_t x, a, b, c, d;
} network;

static network make_network(mn_type type) {
    static const int32_t dims[] = {1, 16, 16, 24};
    model_builder m;
    network n = {0};
    mb_open(&m, type, 7);
    n.x = mb_tensor(&m, "x", type, 4, dims);
    n.a = mb_tensor(&m, "a", type, 4, dims);
    n.b = mb_alike(&m, "b", n.x, 4, dims);
    n.c = mb_alike(&m, "c", n.x, 4, dims);
    n.d = mb_tensor(&m, "d", type, 4, dims);
    mb_quantise(&m, n.a, 1, 0, 1.0f / 256, type == MN_INT8 ? -128 : 0); /* as LOGISTIC wants it */
    mb_quantise(&m, n.d, 1, 0, 1.0f / 256, type == MN_INT8 ? -128 : 0);
    mb_op(&m, MN_OP_LOGISTIC, 1, 1, &n.x, n.a);
    mb_op(&m, MN_OP_HARD_SWISH, 1, 1, &n.a, n.b);
    mb_op(&m, MN_OP_ADD, 2, 2, (int32_t[]){n.a, n.b}, n.c);
    mb_op(&m, MN_OP_LOGISTIC, 1, 1, &n.c, n.d);
    mb_ends(&m, n.x, n.d);
    expect_ok(mn_model_from_graph(&m.graph, &n.model));
    return n;
}

static mn_session *open_session(const network *n, const char *cpu, bool keep) {
    mn_session_options options = MN_INIT(mn_session_options);
    mn_session *session = NULL;
    options.cpu = cpu;
    options.keep_tensors = keep;
    expect_ok(mn_session_create(n->model, &options, &session));
    return session;
}

static size_t offset_of(const mn_session *session, int32_t tensor) {
    mn_placement place = MN_INIT(mn_placement);
    expect_ok(mn_session_placement(session, tensor, &place));
    return place.offset;
}

static const void *run(const network *n, mn_session *session, size_t *bytes) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    expect_ok(mn_session_tensor(session, n->d, &info));
    uint8_t *in = mn_session_input(session, 0);
    for (size_t i = 0; i < info.bytes; i++) in[i] = (uint8_t)(i * 37);
    expect_ok(mn_session_run(session));
    *bytes = info.bytes;
    return mn_session_output(session, 0);
}

static void check(mn_type type, const char *cpu) {
    size_t bytes;
    network n = make_network(type);
    mn_session *kept = open_session(&n, cpu, true), *session = open_session(&n, cpu, false);
    const size_t x = offset_of(session, n.x), a = offset_of(session, n.a), b = offset_of(session, n.b);
    assert_int_equal(a, x);
    assert_int_not_equal(b, a); /* ADD still needs a */
    assert_int_equal(offset_of(session, n.c), a);
    assert_int_equal(offset_of(session, n.d), a);
    assert_int_equal(mn_session_arena_bytes(session), 2 * 16 * 16 * 24);
    assert_int_not_equal(offset_of(kept, n.a), offset_of(kept, n.x));
    const void *got = run(&n, session, &bytes), *wanted = run(&n, kept, &bytes);
    assert_memory_equal(got, wanted, bytes);
    mn_session_close(&kept);
    mn_session_close(&session);
    mn_model_close(&n.model);
}

static void test_overwrites(void **state) {
    (void)state;
    for (int32_t i = 0; mn_cpu_tier(i); i++) {
        check(MN_INT8, mn_cpu_tier(i));
        check(MN_UINT8, mn_cpu_tier(i));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_overwrites)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
