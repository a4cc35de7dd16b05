/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Whole trainings on the example signs with a small net: the same bits for the same seed, also when resumed; what
 * happens to pictures that cannot be read, to a loss that is not finite, and to damaged checkpoints. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>
#include <unistd.h>

#include "net/random.h"
#include "train/trainer.h"

enum { SIZE = 24 };

static int32_t add(mn_net *net, mn_layer layer, const char *name) {
    int32_t index;
    layer.name = name;
    layer.inputs[0] = net->layer_count - 1;
    assert_int_equal(mn_net_add(net, &layer, layer.kind == MN_LAYER_DENSE, &index), MN_OK);
    return index;
}

static void make_net(int32_t classes, mn_net *net) {
    *net = (mn_net){.name = "test"};
    add(net, (mn_layer){.kind = MN_LAYER_INPUT, .h = SIZE, .w = SIZE, .c = 3}, "input");
    add(net, (mn_layer){.kind = MN_LAYER_CONV, .k_h = 3, .k_w = 3, .stride = 2, .padding = MN_PAD_SAME, .units = 16},
        "conv");
    add(net, (mn_layer){.kind = MN_LAYER_BATCH_NORM, .epsilon = 1e-3f, .momentum = 0.9f}, "conv_norm");
    add(net, (mn_layer){.kind = MN_LAYER_RELU, .max_value = 6}, "conv_relu");
    add(net, (mn_layer){.kind = MN_LAYER_DEPTHWISE, .k_h = 3, .k_w = 3, .stride = 2, .padding = MN_PAD_SAME}, "deep");
    add(net, (mn_layer){.kind = MN_LAYER_BATCH_NORM, .epsilon = 1e-3f, .momentum = 0.9f}, "deep_norm");
    add(net, (mn_layer){.kind = MN_LAYER_RELU, .max_value = 6}, "deep_relu");
    add(net, (mn_layer){.kind = MN_LAYER_CONV, .k_h = 1, .k_w = 1, .stride = 1, .units = 32}, "last");
    add(net, (mn_layer){.kind = MN_LAYER_BATCH_NORM, .epsilon = 1e-3f, .momentum = 0.9f}, "last_norm");
    add(net, (mn_layer){.kind = MN_LAYER_RELU, .max_value = 6}, "last_relu");
    add(net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL}, "pool");
    add(net, (mn_layer){.kind = MN_LAYER_DENSE, .units = classes}, "dense");
    add(net, (mn_layer){.kind = MN_LAYER_SOFTMAX}, "softmax");
    mn_net_randomise(net, 5);
}

/* A training that is set up. */
typedef struct training {
    mn_dataset data;
    mn_net net;
    mn_trainer trainer;
} training;

static mn_trainer_options choose(int32_t threads) {
    mn_trainer_options o;
    mn_trainer_defaults(&o);
    o.batch = 9;
    o.threads = threads;
    o.epochs = 3;
    o.seed = 6;
    return o;
}

static void start(training *t, const char *path, const mn_trainer_options *options) {
    assert_int_equal(mn_dataset_open(path, NULL, &t->data), MN_OK);
    t->data.cache_limit = 64 << 20;
    make_net(t->data.class_count, &t->net);
    assert_int_equal(mn_trainer_create(&t->net, &t->data, options, &t->trainer), MN_OK);
}

static void start_signs(training *t, int32_t threads) {
    mn_trainer_options options = choose(threads);
    start(t, "models/signs", &options);
}

static void finish(training *t) {
    mn_trainer_free(&t->trainer);
    mn_net_free(&t->net);
    mn_dataset_free(&t->data);
}

static void run(training *t, int steps) {
    mn_train_result result;
    for (int i = 0; i < steps; i++) {
        mn_trainer *trainer = &t->trainer;
        if (mn_trainer_step(trainer, &result) != MN_OK) fail_msg("%s", mn_error_detail());
        if (trainer->step % trainer->steps_per_epoch == 0) mn_trainer_end_epoch(trainer, NULL);
    }
}

