/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* As much of cmocka's interface as tests/unit asks for, for systems for which nobody has built cmocka. */
#ifndef MN_TESTS_SUPPORT_CMOCKA_H
#define MN_TESTS_SUPPORT_CMOCKA_H

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*cmocka_fixture)(void **state);

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
    cmocka_fixture before, after;
};

/* How a test ends before its end. */
enum { CMOCKA_FAILED = 1, CMOCKA_SKIPPED };
extern jmp_buf cmocka_end; /* of the test that runs, also for what tests share */

#define print_message printf
#define print_error(...) fprintf(stderr, __VA_ARGS__)
#define test_malloc malloc
#define test_calloc calloc
#define test_free free
#define skip() longjmp(cmocka_end, CMOCKA_SKIPPED)
#define fail_msg(...)                                                                                                  \
    (print_error("%s:%d: ", __FILE__, __LINE__), print_error(__VA_ARGS__), print_error("\n"),                          \
     longjmp(cmocka_end, CMOCKA_FAILED))
#define fail() fail_msg("failed")

#define assert_true(condition) ((condition) ? (void)0 : fail_msg("not true: %s", #condition))
#define assert_false(condition) assert_true(!(condition))
#define assert_null(pointer) assert_true((pointer) == NULL)
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_ptr_equal(a, b) assert_true((const void *)(a) == (const void *)(b))
#define assert_ptr_not_equal(a, b) assert_true((const void *)(a) != (const void *)(b))
#define assert_int_equal(a, b) cmocka_equal_ints((long long)(a), (long long)(b), #a, #b, __FILE__, __LINE__)
#define assert_int_not_equal(a, b) assert_true((long long)(a) != (long long)(b))
#define assert_in_range(x, low, high)                                                                                  \
    assert_true((unsigned long long)(x) >= (unsigned long long)(low) &&                                                \
                (unsigned long long)(x) <= (unsigned long long)(high))
#define assert_float_equal(a, b, most) assert_true(fabs((double)(a) - (double)(b)) <= (double)(most))
#define assert_memory_equal(a, b, bytes) assert_true(memcmp(a, b, bytes) == 0)
#define assert_memory_not_equal(a, b, bytes) assert_true(memcmp(a, b, bytes) != 0)
#define assert_string_equal(a, b) cmocka_equal_strings(a, b, __FILE__, __LINE__)
#define assert_string_not_equal(a, b) assert_true(strcmp(a, b) != 0)

#define cmocka_unit_test(function)                                                                                     \
    { #function, function, NULL, NULL }
#define cmocka_unit_test_setup_teardown(function, before, after)                                                       \
    { #function, function, before, after }
#define cmocka_run_group_tests(tests, before, after) cmocka_run_group_tests_name(#tests, tests, before, after)
#define cmocka_run_group_tests_name(group, tests, before, after)                                                       \
    cmocka_run_all(group, tests, sizeof(tests) / sizeof((tests)[0]), before, after)

static inline void cmocka_equal_ints(long long a, long long b, const char *text_a, const char *text_b, const char *file,
                                     int line) {
    if (a == b) return;
    print_error("%s:%d: %s is %lld, %s is %lld\n", file, line, text_a, a, text_b, b);
    longjmp(cmocka_end, CMOCKA_FAILED);
}

static inline void cmocka_equal_strings(const char *a, const char *b, const char *file, int line) {
    if (strcmp(a, b) == 0) return;
    print_error("%s:%d: \"%s\" is not \"%s\"\n", file, line, a, b);
    longjmp(cmocka_end, CMOCKA_FAILED);
}

static inline int cmocka_run_test(const struct CMUnitTest *test, void **state) {
    static int end; /* not changed back by longjmp() */
    if (test->before && test->before(state) != 0) return CMOCKA_FAILED;
    end = setjmp(cmocka_end);
    if (end == 0) test->run(state);
    if (test->after && test->after(state) != 0) end = CMOCKA_FAILED;
    return end;
}

/* Ends with the number of tests that failed. */
static inline int cmocka_run_all(const char *group, const struct CMUnitTest *tests, size_t count, cmocka_fixture before,
                                 cmocka_fixture after) {
    static const char *const words[] = {"ok", "FAILED", "skipped"};
    void *shared = NULL;
    int failed = before ? before(&shared) : 0;
    if (failed) return failed;
    for (size_t i = 0; i < count; i++) {
        void *state = shared;
        const int end = cmocka_run_test(&tests[i], &state);
        printf("%s %s: %s\n", words[end], group, tests[i].name);
        failed += end == CMOCKA_FAILED;
    }
    if (after) failed += after(&shared) != 0;
    return failed;
}

#endif
