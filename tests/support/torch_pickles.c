/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/torch_files.h"

/* ---- Pickles ----------------------------------------------------------------------------------------- */

static void put_code(test_bytes *out, uint8_t code) { test_bytes_add(out, &code, 1); }

static void put_text(test_bytes *out, const char *text) {
    put_code(out, 'X');
    test_bytes_number(out, strlen(text), 4);
    test_bytes_text(out, text);
}

static void put_integer(test_bytes *out, size_t value) {
    put_code(out, 'J');
    test_bytes_number(out, value, 4);
}

static void put_tuple(test_bytes *out, const test_array *array, bool strides) {
    size_t stride = array->count;
    put_code(out, '(');
    for (int32_t d = 0; d < array->rank; d++) {
        stride /= (size_t)array->dims[d];
        put_integer(out, strides ? stride : (size_t)array->dims[d]);
    }
    put_code(out, 't');
}

static void put_tensor(test_bytes *out, const test_array *array, int32_t index) {
    char key[16];
    snprintf(key, sizeof key, "%d", index);
    test_bytes_text(out, "ctorch._utils\n_rebuild_tensor_v2\n((");
    put_text(out, "storage");
    test_bytes_text(out, array->integer ? "ctorch\nLongStorage\n" : "ctorch\nFloatStorage\n");
    put_text(out, key);
    put_text(out, "cpu");
    put_integer(out, array->count);
    test_bytes_text(out, "tQ");
    put_integer(out, 0);
    put_tuple(out, array, false);
    put_tuple(out, array, true);
    put_code(out, 0x89);
    test_bytes_text(out, "ccollections\nOrderedDict\n)RtR");
}

void test_write_pickle(const test_state *state, bool nested, test_bytes *out) {
    test_bytes_add(out, "\x80\x02", 2);
    if (nested) {
        test_bytes_text(out, "}(");
        put_text(out, "epoch");
        put_integer(out, 7);
        put_text(out, "args");
        test_bytes_text(out, "cargparse\nNamespace\n)\x81}");
        put_text(out, "lr");
        test_bytes_add(out, "G\0\0\0\0\0\0\0\0sb", 11);
        put_text(out, "model");
    }
    test_bytes_text(out, "ccollections\nOrderedDict\n)Rq\x01(");
    for (int32_t i = 0; i < state->count; i++) {
        put_text(out, state->arrays[i].name);
        put_tensor(out, &state->arrays[i], i);
    }
    test_bytes_text(out, "u}");
    put_text(out, "_metadata");
    test_bytes_text(out, "Nsb");
    if (nested) test_bytes_text(out, "u");
    put_code(out, '.');
}

static void put_values(const test_array *array, test_bytes *out) {
    if (array->integer) test_bytes_number(out, 7, 8);
    if (!array->integer) test_bytes_add(out, array->values, array->count * sizeof(float));
}

void test_write_old_pth(const test_state *state, test_bytes *out) {
    char key[16];
    test_bytes_add(out, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
    test_bytes_add(out, "\x80\x02M\xe9\x03.\x80\x02}", 9);
    put_text(out, "little_endian");
    test_bytes_text(out, "\x88s.");
    test_write_pickle(state, false, out);
    test_bytes_add(out, "\x80\x02](", 4);
    for (int32_t i = state->count - 1; i >= 0; i--) {
        snprintf(key, sizeof key, "%d", i);
        put_text(out, key);
    }
    test_bytes_text(out, "e.");
    for (int32_t i = state->count - 1; i >= 0; i--) {
        test_bytes_number(out, state->arrays[i].count, 8);
        put_values(&state->arrays[i], out);
    }
}

/* ---- Archives (APPNOTE.TXT of PKWARE, 4.3) ----------------------------------------------------------- */

static uint32_t checksum(const uint8_t *data, size_t bytes) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
    }
    return ~crc;
}

/* What the headers of a member share: version, flags, method, time, date, checksum, sizes, lengths of name and extra.
 */
static void put_facts(const test_member *member, test_bytes *out) {
    test_bytes_number(out, 10, 2);
    test_bytes_number(out, 0, 2);
    test_bytes_number(out, 0, 2);
    test_bytes_number(out, 0, 2);
    test_bytes_number(out, 33, 2);
    test_bytes_number(out, checksum(member->data, member->bytes), 4);
    test_bytes_number(out, member->bytes, 4);
    test_bytes_number(out, member->bytes, 4);
    test_bytes_number(out, strlen(member->name), 2);
    test_bytes_number(out, 0, 2);
}

void test_write_zip(const test_member *members, int32_t count, test_bytes *out) {
    test_bytes directory = {0};
    size_t begin = out->count;
    for (int32_t i = 0; i < count; i++) {
        test_bytes_add(&directory, "PK\x01\x02\x0a\0", 6);
        put_facts(&members[i], &directory);
        test_bytes_number(&directory, 0, 10); /* comment, disk, attributes */
        test_bytes_number(&directory, out->count - begin, 4);
        test_bytes_text(&directory, members[i].name);
        test_bytes_add(out, "PK\x03\x04", 4);
        put_facts(&members[i], out);
        test_bytes_text(out, members[i].name);
        test_bytes_add(out, members[i].data, members[i].bytes);
    }
    size_t place = out->count - begin;
    test_bytes_add(out, directory.data, directory.count);
    test_bytes_add(out, "PK\x05\x06\0\0\0\0", 8);
    test_bytes_number(out, (uint64_t)count, 2);
    test_bytes_number(out, (uint64_t)count, 2);
    test_bytes_number(out, directory.count, 4);
    test_bytes_number(out, place, 4);
    test_bytes_number(out, 0, 2);
    free(directory.data);
}

void test_write_pth(const test_state *state, const test_bytes *pickle, test_bytes *out) {
    static test_member members[TEST_ARRAYS + 1];
    static char names[TEST_ARRAYS][32];
    static const int64_t seven = 7;
    members[0] = (test_member){"test/data.pkl", pickle->data, pickle->count};
    for (int32_t i = 0; i < state->count; i++) {
        const test_array *array = &state->arrays[i];
        snprintf(names[i], sizeof names[i], "test/data/%d", i);
        members[1 + i] = (test_member){names[i], array->integer ? (const void *)&seven : array->values,
                                       array->integer ? sizeof seven : array->count * sizeof(float)};
    }
    test_write_zip(members, 1 + state->count, out);
}
