/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* State dicts of small MobileNetV2s, with the names of a library, and files of them. */
#ifndef MN_TESTS_TORCH_FILES_H
#define MN_TESTS_TORCH_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes that grow. Start with all zeros; free() the data. */
typedef struct test_bytes {
    uint8_t *data;
    size_t count, room;
} test_bytes;

void test_bytes_add(test_bytes *bytes, const void *data, size_t count);
void test_bytes_text(test_bytes *bytes, const char *text);
/** The lower `count` bytes of `value`, lowest first. */
void test_bytes_number(test_bytes *bytes, uint64_t value, size_t count);

typedef struct test_array {
    char name[128];
    int32_t rank, dims[4];
    size_t count;
    float *values;
    bool integer; /* one int64 */
} test_array;

typedef enum test_names { TEST_TORCHVISION, TEST_OLD_TORCHVISION, TEST_TIMM } test_names;

enum { TEST_ARRAYS = 400, TEST_CHANNELS = 8, TEST_HEAD = 16, TEST_CLASSES = 3 };

/** A MobileNetV2 with TEST_CHANNELS from the stem and every stage, and values of about the size that training gives. */
typedef struct test_state {
    int32_t count;
    test_array arrays[TEST_ARRAYS];
} test_state;

/** `prefix` goes before every name. */
void test_state_make(test_state *state, test_names names, const char *prefix);
/** A MobileNetV3 small, as narrow, with the names of torchvision or timm; the same values in both. */
void test_state_make_v3(test_state *state, test_names names);

/** timm's MobileNet. */
void test_state_make_v1(test_state *state);

void test_state_free(test_state *state);
test_array *test_state_find(test_state *state, const char *name);

void test_write_safetensors(const test_state *state, test_bytes *out);

/** The pickle that torch.save() makes of the state dict, with array i in storage "i". `nested`: within what a training
 *  script saves, as "model". */
void test_write_pickle(const test_state *state, bool nested, test_bytes *out);

/** An archive of members that are stored as they are. */
typedef struct test_member {
    const char *name;
    const void *data;
    size_t bytes;
} test_member;

void test_write_zip(const test_member *members, int32_t count, test_bytes *out);

/** What torch.save() writes: an archive with this pickle. */
void test_write_pth(const test_state *state, const test_bytes *pickle, test_bytes *out);

/** The same before PyTorch 1.6. */
void test_write_old_pth(const test_state *state, test_bytes *out);

#endif
