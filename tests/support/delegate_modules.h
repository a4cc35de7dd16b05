/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Opening the delegates of tests/delegates, in a program for which TEST_DELEGATES is their folder. Run in the
 * repository root. */
#ifndef TESTS_DELEGATE_MODULES_H
#define TESTS_DELEGATE_MODULES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mobilenet.h"
#include "mobilenet_delegate.h"
#include "support/loading.h"

#define INT8 "tests/golden/tiny_v2_int8.tflite"

static inline void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static inline void expect_sentence(const char *wanted) {
    if (!strstr(mn_error_detail(), wanted)) fail_msg("'%s' is not in '%s'", wanted, mn_error_detail());
}

static inline const char *module(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s.so", TEST_DELEGATES, name);
    return path;
}

static inline mn_delegate *open_delegate(const char *name, const char *options) {
    mn_delegate *delegate = NULL;
    expect_ok(mn_delegate_open_external(module(name), options, &delegate));
    return delegate;
}

static inline mn_model *open_model(const char *path) {
    mn_model *model = NULL;
    expect_ok(mn_model_open(path, &model));
    return model;
}

static inline mn_session_options options_with(mn_delegate *const *delegates, int32_t count) {
    mn_session_options options = MN_INIT(mn_session_options);
    options.delegates = delegates;
    options.delegate_count = count;
    return options;
}

static inline bool loads_libraries(void) {
    mn_delegate *delegate = NULL;
    const mn_status status = mn_delegate_open_external(module("good"), NULL, &delegate);
    mn_delegate_close(&delegate);
    return !loads_nothing(status);
}

#endif
