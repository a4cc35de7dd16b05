/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What people bring instead of a model is called by its name, with what to do. */
#include "base/kind.h"
#include "mobilenet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct example {
    const char *bytes;
    size_t count;
    const char *name, *remedy;
} example;

#define BYTES(text) text, sizeof(text) - 1
#define ZIP(name, letter) "PK\3\4\24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" letter "\0\0\0" name

static const example examples[] = {
    {BYTES("\x89HDF\r\n\x1a\n\0\0\0\0\0\10\10\0\4"), "an HDF5 file", "'mobilenet convert FILE"},
    {BYTES(ZIP("metadata.json", "\x0d")), "a Keras archive", "'mobilenet convert FILE"},
    {BYTES(ZIP("resnet/data.pkl", "\x0f")), "a PyTorch file", "'mobilenet convert FILE"},
    {BYTES(ZIP("model.tflite", "\x0c")), "a zip archive", "unpack it"},
    {BYTES(ZIP("weights/0.npy", "\x0d")), "an archive of NumPy arrays", "give the model"},
    {BYTES("\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19."
           "\x80\x02M"),
     "a pickle of Python", "'mobilenet convert FILE"},
    {BYTES("\x0c\0\0\0\0\0\0\0{\"a\":[1,2]} tensors"), "a .safetensors file", "'mobilenet convert FILE"},
    {BYTES("\x08\x08\x12\x07pytorch\x1a\x05"
           "2.1.0:\x8c\x02"),
     "an ONNX model", "'mobilenet convert FILE"},
    {BYTES("\x08\x01\x12\xb5\xc0\x04\n\x96\x01\x12\x06(tags)serve"), "the graph of a TensorFlow SavedModel",
     "TFLiteConverter"},
    {BYTES("\n\x2c\n\x05input\x12\x0bPlaceholder*\x0b\n\x05"
           "dtype"),
     "a frozen graph of TensorFlow 1", "TFLiteConverter"},
    {BYTES("\x1f\x8b\x08\0\0\0\0\0\0\3\xed\xbd\x0bx\x1c\xd5\x95"), "packed by gzip", "gunzip"},
    {BYTES("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"), "a pointer of Git LFS",
     "git lfs pull"},
    {BYTES("\xef\xbb\xbf\n\n  <!DOCTYPE html>\n<html>"), "a web page", "download the model itself"},
    {BYTES("<HTML><head><title>404"), "a web page", "download the model itself"},
    {BYTES("<?xml version='1.0'?><Error>AccessDenied"), "an XML text", "download the model itself"},
    {BYTES("{\"class_name\": \"Functional\"}"), "a JSON text", "give the model that belongs to it"},
    {BYTES("apple\n"), "a text", "give the model"},
    {BYTES("\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1"), "a JPEG photo", "photos behind it"},
};

static void calls_by_name(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const example *e = &examples[i];
        assert_int_equal(mn_kind_refuse(MN_WANT_TFLITE, "x.bin", e->bytes, e->count), MN_ERROR_FORMAT);
        const char *said = mn_error_detail();
        if (strncmp(said, "x.bin: is ", 10) != 0 || strncmp(said + 10, e->name, strlen(e->name)) != 0 ||
            strstr(said, e->remedy) == NULL) {
            fail_msg("example %zu: '%s' instead of '%s' and '%s'", i, said, e->name, e->remedy);
        }
    }
    const char model[] = "\x1c\0\0\0TFL3\0\0\0\0\0\0\0\0\0\0\0\0";
    mn_kind_refuse(MN_WANT_WEIGHTS, "x.h5", model, sizeof model);
    assert_string_equal(mn_error_detail(), "x.h5: is a .tflite model; it needs no conversion: give it to 'mobilenet "
                                           "classify' or 'quantize'");
}

/* Every file cut anywhere, and noise, gets some sentence; a sanitizer's build sees what is read behind the end. */
static void reads_within_the_file(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        for (size_t bytes = 0; bytes <= examples[i].count; bytes++) {
            uint8_t *cut = malloc(bytes > 0 ? bytes : 1);
            assert_non_null(cut);
            memcpy(cut, examples[i].bytes, bytes);
            for (int flipped = 0; flipped < 2; flipped++) {
                assert_int_equal(mn_kind_refuse(MN_WANT_TFLITE, "x", cut, bytes), MN_ERROR_FORMAT);
                assert_int_equal(mn_kind_refuse(MN_WANT_WEIGHTS, "x", cut, bytes), MN_ERROR_FORMAT);
                if (bytes > 0) cut[bytes - 1] = 0xff;
            }
            free(cut);
        }
    }
}

static void knows_folders(void **state) {
    (void)state;
    char folder[] = "/tmp/mn_kind_XXXXXX", file[64];
    mn_model *model = NULL;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(mn_model_open(folder, &model), MN_ERROR_IO);
    assert_non_null(strstr(mn_error_detail(), ": is a folder; give the path of a file"));
    snprintf(file, sizeof file, "%s/saved_model.pb", folder);
    FILE *made = fopen(file, "w");
    assert_non_null(made);
    fclose(made);
    assert_int_equal(mn_model_open(folder, &model), MN_ERROR_IO);
    assert_non_null(strstr(mn_error_detail(), ": is a SavedModel folder; TensorFlow makes a .tflite of it"));
    unlink(file);
    rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_by_name),
        cmocka_unit_test(reads_within_the_file),
        cmocka_unit_test(knows_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
