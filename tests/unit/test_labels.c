/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mobilenet.h"

#define CLASSES 1000

static void knows_classes(void **state) {
    (void)state;
    assert_string_equal(mn_imagenet_label(0), "tench");
    assert_string_equal(mn_imagenet_label(242), "boxer");
    assert_string_equal(mn_imagenet_wnid(242), "n02108089");
    assert_string_equal(mn_imagenet_label(999), "toilet tissue");
    assert_string_equal(mn_imagenet_wnid(999), "n15075141");
}

static void tells_equal_words_apart(void **state) {
    (void)state;
    assert_string_equal(mn_imagenet_label(134), "crane (wading bird)");
    assert_string_equal(mn_imagenet_label(517), "crane (lifting device)");
}

static void refuses_other_indices(void **state) {
    (void)state;
    const int32_t outside[] = {INT32_MIN, -1, CLASSES, INT32_MAX};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        assert_null(mn_imagenet_label(outside[i]));
        assert_null(mn_imagenet_wnid(outside[i]));
    }
}

static void labels_are_unique(void **state) {
    (void)state;
    for (int32_t i = 0; i < CLASSES; i++) {
        for (int32_t j = 0; j < i; j++) assert_string_not_equal(mn_imagenet_label(i), mn_imagenet_label(j));
    }
}

/* The classes of ILSVRC2012 are numbered in the order of their ids. */
static void ids_rise(void **state) {
    (void)state;
    for (int32_t i = 0; i < CLASSES; i++) {
        const char *id = mn_imagenet_wnid(i);
        assert_int_equal(strlen(id), 9);
        assert_int_equal(id[0], 'n');
        assert_int_equal(strspn(id + 1, "0123456789"), 8);
        if (i > 0) assert_true(strcmp(mn_imagenet_wnid(i - 1), id) < 0);
    }
}

static void labels_are_plain_text(void **state) {
    (void)state;
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 '.-()";
    for (int32_t i = 0; i < CLASSES; i++) {
        const char *label = mn_imagenet_label(i);
        assert_true(strlen(label) >= 2);
        assert_int_equal(strspn(label, allowed), strlen(label));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_classes),
        cmocka_unit_test(tells_equal_words_apart),
        cmocka_unit_test(refuses_other_indices),
        cmocka_unit_test(labels_are_unique),
        cmocka_unit_test(ids_rise),
        cmocka_unit_test(labels_are_plain_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
