/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What 'inspect --plan' shows of steps that a back end runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "inspect_plan.h"
#include "session/session.h"
#include "support/reference_backend.h"

typedef struct fixture {
    reference_backend backend;
    mn_model *model;
    mn_session *session;
    char text[32768];
} fixture;

static void open_all(fixture *f, int32_t share) {
    const mn_backend *const list[] = {&f->backend.backend};
    reference_backend_open(&f->backend, "somebody", 5, share);
    assert_int_equal(mn_model_open("tests/golden/tiny_v2_int8.tflite", &f->model), MN_OK);
    assert_int_equal(mn_session_create_with(f->model, NULL, &(mn_backend_list){1, list}, &f->session), MN_OK);
}

static void close_all(fixture *f) {
    mn_session_close(&f->session);
    mn_model_close(&f->model);
}

static void take(fixture *f, FILE *file) {
    rewind(file);
    f->text[fread(f->text, 1, sizeof f->text - 1, file)] = '\0';
    fclose(file);
}

/* What the table prints. */
static void print(fixture *f) {
    FILE *file = tmpfile();
    const int before = dup(STDOUT_FILENO);
    fflush(stdout);
    assert_true(file && before >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    const mn_status status = cli_print_plan(f->model, f->session);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    assert_int_equal(status, MN_OK);
    take(f, file);
}

static void expect_words(const fixture *f, const char *words) {
    if (!strstr(f->text, words)) fail_msg("\"%s\" lacks \"%s\"", f->text, words);
}

static void test_table(void **state) {
    (void)state;
    static fixture f;
    open_all(&f, 8);
    print(&f);
    expect_words(&f, "   0    0-");
    expect_words(&f, "CONV_2D + DEPTHWISE_CONV_2D + CONV_2D");
    expect_words(&f, " somebody ");
    assert_null(strstr(f.text, " mn_conv"));
    expect_words(&f, "the workspace of 1 threads; step 0 uses the most tensors");
    close_all(&f);
}

static void test_json(void **state) {
    (void)state;
    static fixture f;
    open_all(&f, 3);
    cli_json json = {.out = tmpfile()};
    assert_non_null(json.out);
    cli_json_object(&json, NULL);
    assert_int_equal(cli_json_plan(&json, f.model, f.session), MN_OK);
    cli_json_end(&json);
    take(&f, json.out);
    expect_words(&f, "\"backend\"");
    expect_words(&f, "\"somebody\"");
    expect_words(&f, "\"foreign\"");
    expect_words(&f, "\"operators\"");
    expect_words(&f, "mn_");
    close_all(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_json)};
    return cmocka_run_group_tests_name("cli plan", tests, NULL, NULL);
}
