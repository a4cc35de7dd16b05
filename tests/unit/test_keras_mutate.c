/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Damaged Keras files through the child process that reads them: each is read or refused with a sentence, whatever the
 * HDF5 library makes of the damage. usage: test_keras_mutate [MUTATIONS of each file [SEED]], 5000 for the long run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zip.h>

#include "keras/keras.h"
#include "net/random.h"

enum { QUICK_MUTATIONS = 12, MAX_SECONDS = 10, MAX_BYTES = 8 << 20 };

static int mutations = QUICK_MUTATIONS;
static uint64_t first_seed;
static char folder[64], writer[512];

static void in_folder(char path[128], const char *name) { snprintf(path, 128, "%s/%s", folder, name); }

static uint8_t *read_file(const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *data = malloc(MAX_BYTES);
    assert_non_null(data);
    *bytes = fread(data, 1, MAX_BYTES, file);
    assert_in_range(*bytes, 1, MAX_BYTES - 1);
    fclose(file);
    return data;
}

static void write_file(const char *path, const void *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

/* Processor time of all children so far; what the clock on the wall says depends on what else runs. */
static double child_seconds(void) {
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec;
}

/* True when it is still a model. A refusal is one line that starts with the file's name. */
static bool survives(const char *path, int32_t seconds) {
    mn_net net;
    mn_keras_info info;
    double start = child_seconds();
    if (mn_keras_open(path, &(mn_keras_options){.seconds = seconds}, &net, &info) == MN_OK) {
        mn_net_free(&net);
        return true;
    }
    const char *sentence = mn_error_detail();
    if (strncmp(sentence, path, strlen(path)) != 0 || strchr(sentence, '\n')) {
        fail_msg("\"%s\" is not a good sentence", sentence);
    }
    if (child_seconds() - start > MAX_SECONDS) fail_msg("took too long: %s", sentence);
    return false;
}

/* Bits, bytes and runs of bytes. */
static void damage(uint8_t *data, size_t bytes, mn_random *random) {
    static const uint8_t extremes[] = {0, 1, 0x7f, 0x80, 0xff};
    uint64_t places = 1 + mn_random_bits(random) % 4;
    for (uint64_t i = 0; i < places; i++) {
        size_t at = (size_t)(mn_random_bits(random) % bytes);
        size_t run = mn_random_bits(random) % 8 == 0 ? 1 + (size_t)(mn_random_bits(random) % 8) : 1;
        uint64_t way = mn_random_bits(random) % 3, value = mn_random_bits(random);
        for (size_t k = at; k < bytes && k < at + run; k++) {
            if (way == 0) data[k] ^= (uint8_t)(1u << value % 8);
            if (way == 1) data[k] = (uint8_t)value;
            if (way == 2) data[k] = extremes[value % sizeof extremes];
        }
    }
}

/* The archive with other weights: what is damaged is behind its checksum. */
static void pack(const char *from, const char *to, const uint8_t *weights, size_t bytes) {
    size_t size;
    uint8_t *archive = read_file(from, &size);
    write_file(to, archive, size);
    free(archive);
    int error = 0;
    zip_t *zip = zip_open(to, 0, &error);
    assert_non_null(zip);
    zip_source_t *source = zip_source_buffer(zip, weights, bytes, 0);
    assert_true(zip_file_add(zip, "model.weights.h5", source, ZIP_FL_OVERWRITE) >= 0);
    assert_int_equal(zip_close(zip), 0);
}

/* Damages what is in `name`; packs it into `archive` where that is not NULL. */
static void mutate(const char *name, const char *archive, int rounds) {
    char path[128], whole[128], out[128];
    size_t bytes;
    int readable = 0;
    in_folder(path, name);
    in_folder(whole, archive ? archive : name);
    in_folder(out, "damaged");
    uint8_t *data = read_file(path, &bytes), *damaged = malloc(bytes);
    assert_non_null(damaged);
    assert_true(survives(whole, 0));
    for (int i = 0; i < rounds; i++) {
        mn_random random = {first_seed + (uint64_t)i};
        memcpy(damaged, data, bytes);
        damage(damaged, bytes, &random);
        if (archive) {
            pack(whole, out, damaged, bytes);
        } else {
            write_file(out, damaged, bytes);
        }
        readable += survives(out, 0);
    }
    print_message("%s%s%s: %d mutations, %d still models\n", archive ? archive : "", archive ? ", its " : "", name,
                  rounds, readable);
    assert_true(readable < rounds);
    free(damaged);
    free(data);
}

static void test_whole_model(void **state) {
    (void)state;
    mutate("whole.h5", NULL, mutations);
}

static void test_archive(void **state) {
    (void)state;
    mutate("small_v3.h5", "model.keras", mutations);
}

static void test_bare_weights(void **state) {
    (void)state;
    mutate("weights_0.1_32.weights.h5", NULL, mutations);
}

static uint64_t read_u64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* A global heap (HDF5 file format, III.E) whose free space, object 0, has no size: older HDF5 libraries walk on the
 * spot. Newer ones refuse it. */
static void test_endless_heap(void **state) {
    (void)state;
    char path[128], out[128];
    size_t bytes, at = 0;
    in_folder(path, "whole.h5");
    in_folder(out, "damaged");
    uint8_t *data = read_file(path, &bytes);
    while (at + 32 <= bytes && memcmp(data + at, "GCOL", 4) != 0) at += 8;
    assert_true(at + 32 <= bytes);
    size_t end = at + (size_t)read_u64(data + at + 8), object = at + 16;
    assert_true(end <= bytes);
    while (object + 16 <= end && (data[object] != 0 || data[object + 1] != 0)) {
        object += 16 + ((size_t)read_u64(data + object + 8) + 7) / 8 * 8;
    }
    assert_true(object + 16 <= end);
    memset(data + object + 8, 0, 8);
    write_file(out, data, bytes);
    free(data);
    assert_false(survives(out, 1));
}

static void test_known_case(void **state) {
    (void)state;
    const char *path = "../shared/cases/hdf5_hang.h5";
    if (access(path, R_OK) != 0) {
        print_message("SKIPPED: %s is not there\n", path);
        skip();
    }
    assert_false(survives(path, 1));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_model),  cmocka_unit_test(test_archive),    cmocka_unit_test(test_bare_weights),
        cmocka_unit_test(test_endless_heap), cmocka_unit_test(test_known_case),
    };
    if (argc > 1) mutations = atoi(argv[1]);
    if (argc > 2) first_seed = strtoull(argv[2], NULL, 10);
    snprintf(folder, sizeof folder, "/tmp/mobilenet-mutate-%ld", (long)getpid());
    const char *slash = strrchr(argv[0], '/');
    /* The program beside this one writes the files. */
    snprintf(writer, sizeof writer, "'%.*stest_keras_files' '%s'", slash ? (int)(slash + 1 - argv[0]) : 0, argv[0],
             folder);
    if (mkdir(folder, 0700) != 0 || system(writer) != 0) {
        fprintf(stderr, "%s does not make files\n", writer);
        return EXIT_FAILURE;
    }
    int failed = cmocka_run_group_tests_name("keras mutate", tests, NULL, NULL);
    snprintf(writer, sizeof writer, "rm -rf '%s'", folder);
    return system(writer) == 0 ? failed : EXIT_FAILURE;
}
