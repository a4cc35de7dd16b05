/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Files of a library: names in paths and texts, a line for each source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/library.h"

static const char *const sources[] = {"net.c", "net_weights.c", "mn_mcu_run.c"};
static const mn_mcu_library library = {.name = "net", .sources = sources, .source_count = 3};

/* The text of the file of this path; to be freed. */
static char *text_of(const char *wanted) {
    for (int32_t i = 0; i < mn_mcu_library_files(); i++) {
        char path[64], *text;
        size_t bytes;
        mn_mcu_library_path(&library, i, path, sizeof path);
        if (strcmp(path, wanted) != 0) continue;
        FILE *out = open_memstream(&text, &bytes);
        assert_non_null(out);
        mn_mcu_library_emit(&library, i, out);
        fclose(out);
        return text;
    }
    fail_msg("there is no %s", wanted);
    return NULL;
}

static void names_are_filled_in(void **unused) {
    (void)unused;
    char *sketch = text_of("examples/net/net.ino"), *kconfig = text_of("zephyr/Kconfig");
    assert_non_null(strstr(sketch, "#include <net.h>\n"));
    assert_non_null(strstr(sketch, "row[NET_ROW_BYTES]"));
    assert_null(strchr(sketch, '@'));
    assert_non_null(strstr(kconfig, "config MOBILENET_NET\n"));
    free(sketch);
    free(kconfig);
}

static void each_source_has_a_line(void **unused) {
    (void)unused;
    char *cmake = text_of("zephyr/CMakeLists.txt"), *pack = text_of("mobilenet.net.pdsc");
    assert_non_null(
        strstr(cmake, "    ${folder}/net.c\n    ${folder}/net_weights.c\n    ${folder}/mn_mcu_run.c\n  )\n"));
    assert_non_null(strstr(pack, "<file category=\"source\" name=\"src/mn_mcu_run.c\"/>\n      </files>\n"));
    free(cmake);
    free(pack);
}

static void paths_are_cut_off(void **unused) {
    (void)unused;
    char path[4] = "xyz";
    for (int32_t i = 0; i < mn_mcu_library_files(); i++) {
        mn_mcu_library_path(&library, i, path, sizeof path);
        assert_int_equal(strlen(path), 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_filled_in),
        cmocka_unit_test(each_source_has_a_line),
        cmocka_unit_test(paths_are_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
