/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "samples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/extremes.h"
#include "base/sync.h"
#include "base/thread.h"
#include "common/error.h"
#include "common/progress.h"
#include "graph/pixels.h"
#include "image/prepare.h"

enum { NAMED = 5 }; /* unreadable photos that are named; the rest are only counted */

/* `next`, `done` and `progress` belong to `lock`. */
typedef struct loading {
    const cli_photos *photos;
    const mn_prepare *prepare;
    const mn_image_options *opening;
    uint8_t *pixels;
    bool *good; /* [photos->count] */
    mn_mutex lock;
    int32_t next, failed;
    char exhausted[512]; /* the sentence when memory ran out */
    cli_progress progress;
} loading;

static int32_t take_next(loading *l) {
    mn_mutex_lock(&l->lock);
    cli_progress_update(&l->progress, l->next);
    int32_t next = l->next < l->photos->count ? l->next++ : -1;
    mn_mutex_unlock(&l->lock);
    return next;
}

/* Out of memory is no fault of the photo: no more are taken. */
static void report_failure(loading *l, mn_status status) {
    mn_mutex_lock(&l->lock);
    if (status == MN_ERROR_MEMORY) {
        snprintf(l->exhausted, sizeof l->exhausted, "%s", mn_error_detail());
        l->next = l->photos->count;
    } else if (l->failed++ < NAMED) {
        cli_error("left out: %s", mn_error_detail());
    }
    mn_mutex_unlock(&l->lock);
}

static void load_photos(void *context, int32_t thread, int32_t threads) {
    (void)thread;
    (void)threads;
    loading *l = context;
    mn_fill fill = {.prepare = l->prepare}, *const fills[] = {&fill};
    for (int32_t i = take_next(l); i >= 0; i = take_next(l)) {
        fill.tensor = l->pixels + (size_t)i * l->prepare->bytes;
        mn_status status = cli_show_photo(l->photos->items[i].path, l->opening, fills, 1);
        l->good[i] = status == MN_OK;
        if (status != MN_OK) report_failure(l, status);
    }
    mn_fill_free(&fill);
}

/* A contract under which the stored byte is the pixel. */
static mn_status prepare_bytes(const mn_tensor *input, const mn_preprocess_options *options, const mn_pixels *pixels,
                               mn_prepare *out) {
    static const float scale = 1;
    static const int32_t zero = 0;
    mn_tensor bytes = *input;
    mn_preprocess_options wanted = *options;
    bytes.type = MN_UINT8;
    bytes.quant = (mn_quant){.count = 1, .scale = &scale, .zero_point = &zero};
    wanted.has_mean = false;
    wanted.has_range = true;
    wanted.low = 0;
    wanted.high = 255;
    return mn_prepare_init(&bytes, pixels, &wanted, out);
}

static mn_status load_all(loading *l, int32_t jobs) {
    size_t bytes;
    const size_t count = (size_t)l->photos->count;
    l->good = calloc(count, sizeof *l->good);
    l->pixels = mn_mul_size(count, l->prepare->bytes, &bytes) ? malloc(bytes) : NULL;
    if (l->good == NULL || l->pixels == NULL) {
        return mn_fail(MN_ERROR_MEMORY, "out of memory for %d photos of %zu bytes; take fewer with --limit",
                       l->photos->count, l->prepare->bytes);
    }
    mn_team *team = NULL;
    if (jobs == 0) jobs = mn_available_processors();
    if (jobs > 1) MN_TRY(mn_team_create(jobs, &team));
    cli_progress_begin(&l->progress, "reading photos", l->photos->count);
    if (team != NULL) {
        mn_team_run(team, load_photos, l);
    } else {
        load_photos(l, 0, 1);
    }
    cli_progress_end(&l->progress);
    mn_team_close(&team);
    if (l->exhausted[0] != '\0') return mn_fail(MN_ERROR_MEMORY, "%s; or try fewer --jobs", l->exhausted);
    return MN_OK;
}

/* Keeps those that could be read. */
static bool take_photos(loading *l, const char *folder, const mn_pixels *pixels, cli_samples *out) {
    const int32_t count = l->photos->count;
    out->set = (mn_samples){.count = count, .elements = l->prepare->bytes, .pixels = l->pixels};
    cli_samples_mean(pixels, &out->set);
    l->pixels = NULL;
    cli_samples_keep(out, l->good);
    if (l->failed > NAMED) cli_error("left out: %d photos in all", l->failed);
    if (out->set.count > 0) return true;
    cli_error("%s: none of its %d photos can be read", folder, count);
    return false;
}