static void equal(const training *a, const training *b) {
    const mn_train_net *x = &a->trainer.net, *y = &b->trainer.net;
    size_t parameters = x->parameter_count * sizeof(float), statistics = x->statistic_count * sizeof(float);
    assert_memory_equal(x->parameters, y->parameters, parameters);
    assert_memory_equal(x->statistics, y->statistics, statistics);
    assert_memory_equal(a->trainer.ema_parameters, b->trainer.ema_parameters, parameters);
    assert_memory_equal(a->trainer.ema_statistics, b->trainer.ema_statistics, statistics);
    assert_true(a->trainer.loss == b->trainer.loss && a->trainer.seen == b->trainer.seen);
}

static void same_seed_same_bits(void **state) {
    (void)state;
    for (int32_t threads = 1; threads <= 3; threads++) {
        training a, b;
        start_signs(&a, threads);
        start_signs(&b, threads);
        run(&a, 6);
        run(&b, 6);
        equal(&a, &b);
        finish(&a);
        finish(&b);
    }
}

/* Sums are made in another order, and no more than that. */
static void threads_only_round(void **state) {
    (void)state;
    training a, b;
    start_signs(&a, 1);
    start_signs(&b, 2);
    run(&a, 1);
    run(&b, 1);
    for (size_t i = 0; i < a.trainer.net.parameter_count; i++) {
        assert_float_equal(a.trainer.net.parameters[i], b.trainer.net.parameters[i], 1e-5);
    }
    finish(&a);
    finish(&b);
}

static void resumed_is_the_same(void **state) {
    (void)state;
    for (int kind = MN_RMSPROP; kind <= MN_ADAM; kind++) {
        mn_trainer_options options = choose(2);
        training whole, first, second;
        uint8_t *data;
        size_t bytes;
        mn_optimiser_defaults((mn_optimiser_kind)kind, &options.optimiser);
        options.ema = kind == MN_SGD ? 0 : 0.99;
        start(&whole, "models/signs", &options);
        start(&first, "models/signs", &options);
        start(&second, "models/signs", &options);
        run(&whole, 8);
        run(&first, 5);
        assert_int_equal(mn_trainer_save(&first.trainer, &data, &bytes), MN_OK);
        assert_int_equal(mn_trainer_load(&second.trainer, data, bytes, "state"), MN_OK);
        run(&second, 3);
        equal(&whole, &second);
        assert_true(whole.trainer.epochs[0].loss == second.trainer.epochs[0].loss);
        free(data);
        finish(&whole);
        finish(&first);
        finish(&second);
    }
}

static void fails(mn_status got, mn_status expected, const char *words) {
    assert_int_equal(got, expected);
    if (!strstr(mn_error_detail(), words)) fail_msg("'%s' lacks '%s'", mn_error_detail(), words);
}

static void wrong_checkpoints_are_refused(void **state) {
    (void)state;
    mn_trainer_options options = choose(1);
    training a, b;
    uint8_t *data;
    size_t bytes;
    start_signs(&a, 1);
    run(&a, 1);
    assert_int_equal(mn_trainer_save(&a.trainer, &data, &bytes), MN_OK);
    options.seed++;
    start(&b, "models/signs", &options);
    fails(mn_trainer_load(&b.trainer, data, bytes, "state"), MN_ERROR_ARGUMENT, "--seed differs");
    for (size_t cut = 0; cut < bytes; cut += bytes / 7) {
        fails(mn_trainer_load(&a.trainer, data, cut, "state"), MN_ERROR_FORMAT, "state: is ");
    }
    for (size_t at = 0; at < bytes; at += bytes / 29) {
        data[at] ^= 0x10;
        assert_int_not_equal(mn_trainer_load(&a.trainer, data, bytes, "state"), MN_OK);
        data[at] ^= 0x10;
    }
    assert_int_equal(mn_trainer_load(&a.trainer, data, bytes, "state"), MN_OK);
    free(data);
    finish(&a);
    finish(&b);
}

