/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Finding pictures, changing them, and bringing weights in and out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keras/keras.h"
#include "keras/write_h5.h"
#include "net/mobilenet_v2.h"
#include "net/statistics.h"
#include "train/augment.h"
#include "train/curves.h"
#include "train/dataset.h"
#include "train/head.h"

static const char shipped[] = "models/signs";

/* ---- A folder for one test --------------------------------------------------------------------------- */

static char folder[64];

static const char *in_folder(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_text(const char *name, const char *text) {
    FILE *file = fopen(in_folder(name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int open_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mn_train_XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void fails(mn_status got, mn_status expected, const char *words) {
    assert_int_equal(got, expected);
    if (!strstr(mn_error_detail(), words)) fail_msg("'%s' lacks '%s'", mn_error_detail(), words);
}

/* ---- Data sets --------------------------------------------------------------------------------------- */

static void folders_are_classes(void **state) {
    (void)state;
    mn_dataset set;
    assert_int_equal(mn_dataset_open(shipped, NULL, &set), MN_OK);
    assert_int_equal(set.class_count, 36);
    assert_true(set.count >= 36);
    assert_string_equal(set.classes[0], "ahead_only");
    for (int32_t i = 1; i < set.class_count; i++) assert_true(strcmp(set.classes[i - 1], set.classes[i]) < 0);
    for (int32_t i = 0; i < set.count; i++) {
        const char *name = set.classes[set.examples[i].label];
        assert_non_null(strstr(set.examples[i].path, name));
    }
    mn_dataset_free(&set);
}

static void lists_name_paths_and_classes(void **state) {
    (void)state;
    mn_dataset set;
    write_text("list", "b.png zebra\r\na b.png\tan ass\n\n/c.png zebra\n");
    assert_int_equal(mn_dataset_open(in_folder("list"), NULL, &set), MN_OK);
    assert_int_equal(set.class_count, 2);
    assert_int_equal(set.count, 3);
    assert_string_equal(set.classes[0], "an ass");
    assert_string_equal(set.examples[0].path, in_folder("a b.png"));
    assert_string_equal(set.examples[1].path, "/c.png");
    assert_string_equal(set.examples[2].path, in_folder("b.png"));
    mn_dataset_free(&set);
    write_text("list", "a.png cat\nnothing\n");
    fails(mn_dataset_open(in_folder("list"), NULL, &set), MN_ERROR_FORMAT, "line 2");
}

static void bad_folders_are_refused(void **state) {
    (void)state;
    mn_dataset set, other;
    fails(mn_dataset_open(in_folder("none"), NULL, &set), MN_ERROR_IO, "none");
    fails(mn_dataset_open(folder, NULL, &set), MN_ERROR_ARGUMENT, "at least two");
    assert_int_equal(mkdir(in_folder("cat"), 0700), 0);
    write_text("cat/a.jpg", "");
    fails(mn_dataset_open(folder, NULL, &set), MN_ERROR_ARGUMENT, "has 1 class");
    assert_int_equal(mkdir(in_folder("dog"), 0700), 0);
    write_text("dog/readme.txt", "");
    fails(mn_dataset_open(folder, NULL, &set), MN_ERROR_ARGUMENT, "'dog' has no");
    write_text("dog/a.PNG", "");
    assert_int_equal(mn_dataset_open(folder, NULL, &set), MN_OK);
    assert_int_equal(set.count, 2);
    fails(mn_dataset_open(shipped, &set, &other), MN_ERROR_ARGUMENT, "none of the 2 classes");
    mn_dataset_free(&set);
}

static void pictures_are_kept_while_there_is_room(void **state) {
    (void)state;
    mn_dataset set;
    mn_picture room = {0};
    const mn_picture *image;
    assert_int_equal(mn_dataset_open(shipped, NULL, &set), MN_OK);
    assert_int_equal(mn_dataset_picture(&set, 0, &room, &image), MN_OK);
    assert_ptr_equal(image, &room);
    set.cache_limit = (size_t)room.width * (size_t)room.height * 3;
    mn_picture_free(&room);
    for (int32_t i = 0; i < 2; i++) {
        assert_int_equal(mn_dataset_picture(&set, i, &room, &image), MN_OK);
        assert_int_equal(image == &room, i == 1);
        mn_picture_free(&room);
    }
    assert_int_equal(mn_dataset_picture(&set, 0, &room, &image), MN_OK);
    assert_ptr_equal(image, &set.examples[0].image);
    mn_dataset_free(&set);
}

/* The 13x9 picture of the fuzzer's corpus whose EXIF data turns it by a quarter. */
static void pictures_are_seen_upright(void **state) {
    (void)state;
    mn_dataset set;
    mn_picture room = {0};
    const mn_picture *image;
    char here[200], lines[512];
    assert_non_null(getcwd(here, sizeof here));
    snprintf(lines, sizeof lines, "%s/fuzz/corpus/image/turned.png cat\n%s/fuzz/corpus/image/gray.jpg dog\n", here,
             here);
    write_text("list", lines);
    assert_int_equal(mn_dataset_open(in_folder("list"), NULL, &set), MN_OK);
    for (int stored = 0; stored < 2; stored++) {
        set.as_stored = stored;
        assert_int_equal(mn_dataset_picture(&set, 0, &room, &image), MN_OK);
        assert_int_equal(image->width, stored ? 13 : 9);
        assert_int_equal(image->height, stored ? 9 : 13);
        mn_picture_free(&room);
    }
    mn_dataset_free(&set);
}

/* ---- Changes ----------------------------------------------------------------------------------------- */

enum { SIDE = 24, VALUES = SIDE * SIDE * 3 };

static void draw_picture(mn_picture *image, int32_t width, int32_t height) {
    mn_random random = {1};
    assert_int_equal(mn_picture_create(width, height, image), MN_OK);
    for (int32_t i = 0; i < width * height * 3; i++) image->pixels[i] = (uint8_t)mn_random_bits(&random);
}

static void change(const mn_augment *augment, const mn_picture *image, uint64_t seed, float *out) {
    mn_random random = {seed};
    assert_int_equal(mn_augment_picture(augment, image, &random, SIDE, SIDE, 2.0f / 255, -1, out), MN_OK);
}

static void whole_pictures_are_not_changed(void **state) {
    (void)state;
    mn_picture image = {0};
    float out[VALUES];
    draw_picture(&image, SIDE, SIDE);
    change(NULL, &image, 1, out);
    for (int32_t i = 0; i < VALUES; i++) assert_float_equal(out[i], (float)image.pixels[i] * 2 / 255 - 1, 1e-6);
    mn_picture_free(&image);
}

/* With nothing else to change, some seeds mirror the picture and the others leave it. */
static void flips_mirror(void **state) {
    (void)state;
    mn_augment augment = {.area = {1, 1}, .aspect = {1, 1}, .flip = true, .colour = MN_COLOUR_NONE};
    mn_picture image = {0};
    float out[VALUES];
    int mirrored = 0;
    draw_picture(&image, SIDE, SIDE);
    for (uint64_t seed = 0; seed < 64; seed++) {
        change(&augment, &image, seed, out);
        float left = (float)image.pixels[0] * 2 / 255 - 1, right = (float)image.pixels[3 * SIDE - 3] * 2 / 255 - 1;
        bool turned = fabsf(out[0] - right) < 1e-5f;
        if (!turned) assert_float_equal(out[0], left, 1e-5);
        mirrored += turned;
    }
    assert_in_range(mirrored, 16, 48);
    augment.flip = false;
    for (uint64_t seed = 0; seed < 64; seed++) {
        change(&augment, &image, seed, out);
        assert_float_equal(out[0], (float)image.pixels[0] * 2 / 255 - 1, 1e-5);
    }
    mn_picture_free(&image);
}

static void changes_follow_their_seed(void **state) {
    (void)state;
    mn_augment augment;
    mn_picture image = {0};
    float a[VALUES], b[VALUES], c[VALUES];
    mn_augment_defaults(&augment);
    draw_picture(&image, 40, 31);
    for (int colour = MN_COLOUR_FULL; colour <= MN_COLOUR_NONE; colour++) {
        augment.colour = (mn_colour_change)colour;
        change(&augment, &image, 7, a);
        change(&augment, &image, 7, b);
        change(&augment, &image, 8, c);
        assert_memory_equal(a, b, sizeof a);
        assert_memory_not_equal(a, c, sizeof a);
        for (int32_t i = 0; i < VALUES; i++) assert_true(a[i] >= -1 && a[i] <= 1);
    }
    mn_picture_free(&image);
}

/* Hue, saturation and contrast leave gray pictures of one shade as they are; brightness moves all pixels alike. */
static void gray_stays_gray(void **state) {
    (void)state;
    mn_augment augment;
    mn_picture image = {0};
    float out[VALUES];
    mn_augment_defaults(&augment);
    assert_int_equal(mn_picture_create(30, 30, &image), MN_OK);
    memset(image.pixels, 120, 30 * 30 * 3);
    for (uint64_t seed = 0; seed < 16; seed++) {
        change(&augment, &image, seed, out);
        for (int32_t i = 1; i < VALUES; i++) assert_float_equal(out[i], out[0], 1e-5);
        assert_true(fabsf(out[0] - (120 * 2.0f / 255 - 1)) <= 64.0f / 255 + 1e-5f);
    }
    mn_picture_free(&image);
}

/* ---- Weights ----------------------------------------------------------------------------------------- */

static void make_net(int32_t classes, mn_net *net) {
    mn_v2_spec spec;
    mn_v2_defaults(&spec);
    spec.width = 0.35;
    spec.height = spec.width_px = 96;
    spec.classes = classes;
    assert_int_equal(mn_v2_build(&spec, net), MN_OK);
    mn_net_randomise(net, 4);
    assert_int_equal(mn_net_randomise_norms(net, 5), MN_OK);
}

static void equal_values(const mn_layer *layer, const float *a, const float *b, size_t count) {
    assert_int_equal(a == NULL, b == NULL);
    if (a && memcmp(a, b, count * sizeof *a) != 0) fail_msg("%s differs", layer->name);
}

static void equal_layers(const mn_net *a, const mn_net *b, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        const mn_layer *x = &a->layers[i], *y = &b->layers[i];
        size_t channels = (size_t)x->c;
        assert_int_equal(x->kind, y->kind);
        equal_values(x, x->kernel, y->kernel, mn_layer_kernel_count(a, x));
        equal_values(x, x->bias, y->bias, channels);
        equal_values(x, x->gamma, y->gamma, channels);
        equal_values(x, x->beta, y->beta, channels);
        equal_values(x, x->mean, y->mean, channels);
        equal_values(x, x->variance, y->variance, channels);
    }
}

static void weights_come_back(void **state) {
    (void)state;
    mn_net net = {0}, read = {0};
    mn_keras_options options = {.size = 96};
    mn_keras_info info;
    uint8_t *data[2];
    size_t bytes[2];
    make_net(11, &net);
    for (int i = 0; i < 2; i++) assert_int_equal(mn_keras_write_h5(&net, &data[i], &bytes[i]), MN_OK);
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(data[0], data[1], bytes[0]);
    assert_int_equal(mn_keras_read(data[0], bytes[0], "written", &options, &read, &info), MN_OK);
    assert_int_equal(net.layer_count, read.layer_count);
    equal_layers(&net, &read, net.layer_count);
    mn_net_free(&read);
    mn_net_free(&net);
    free(data[0]);
    free(data[1]);
}

static void heads_fit_their_classes(void **state) {
    (void)state;
    static const int32_t before[] = {11, 11, 0, 11};
    static const int32_t after[] = {11, 5, 5, 11};
    for (int i = 0; i < 4; i++) {
        mn_net net = {0}, same = {0};
        bool replaced;
        make_net(before[i], &net);
        make_net(before[i], &same);
        assert_int_equal(mn_train_fit_head(&net, after[i], i == 3, 1, &replaced), MN_OK);
        assert_int_equal(replaced, i > 0);
        const mn_layer *dense = &net.layers[mn_net_find(&net, "predictions")];
        assert_int_equal(dense->units, after[i]);
        assert_int_equal(net.layers[net.layer_count - 1].c, after[i]);
        equal_layers(&same, &net, mn_net_find(&same, "out_relu") + 1);
        if (i > 0) assert_true(dense->kernel[0] != 0 && dense->bias[0] == 0);
        mn_net_free(&net);
        mn_net_free(&same);
    }
}

/* ---- Curves ------------------------------------------------------------------------------------------ */

static void curves_are_tables_and_pictures(void **state) {
    (void)state;
    mn_epoch epochs[2] = {{0.5, 2, 0.25, NAN, NAN, 10}, {0.25, 1, 0.5, 1.5, 0.75, 12}};
    char text[8192] = "";
    FILE *file = tmpfile();
    mn_curves_csv(epochs, 2, file);
    rewind(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    assert_string_equal(text, "epoch,rate,loss,accuracy,val_loss,val_accuracy,seconds\n"
                              "1,0.5,2.000000,0.250000,,,10.0\n"
                              "2,0.25,1.000000,0.500000,1.500000,0.750000,12.0\n");
    file = tmpfile();
    mn_curves_svg(epochs, 2, file);
    rewind(file);
    memset(text, 0, sizeof text);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    assert_non_null(strstr(text, "<polyline"));
    assert_non_null(strstr(text, "</svg>"));
    assert_null(strstr(text, "nan"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_are_classes),
        cmocka_unit_test_setup_teardown(lists_name_paths_and_classes, open_folder, remove_folder),
        cmocka_unit_test_setup_teardown(bad_folders_are_refused, open_folder, remove_folder),
        cmocka_unit_test(pictures_are_kept_while_there_is_room),
        cmocka_unit_test_setup_teardown(pictures_are_seen_upright, open_folder, remove_folder),
        cmocka_unit_test(whole_pictures_are_not_changed),
        cmocka_unit_test(flips_mirror),
        cmocka_unit_test(changes_follow_their_seed),
        cmocka_unit_test(gray_stays_gray),
        cmocka_unit_test(weights_come_back),
        cmocka_unit_test(heads_fit_their_classes),
        cmocka_unit_test(curves_are_tables_and_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
