/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* As much of cmocka as tests/unit/test_golden.c asks for, for processors for which nobody has built cmocka
 * (scripts/cross.sh). The first failure ends the program. */
#ifndef MN_TESTS_SUPPORT_CMOCKA_H
#define MN_TESTS_SUPPORT_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};

#define print_message printf
#define print_error(...) fprintf(stderr, __VA_ARGS__)
#define fail_msg(...) (print_error(__VA_ARGS__), exit(1))
#define assert_true(condition)                                                                                         \
    ((condition) ? (void)0 : fail_msg("%s:%d: not true: %s\n", __FILE__, __LINE__, #condition))
#define assert_int_equal(a, b) assert_true((long long)(a) == (long long)(b))
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_memory_equal(a, b, bytes) assert_true(memcmp(a, b, bytes) == 0)
#define cmocka_unit_test(function)                                                                                     \
    { #function, function }
#define cmocka_run_group_tests(tests, before, after) cmocka_run(tests, sizeof(tests) / sizeof((tests)[0]))

static int cmocka_run(const struct CMUnitTest *tests, size_t count) {
    void *state = NULL;
    for (size_t i = 0; i < count; i++) {
        tests[i].run(&state);
        printf("ok %s\n", tests[i].name);
    }
    return 0;
}

#endif
