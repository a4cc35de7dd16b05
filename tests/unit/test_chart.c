/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Elements of charts: names of any kind stay text, and points that are no numbers are left out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "chart/chart.h"

/* What has been written to `file`, which is closed. */
static const char *written(FILE *file) {
    static char text[4096];
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void test_sheet(void **unused) {
    (void)unused;
    FILE *file = tmpfile();
    mn_chart_open(file, 30, 20);
    mn_chart_bar(file, 1, 2, 3.25, 4, MN_CHART_RED);
    mn_chart_grid(file, 0, 1, 2, 3);
    mn_chart_close(file);
    const char *text = written(file);
    assert_int_equal(strncmp(text, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 30 20\"", 58), 0);
    assert_non_null(strstr(text, "<rect x=\"1.0\" y=\"2.0\" width=\"3.2\" height=\"4.0\" fill=\"#c8553d\"/>\n"));
    assert_non_null(strstr(text, "<line x1=\"0.0\" y1=\"1.0\" x2=\"2.0\" y2=\"3.0\" stroke=\"#ddd\"/>\n</svg>\n"));
}

static void test_texts(void **unused) {
    (void)unused;
    FILE *file = tmpfile();
    mn_chart_text(file, 1, 2, (mn_chart_style){0}, "a<b>&\n\x7f");
    mn_chart_text(file, 1, 2, (mn_chart_style){.anchor = "end", .size = 9, .is_bold = true, .colour = "#777"}, "c");
    mn_chart_text(file, 1, 2, (mn_chart_style){.longest = 2}, "defg");
    mn_chart_text(file, 1, 2, (mn_chart_style){.longest = 2}, "h\xc3\xa9");
    assert_string_equal(written(file),
                        "<text x=\"1.0\" y=\"2.0\">a&#60;b&#62;&#38;</text>\n"
                        "<text x=\"1.0\" y=\"2.0\" text-anchor=\"end\" font-size=\"9\" font-weight=\"bold\" "
                        "fill=\"#777\">c</text>\n"
                        "<text x=\"1.0\" y=\"2.0\">de</text>\n"
                        "<text x=\"1.0\" y=\"2.0\">h</text>\n");
}

static void test_lines(void **unused) {
    (void)unused;
    FILE *file = tmpfile();
    mn_chart_line none = {.colour = MN_CHART_NAVY}, line = none;
    mn_chart_point(file, &none, 1, NAN);
    mn_chart_point(file, &none, INFINITY, 1);
    mn_chart_line_end(file, &none);
    mn_chart_point(file, &line, 1, 2);
    mn_chart_point(file, &line, 2, NAN);
    mn_chart_point(file, &line, 3, 4);
    mn_chart_line_end(file, &line);
    assert_string_equal(
        written(file),
        "<polyline fill=\"none\" stroke-width=\"1.5\" points=\"1.0,2.0 3.0,4.0\" stroke=\"#1b6ca8\"/>\n");
}

static void test_steps(void **unused) {
    (void)unused;
    static const struct { double high, step; } cases[] = {{5, 1}, {10, 2}, {24, 5}, {100, 20}, {0.3, 0.05}, {45, 10}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(fabs(mn_chart_step(cases[i].high) - cases[i].step) < 1e-9);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sheet),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
