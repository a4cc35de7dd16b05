/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Names in files: what is printable stays, byte for byte; every other byte becomes a question mark. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/region.h"
#include "tflite/text.h"

/* Every byte at every place of two words and a half. */
static void test_every_byte_at_every_place(void **state) {
    (void)state;
    mn_region region = {0};
    for (int place = 0; place < 20; place++) {
        for (int byte = 0; byte < 256; byte++) {
            char name[21] = "model/block_1/expand", expected[21];
            name[place] = (char)byte;
            memcpy(expected, name, sizeof name);
            if (byte < 0x20 || byte >= 0x7f) expected[place] = '?';
            const char *text = mn_tfl_text(&region, (const uint8_t *)name, 20);
            assert_non_null(text);
            assert_memory_equal(text, expected, sizeof expected);
        }
    }
    mn_region_free(&region);
}

static void test_characters_of_several_bytes(void **state) {
    (void)state;
    mn_region region = {0};
    const char name[] = "abcdefg\xc3\xa9, \xe2\x82\xac, \xf0\x9f\x98\x80, \xc3 cut";
    const char *text = mn_tfl_text(&region, (const uint8_t *)name, sizeof name - 1);
    assert_string_equal(text, "abcdefg\xc3\xa9, \xe2\x82\xac, \xf0\x9f\x98\x80, ? cut");
    mn_region_free(&region);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte_at_every_place),
        cmocka_unit_test(test_characters_of_several_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
