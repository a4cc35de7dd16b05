/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* signs_linear: how far a linear classifier gets on the pixels, to show that the pictures are no gift.
 *
 *     ./signs_linear [TRAIN [TEST [EPOCHS]]]
 *
 * Draws TRAIN pictures of the training split and TEST of the test split (20000 and 3600), shrinks them to 32x32 and
 * fits a softmax regression with one weight for each pixel, colour and class (EPOCHS: 20). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classes.h"
#include "encode.h"

#define SIDE 32
#define SHRINK 3 /* pictures are drawn at 96x96 */
#define FEATURES (SIDE * SIDE * 3)
#define MAX_CLASSES 64

/* Picture i has class i modulo the number of classes. */
typedef struct pictures {
    int count;
    unsigned char *pixels; /* [count][FEATURES] */
} pictures;

typedef struct model {
    float weight[FEATURES][MAX_CLASSES];
    float bias[MAX_CLASSES];
    float mean[FEATURES]; /* of the training pictures, in bytes */
} model;

static void shrink(const unsigned char *rgb, unsigned char *out) {
    for (int i = 0; i < FEATURES; i++) {
        int x = i / 3 % SIDE * SHRINK, y = i / 3 / SIDE * SHRINK, sum = 0;
        for (int k = 0; k < SHRINK * SHRINK; k++) {
            sum += rgb[((y + k / SHRINK) * SIDE * SHRINK + x + k % SHRINK) * 3 + i % 3];
        }
        out[i] = (unsigned char)(sum / (SHRINK * SHRINK));
    }
}

/* False when memory is short. */
static bool draw(pictures *p, split which, int count) {
    texture *noise = malloc(sizeof *noise);
    studio s = {0};
    p->count = count;
    p->pixels = malloc((size_t)count * FEATURES);
    bool fine = noise && p->pixels;
    if (fine) {
        picture_texture(noise, 1, which);
        fine = studio_open(&s, SIDE * SHRINK, noise);
        for (int i = 0; i < count && fine; i++) {
            order o = {1, which, (uint64_t)i};
            fine = picture_draw(&s, &o) && encode_through_jpeg(&s);
            shrink(s.rgb, p->pixels + (size_t)i * FEATURES);
        }
        studio_close(&s);
    }
    free(noise);
    return fine;
}

static void set_mean(model *m, const pictures *p) {
    for (int i = 0; i < p->count; i++) {
        for (int f = 0; f < FEATURES; f++) m->mean[f] += p->pixels[(size_t)i * FEATURES + (size_t)f];
    }
    for (int f = 0; f < FEATURES; f++) m->mean[f] /= (float)p->count;
}

/* The features of picture `i`, about from -1 to 1, and the classes' scores. */
static void score(const model *m, const pictures *p, int i, float *features, float *scores) {
    memcpy(scores, m->bias, sizeof m->bias);
    for (int f = 0; f < FEATURES; f++) {
        features[f] = ((float)p->pixels[(size_t)i * FEATURES + (size_t)f] - m->mean[f]) / 128;
        for (int c = 0; c < MAX_CLASSES; c++) scores[c] += features[f] * m->weight[f][c];
    }
}

static int best(const float *scores) {
    int winner = 0;
    for (int c = 1; c < classes_count; c++) {
        if (scores[c] > scores[winner]) winner = c;
    }
    return winner;
}

/* One step of stochastic gradient descent on the cross-entropy. */
static void learn(model *m, const pictures *p, int i, float rate) {
    float features[FEATURES], slope[MAX_CLASSES], sum = 0;
    score(m, p, i, features, slope);
    float highest = slope[best(slope)];
    for (int c = 0; c < MAX_CLASSES; c++) {
        slope[c] = c < classes_count ? expf(slope[c] - highest) : 0;
        sum += slope[c];
    }
    for (int c = 0; c < MAX_CLASSES; c++) slope[c] = rate * (slope[c] / sum - (c == i % classes_count));
    for (int f = 0; f < FEATURES; f++) {
        for (int c = 0; c < MAX_CLASSES; c++) m->weight[f][c] -= features[f] * slope[c];
    }
    for (int c = 0; c < MAX_CLASSES; c++) m->bias[c] -= slope[c];
}

/* Per cent of the pictures whose class has the highest score. */
static double accuracy(const model *m, const pictures *p) {
    int right = 0;
    for (int i = 0; i < p->count; i++) {
        float features[FEATURES], scores[MAX_CLASSES];
        score(m, p, i, features, scores);
        right += best(scores) == i % classes_count;
    }
    return 100.0 * right / p->count;
}

static void fit(model *m, const pictures *train, const pictures *test, int epochs) {
    rng r = rng_make(1, 0);
    double highest = 0;
    set_mean(m, train);
    for (int epoch = 1; epoch <= epochs; epoch++) {
        float rate = 0.0005F * (1 - (float)(epoch - 1) / (float)epochs);
        for (int i = 0; i < train->count; i++) learn(m, train, rng_below(&r, train->count), rate);
        double now = accuracy(m, test);
        highest = fmax(highest, now);
        printf("epoch %2d: %.1f %% of the test pictures right\n", epoch, now);
        fflush(stdout);
    }
    printf("%d training pictures, %.1f %% right; %d test pictures, at best %.1f %% right; by chance %.1f %%\n",
           train->count, accuracy(m, train), test->count, highest, 100.0 / classes_count);
}

/* Argument `which`, or `otherwise`; 0 when it is not a number from 1 to 1000000. */
static int number(int count, char **arguments, int which, int otherwise) {
    if (which >= count) return otherwise;
    char *end;
    long value = strtol(arguments[which], &end, 10);
    return *end || value < 1 || value > 1000000 ? 0 : (int)value;
}

int main(int count, char **arguments) {
    int train_count = number(count, arguments, 1, 20000), test_count = number(count, arguments, 2, 3600);
    int epochs = number(count, arguments, 3, 20);
    if (!train_count || !test_count || !epochs || count > 4) {
        fprintf(stderr, "usage: signs_linear [TRAIN [TEST [EPOCHS]]]\n");
        return 2;
    }
    pictures train = {0}, test = {0};
    model *m = calloc(1, sizeof *m);
    bool fine = m && draw(&train, SPLIT_TRAIN, train_count) && draw(&test, SPLIT_TEST, test_count);
    if (fine)
        fit(m, &train, &test, epochs);
    else
        fprintf(stderr, "signs_linear: out of memory\n");
    free(train.pixels);
    free(test.pixels);
    free(m);
    return fine ? 0 : 1;
}
