/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/feed.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

enum { SENTENCE = 512 };

/* What became of one place of the batch. */
typedef struct place {
    mn_status status;
    bool found_bad; /* its first picture was found unreadable now */
    char sentence[SENTENCE];
} place;

struct mn_feed {
    int32_t batch, count; /* places there are, places of the last fill */
    place *places;
};

mn_status mn_feed_create(int32_t batch, mn_feed **out) {
    mn_feed *feed = calloc(1, sizeof *feed);
    place *places = calloc((size_t)batch, sizeof *places);
    if (!feed || !places) {
        free(feed);
        free(places);
        return mn_fail_memory("a batch of pictures");
    }
    *feed = (mn_feed){.batch = batch, .places = places};
    *out = feed;
    return MN_OK;
}

void mn_feed_free(mn_feed **feed) {
    if (*feed) free((*feed)->places);
    free(*feed);
    *feed = NULL;
}

/* ---- Loading ----------------------------------------------------------------------------------------- */

typedef struct fill_job {
    mn_feed *feed;
    mn_train_net *t;
    const mn_feed_request *request;
    atomic_int next;
} fill_job;

static uint64_t seed_of(uint64_t seed, int32_t example) {
    mn_random random = {seed ^ ((uint64_t)example * UINT64_C(0x9fb21c651e98df25))};
    return mn_random_bits(&random);
}

static mn_status load_example(const fill_job *j, int32_t example, int32_t at) {
    const mn_train_net *t = j->t;
    mn_picture room = {0};
    const mn_picture *image = NULL;
    mn_random random = {seed_of(j->request->seed, example)};
    float *out = t->pictures + (size_t)at * 3 * (size_t)t->height * (size_t)t->width;
    mn_status status = mn_dataset_picture(j->request->data, example, &room, &image);
    if (status == MN_OK) {
        status = mn_augment_picture(j->request->augment, image, &random, t->height, t->width, t->pixel_scale,
                                    t->pixel_offset, out);
    }
    mn_picture_free(&room);
    t->labels[at] = j->request->data->examples[example].label;
    return status;
}

/* Another example in place of one that cannot be read, which only the seed decides. */
static int32_t choose_other(const fill_job *j, int32_t place_in_order, int32_t attempt) {
    mn_random random = {seed_of(j->request->seed, place_in_order) + (uint64_t)attempt};
    return (int32_t)(mn_random_bits(&random) % (uint64_t)j->request->data->count);
}

static void load_place(const fill_job *j, int32_t at) {
    enum { ATTEMPTS = 64 };
    const mn_feed_request *r = j->request;
    place *p = &j->feed->places[at];
    int32_t where = r->first + at, example = r->order ? r->order[where] : where;
    bool known = r->data->examples[example].bad;
    p->status = load_example(j, example, at);
    p->found_bad = p->status != MN_OK && p->status != MN_ERROR_MEMORY && !known;
    if (p->status != MN_OK) snprintf(p->sentence, sizeof p->sentence, "%s", mn_error_detail());
    for (int32_t i = 0; r->augment && i < ATTEMPTS && p->status != MN_OK && p->status != MN_ERROR_MEMORY; i++) {
        p->status = load_example(j, choose_other(j, where, i), at);
    }
}

static void fill_run(void *context, int32_t thread, int32_t threads) {
    (void)thread;
    (void)threads;
    fill_job *j = context;
    for (int32_t at; (at = atomic_fetch_add(&j->next, 1)) < j->request->count;) load_place(j, at);
}

/* Moves what was read together. */
static int32_t close_gaps(const mn_feed *feed, mn_train_net *t, int32_t count) {
    int32_t kept = 0;
    size_t size = 3 * (size_t)t->height * (size_t)t->width;
    for (int32_t i = 0; i < count; i++) {
        if (feed->places[i].status != MN_OK) continue;
        if (kept < i) {
            memcpy(t->pictures + (size_t)kept * size, t->pictures + (size_t)i * size, size * sizeof(float));
            t->labels[kept] = t->labels[i];
        }
        kept++;
    }
    return kept;
}

mn_status mn_feed_fill(mn_feed *feed, mn_train_net *t, const mn_feed_request *request) {
    fill_job job = {.feed = feed, .t = t, .request = request};
    feed->count = request->count;
    mn_train_run(t, fill_run, &job);
    for (int32_t i = 0; i < request->count; i++) {
        const place *p = &feed->places[i];
        if (p->status == MN_ERROR_MEMORY) return mn_fail(MN_ERROR_MEMORY, "%s", p->sentence);
        if (p->status != MN_OK && request->augment) {
            return mn_fail(MN_ERROR_FORMAT, "%s: too few pictures can be read; the last one: %s", request->data->path,
                           p->sentence);
        }
    }
    t->count = close_gaps(feed, t, request->count);
    return MN_OK;
}

const char *mn_feed_skipped(const mn_feed *feed, int32_t i) {
    for (int32_t at = 0; at < feed->count; at++) {
        if (feed->places[at].found_bad && i-- == 0) return feed->places[at].sentence;
    }
    return NULL;
}
