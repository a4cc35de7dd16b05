/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/options.h"
#include "common/suggest.h"

typedef struct settings {
    const char *text;
    int32_t number, choice;
    bool flag;
    cli_numbers numbers;
    cli_list list, rest;
} settings;

static const char *const colours[] = {"red", "green", NULL};

static const cli_option options[] = {
    {.name = "text", .letter = 't', .kind = CLI_TEXT, .value = "T", .offset = offsetof(settings, text), .help = ""},
    {.name = "number",
     .letter = 'n',
     .kind = CLI_INT,
     .value = "N",
     .offset = offsetof(settings, number),
     .low = -5,
     .high = 5,
     .help = ""},
    {.name = "colour",
     .kind = CLI_CHOICE,
     .value = "C",
     .offset = offsetof(settings, choice),
     .choices = colours,
     .help = ""},
    {.name = "flag", .letter = 'f', .kind = CLI_FLAG, .offset = offsetof(settings, flag), .help = ""},
    {.name = "numbers",
     .kind = CLI_NUMBERS,
     .value = "X,Y,Z",
     .offset = offsetof(settings, numbers),
     .low = 1,
     .high = 3,
     .help = ""},
    {.name = "list", .letter = 'l', .kind = CLI_LIST, .value = "L...", .offset = offsetof(settings, list), .help = ""},
    {0},
};

static const cli_command command = {.name = "test",
                                    .usage = "",
                                    .summary = "",
                                    .options = options,
                                    .operands = true,
                                    .operand_offset = offsetof(settings, rest)};

/* Parses the words of `line`, which is changed. */
static cli_parsed parse(char *line, settings *s) {
    char *arguments[32];
    int count = 0;
    *s = (settings){0};
    for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " ")) arguments[count++] = word;
    return cli_parse(&command, count, arguments, s);
}

static void free_lists(settings *s) {
    cli_list_free(&s->list);
    cli_list_free(&s->rest);
}

static void test_every_form(void **state) {
    (void)state;
    char lines[][64] = {"--text a --number -3 --flag one", "-ta -n -3 -f one", "one -fn-3 --text=a", "-ft a -n=0 one",
                        "-n 2 -n -3 -f -t a -- one"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        settings s;
        bool wrong = i == 3; /* "-n=0": short options take no equals sign */
        assert_int_equal(parse(lines[i], &s), wrong ? CLI_WRONG : CLI_PARSED);
        if (!wrong) {
            assert_string_equal(s.text, "a");
            assert_int_equal(s.number, -3);
            assert_true(s.flag);
            assert_int_equal(s.rest.count, 1);
            assert_string_equal(s.rest.items[0], "one");
        }
        free_lists(&s);
    }
}

static void test_lists(void **state) {
    (void)state;
    char line[] = "zero -l a b - -f one --list c -l=d --list=e two -- -x";
    settings s;
    assert_int_equal(parse(line, &s), CLI_PARSED);
    static const char *const wanted[] = {"a", "b", "-", "c", "=d", "e"};
    assert_int_equal(s.list.count, 6);
    for (int32_t i = 0; i < s.list.count; i++) assert_string_equal(s.list.items[i], wanted[i]);
    assert_int_equal(s.rest.count, 4); /* zero one two -x */
    assert_string_equal(s.rest.items[3], "-x");
    free_lists(&s);
}

static void test_numbers_and_choices(void **state) {
    (void)state;
    char good[] = "--numbers -1,.5,2e1 --colour green", one[] = "--numbers=7";
    settings s;
    assert_int_equal(parse(good, &s), CLI_PARSED);
    assert_int_equal(s.numbers.count, 3);
    assert_true(s.numbers.value[0] == -1 && s.numbers.value[1] == 0.5 && s.numbers.value[2] == 20);
    assert_int_equal(s.choice, 1);
    assert_int_equal(parse(one, &s), CLI_PARSED);
    assert_int_equal(s.numbers.count, 1);
    char bad[][32] = {"--numbers 1,2",
                      "--numbers 1,2,3,4",
                      "--numbers 1,2,",
                      "--numbers inf",
                      "--colour blue",
                      "--colour",
                      "-n 6",
                      "-n",
                      "--flag=1",
                      "--tex a",
                      "-x",
                      "-fx"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(bad[i], &s), CLI_WRONG);
        free_lists(&s);
    }
}

/* Running out of memory is no mistake of whoever typed the line. */
static void test_exit_codes(void **state) {
    (void)state;
    assert_int_equal(cli_parsed_code(CLI_HELPED), 0);
    assert_int_equal(cli_parsed_code(CLI_EXHAUSTED), 1);
    assert_int_equal(cli_parsed_code(CLI_WRONG), 2);
}

static void test_parse_int(void **state) {
    (void)state;
    int32_t value = 0;
    assert_true(cli_parse_int("-2147483648", INT32_MIN, INT32_MAX, &value) && value == INT32_MIN);
    assert_true(cli_parse_int("2147483647", INT32_MIN, INT32_MAX, &value) && value == INT32_MAX);
    static const char *const bad[] = {"2147483648", "99999999999999999999", "", "-", "1 ", " 1", "+1", "0x1", "1.0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(cli_parse_int(bad[i], INT32_MIN, INT32_MAX, &value));
    }
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const names[] = {"model", "mean", "threads", "k"};
    assert_string_equal(cli_nearest("modle", names, 4), "model");
    assert_string_equal(cli_nearest("thread", names, 4), "threads");
    assert_string_equal(cli_nearest("thr", names, 4), "threads");
    assert_null(cli_nearest("banana", names, 4));
    assert_null(cli_nearest("a-word-much-longer-than-any-option-could-ever-hope-to-be", names, 4));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form), cmocka_unit_test(test_lists),   cmocka_unit_test(test_numbers_and_choices),
        cmocka_unit_test(test_parse_int),  cmocka_unit_test(test_nearest), cmocka_unit_test(test_exit_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