/* The step is named, and the weights are those before it. */
static void loss_must_be_finite(void **state) {
    (void)state;
    training t;
    mn_train_result result;
    start_signs(&t, 2);
    run(&t, 2);
    mn_train_net *net = &t.trainer.net;
    net->parameters[net->head[0].bias] = NAN;
    size_t bytes = net->parameter_count * sizeof(float);
    float *before = malloc(bytes);
    memcpy(before, net->parameters, bytes);
    fails(mn_trainer_step(&t.trainer, &result), MN_ERROR_ARGUMENT, "step 3");
    assert_memory_equal(before, net->parameters, bytes);
    assert_int_equal(t.trainer.step, 2);
    free(before);
    finish(&t);
}

/* ---- Pictures that cannot be read -------------------------------------------------------------------- */

static int told;

static void count_told(void *self, const char *sentence) {
    (void)self;
    assert_non_null(strstr(sentence, "damaged"));
    told++;
}

static void shell(const char *format, const char *folder) {
    char command[256];
    snprintf(command, sizeof command, format, folder);
    assert_int_equal(system(command), 0);
}

static void unreadable_pictures_are_replaced(void **state) {
    (void)state;
    char folder[] = "/tmp/mn_trainer_XXXXXX", path[128];
    mn_trainer_options options = choose(2);
    mn_train_result result;
    training t;
    assert_non_null(mkdtemp(folder));
    shell("cp -r models/signs/. %s", folder);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/bump/damaged%d.jpg", folder, i);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs("not a picture", file);
        fclose(file);
    }
    start(&t, folder, &options);
    t.trainer.on_skipped = count_told;
    told = 0;
    run(&t, (int)t.trainer.steps);
    assert_int_equal(told, 3); /* once each, in three epochs */
    assert_int_equal(t.trainer.skipped, 3);
    assert_int_equal(mn_trainer_evaluate(&t.trainer, &t.data, &result), MN_OK);
    assert_int_equal(result.count, t.data.count - 3);
    finish(&t);
    shell("rm -r %s", folder);
}

static void too_few_pictures_are_refused(void **state) {
    (void)state;
    mn_trainer_options options = choose(1);
    mn_dataset data;
    mn_net net;
    mn_trainer trainer;
    options.batch = 1000;
    assert_int_equal(mn_dataset_open("models/signs", NULL, &data), MN_OK);
    make_net(data.class_count, &net);
    fails(mn_trainer_create(&net, &data, &options, &trainer), MN_ERROR_ARGUMENT, "smaller batch");
    mn_net_free(&net);
    mn_dataset_free(&data);
}

/* The pictures are learnt by heart. */
static void it_learns(void **state) {
    (void)state;
    mn_trainer_options options = choose(2);
    mn_train_result result;
    training t;
    options.epochs = 60;
    options.schedule.rate = 0.3;
    options.dropout = 0;
    options.augment = (mn_augment){.area = {1, 1}, .aspect = {1, 1}, .colour = MN_COLOUR_NONE};
    options.optimiser.kind = MN_SGD;
    start(&t, "models/signs", &options);
    run(&t, (int)t.trainer.steps);
    assert_int_equal(mn_trainer_evaluate(&t.trainer, &t.data, &result), MN_OK);
    assert_true(result.right >= result.count * 9 / 10);
    finish(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_bits),          cmocka_unit_test(threads_only_round),
        cmocka_unit_test(resumed_is_the_same),          cmocka_unit_test(wrong_checkpoints_are_refused),
        cmocka_unit_test(loss_must_be_finite),          cmocka_unit_test(unreadable_pictures_are_replaced),
        cmocka_unit_test(too_few_pictures_are_refused), cmocka_unit_test(it_learns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
