/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* SHA-256: digests of FIPS 180-4's examples, of lengths around the end of a block, and of bytes that come in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/sha256.h"

static void expect_digest(mn_sha256 *hash, const char *wanted) {
    uint8_t digest[MN_SHA256_BYTES];
    char text[2 * MN_SHA256_BYTES + 1];
    mn_sha256_end(hash, digest);
    for (int i = 0; i < MN_SHA256_BYTES; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(text, wanted);
}

static void test_examples(void **state) {
    (void)state;
    static const struct {
        const char *text, *digest;
    } examples[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        mn_sha256 hash;
        mn_sha256_begin(&hash);
        mn_sha256_add(&hash, examples[i].text, strlen(examples[i].text));
        expect_digest(&hash, examples[i].digest);
    }
}

/* So many times 'a': the length fits behind 55 bytes of a block, and begins another behind 56. */
static const struct {
    size_t count;
    const char *digest;
} lengths[] = {
    {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
    {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
    {57, "f13b2d724659eb3bf47f2dd6af1accc87b81f09f59f2b75e5c0bed6589dfe8c6"},
    {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
    {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
    {65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
    {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
    {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
    {128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"},
    {1000, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"},
};

static void add_letters(mn_sha256 *hash, size_t count, size_t piece) {
    static const char letters[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    while (count > 0) {
        const size_t bytes = count < piece ? count : piece;
        mn_sha256_add(hash, letters, bytes);
        count -= bytes;
    }
}

static void test_lengths_in_pieces(void **state) {
    (void)state;
    static const size_t pieces[] = {1, 7, 63, 64, 65, 100};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
            mn_sha256 hash;
            mn_sha256_begin(&hash);
            mn_sha256_add(&hash, NULL, 0);
            add_letters(&hash, lengths[i].count, pieces[k]);
            expect_digest(&hash, lengths[i].digest);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples), cmocka_unit_test(test_lengths_in_pieces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