static bool load_folder(const char *folder, const mn_prepare *prepare, const mn_image_options *opening,
                        const mn_pixels *pixels, int32_t jobs, cli_samples *out) {
    loading l = {.photos = &out->photos, .prepare = prepare, .opening = opening, .lock = MN_MUTEX_INITIAL};
    mn_status status = load_all(&l, jobs);
    if (status != MN_OK) cli_library_error(status);
    bool good = status == MN_OK && take_photos(&l, folder, pixels, out);
    free(l.pixels);
    free(l.good);
    return good;
}

void cli_samples_mean(const mn_pixels *pixels, mn_samples *out) {
    out->meaning = MN_INTERVAL_UNKNOWN;
    out->by_channel = false;
    for (int32_t c = 0; c < 3; c++) {
        mn_interval channel = {.low = (float)pixels->low[c], .high = (float)pixels->high[c]};
        out->channel[c] = channel;
        out->by_channel = out->by_channel || channel.low != out->channel[0].low || channel.high != out->channel[0].high;
        if (c == 0) out->meaning = channel;
        out->meaning.low = mn_min_f32(out->meaning.low, channel.low);
        out->meaning.high = mn_max_f32(out->meaning.high, channel.high);
    }
}

bool cli_samples_pixels(const mn_preprocess_options *options, const mn_graph *graph, mn_pixels *out) {
    mn_pixels pixels = {0};
    mn_prepare contract;
    mn_samples samples;
    mn_status told = mn_prepare_given(options) ? MN_OK : mn_graph_pixels(graph, &pixels);
    mn_status status = mn_prepare_init(&graph->tensors[graph->inputs[0]], &pixels, options, &contract);
    if (status == MN_OK) status = told;
    if (status != MN_OK) {
        cli_library_error(mn_fail_prefix(status, graph->name));
        return false;
    }
    pixels = contract.pixels;
    cli_samples_mean(&pixels, &samples);
    if (!(samples.meaning.low <= 0 && samples.meaning.high > 0)) {
        cli_error("pixels become %g..%g, which does not hold zero, as 8-bit tensors must; give another --input-range",
                  (double)samples.meaning.low, (double)samples.meaning.high);
        return false;
    }
    *out = pixels;
    return true;
}

bool cli_samples_load(const char *folder, int32_t limit, const mn_tensor *input, const mn_class_names *known,
                      int32_t classes, const cli_showing *showing, const mn_pixels *pixels, int32_t jobs,
                      cli_samples *out) {
    cli_labels labels = {0};
    mn_prepare prepare, contract;
    mn_status status = prepare_bytes(input, &showing->preprocess, pixels, &prepare);
    if (status == MN_OK) status = mn_prepare_init(input, pixels, &showing->preprocess, &contract);
    if (status != MN_OK) {
        cli_library_error(status);
        return false;
    }
    snprintf(out->text, sizeof out->text, "%s", contract.text);
    if (!cli_labels_open(&labels, NULL, known, classes, false)) return false;
    bool good = cli_photos_from_folder(folder, &labels, false, &out->photos);
    if (good) {
        cli_photos_limit(&out->photos, limit);
        good = load_folder(folder, &prepare, &showing->opening, pixels, jobs, out);
    }
    cli_labels_close(&labels);
    return good;
}

void cli_samples_keep(cli_samples *samples, const bool *keep) {
    int32_t kept = 0;
    uint8_t *pixels = (uint8_t *)(uintptr_t)samples->set.pixels; /* ours, and so not constant to us */
    for (int32_t i = 0; i < samples->set.count; i++) {
        if (!keep[i]) continue;
        size_t bytes = samples->set.elements;
        if (kept < i) memcpy(pixels + (size_t)kept * bytes, pixels + (size_t)i * bytes, bytes);
        kept++;
    }
    samples->set.count = kept;
    cli_photos_keep(&samples->photos, keep);
}

void cli_samples_free(cli_samples *samples) {
    free((void *)(uintptr_t)samples->set.pixels);
    cli_photos_free(&samples->photos);
    *samples = (cli_samples){0};
}

void cli_samples_tell(void *context, const char *what, int32_t done, int32_t total) {
    cli_progress *progress = context;
    if (done == 1) {
        cli_progress_end(progress);
        cli_progress_begin(progress, what, total);
    }
    cli_progress_update(progress, done);
    if (done == total) cli_progress_end(progress);
}
