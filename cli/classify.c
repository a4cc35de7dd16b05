/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet classify: what is in these photos? */

#include <stdio.h>
#include <stdlib.h>

#include "classifier.h"
#include "commands.h"
#include "common/error.h"
#include "common/json.h"
#include "delegation.h"
#include "image_options.h"
#include "labels.h"
#include "photos.h"
#include "session_options.h"

typedef struct settings {
    const char *model, *labels, *output;
    cli_list images;
    bool quantised, json;
    int32_t top;
    cli_image_options image;
    cli_session_options session;
} settings;

static const cli_option options[] = {
    {.name = "model",
     .letter = 'm',
     .kind = CLI_TEXT,
     .required = true,
     .offset = offsetof(settings, model),
     .value = "FILE",
     .help = "the .tflite model"},
    {.name = "image",
     .letter = 'i',
     .kind = CLI_LIST,
     .offset = offsetof(settings, images),
     .value = "IMAGE...",
     .help = "photos (JPEG, PNG, WebP, BMP, PGM, PPM), folders of them, or - for standard input; also without -i"},
    {.name = "quantized",
     .letter = 'q',
     .kind = CLI_FLAG,
     .offset = offsetof(settings, quantised),
     .help = "fail if the model is not quantised"},
    {.name = "top",
     .letter = 'k',
     .kind = CLI_INT,
     .offset = offsetof(settings, top),
     .value = "N",
     .low = 1,
     .high = 1000000,
     .help = "classes to show [5]"},
    {.name = "labels",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, labels),
     .value = "FILE",
     .help = "names of the classes, one per line [ImageNet's for 1000 or 1001 classes]"},
    CLI_OUTPUT_OPTION(settings, output),
    {.name = "json",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, json),
     .help = "print one JSON object per photo, one per line"},
    CLI_IMAGE_OPTIONS(settings, image),
    CLI_SESSION_OPTIONS(settings, session),
    CLI_NPU_OPTION(settings, session),
    {0},
};

/* The flags of TensorFlow Lite's label_image, in C++ and in Python, that are called otherwise here. */
#define NO_DELEGATES "of delegates only external ones are hosted, by --external_delegate_path=FILE; leave it out"
static const cli_alias label_image[] = {
    {"tflite-model", 0, "model", NULL},
    {"model-file", 0, "model", NULL},
    {"label-file", 'l', "labels", NULL},
    {"num-threads", 't', "threads", NULL},
    {"num-results", 'r', "top", NULL},
    {"input-mean", 'b', "mean", NULL},
    {"input-std", 's', "std", NULL},
    {"count", 'c', NULL, "one run of each photo tells all; benchmark_model --num_runs=N measures"},
    {"warmup-runs", 'w', NULL, "benchmark_model --warmup_runs=N measures"},
    {"profiling", 'p', NULL, "benchmark_model --enable_op_profiling=true measures each operator"},
    {"max-profiling-buffer-entries", 0, NULL, "benchmark_model --enable_op_profiling=true measures each operator"},
    {"verbose", 'v', NULL, "'mobilenet inspect MODEL' shows what is in the model"},
    {"allow-fp16", 'f', NULL, "float arithmetic is always 32 bit; leave it out"},
    {"accelerated", 'a', NULL, NO_DELEGATES},
    {"old-accelerated", 'd', NULL, NO_DELEGATES},
    {"gl-backend", 'g', NULL, NO_DELEGATES},
    {"hexagon-delegate", 'j', NULL, NO_DELEGATES},
    {"xnnpack-delegate", 'x', NULL, NO_DELEGATES},
    {"use-gpu", 0, NULL, NO_DELEGATES},
    {"ext-delegate", 'e', "external-delegate-path", NULL},
    {"ext-delegate-options", 'o', "external-delegate-options", NULL},
    {0},
};

const cli_command cli_classify_command = {
    .name = "classify",
    .usage = "-m MODEL [options] IMAGE...",
    .summary = "Classifies photos: prints the most probable classes, with their probabilities.",
    .notes = "The flags of TensorFlow Lite's label_image work too: -l, -t, -r, -b, -s, -e, -o, --tflite_model.",
    .options = options,
    .aliases = label_image,
    .operands = true,
    .operand_offset = offsetof(settings, images),
};

/* What does not change from photo to photo. */
typedef struct job {
    const settings *settings;
    cli_classifier classifier;
    cli_worker worker;
    cli_labels labels;
    cli_photos photos;
    int32_t shown;  /* classes to show */
    mn_class *best; /* [shown] */
    mn_image_options opening;
} job;

/* Delegates may compile the model when it runs first. */
static void print_delegate(const job *j) {
    const cli_classifier *c = &j->classifier;
    const char *name = cli_delegate_name(&c->setup);
    if (name == NULL) return;
    char share[CLI_SHARE_TEXT];
    const cli_delegation d = cli_delegation_of(mn_classifier_session(j->worker.own));
    printf("on     %s: %s; the first inference took %.2f ms\n", name, cli_delegation_share(&d, share),
           (double)j->worker.first_ns * 1e-6);
}

static void print_header(const job *j) {
    const cli_classifier *c = &j->classifier;
    char answers[CLI_ANSWERS_TEXT];
    printf("model  %s: %s, %d %s%s\n", j->settings->model, c->quantised ? "quantised" : "float", c->info.classes,
           c->info.labels ? "labels" : "classes", cli_classifier_answers(c, answers));
    printf("input  %s; %s, %s\n", c->input.text, c->input.crop == MN_CROP_CENTRAL ? "central 87.5 %" : "whole photo",
           mn_resize_filter_name(c->input.filter));
    print_delegate(j);
}

static void print_class(job *j, const mn_class *class) {
    printf("  %6.2f %%  %s\n", 100 * (double)class->probability, cli_labels_name(&j->labels, class->index));
}

/* Labels that hold, all of them; of those that do not, only the nearest, and as many as are shown. */
static void print_labels(job *j) {
    int32_t holding = 0;
    while (holding < j->shown && j->best[holding].probability >= 0.5f) holding++;
    printf("  %s\n", holding > 0 ? "these hold (50 % or more)" : "none holds (50 % or more)");
    for (int32_t i = 0; i < holding; i++) print_class(j, &j->best[i]);
    if (holding < j->shown) printf("  less likely\n");
    for (int32_t i = holding; i < j->shown; i++) print_class(j, &j->best[i]);
}

static void print_text(job *j, const char *path, int32_t width, int32_t height) {
    printf("\n%s: %dx%d, one inference %.2f ms with %d thread(s)\n", path, width, height,
           (double)j->worker.run_ns * 1e-6, mn_session_threads(mn_classifier_session(j->worker.own)));
    if (j->classifier.info.labels) {
        print_labels(j);
        return;
    }
    for (int32_t i = 0; i < j->shown; i++) {
        if (j->best[i].probability <= 0) { /* 8 bits round most classes to nothing */
            printf("  %6.2f %%  every other class\n", 0.0);
            break;
        }
        print_class(j, &j->best[i]);
    }
}

static void print_json(job *j, const char *path, int32_t width, int32_t height) {
    const cli_classifier *c = &j->classifier;
    cli_json json = {.out = stdout};
    cli_json_object(&json, NULL);
    cli_json_text(&json, "image", path);
    cli_json_int(&json, "width", width);
    cli_json_int(&json, "height", height);
    cli_json_text(&json, "model", j->settings->model);
    cli_json_text(&json, "input", c->input.text);
    cli_json_pixels(&json, c->input.pixels);
    cli_json_text(&json, "fit", c->input.crop == MN_CROP_CENTRAL ? "crop" : "exact");
    cli_json_text(&json, "filter", mn_resize_filter_name(c->input.filter));
    cli_json_answers(&json, c);
    cli_json_int(&json, "threads", mn_session_threads(mn_classifier_session(j->worker.own)));
    cli_json_number(&json, "milliseconds", (double)j->worker.run_ns * 1e-6);
    cli_json_number(&json, "first_milliseconds", (double)j->worker.first_ns * 1e-6);
    cli_json_delegation(&json, cli_delegate_name(&c->setup), c->model, mn_classifier_session(j->worker.own));
    cli_json_array(&json, "classes");
    for (int32_t i = 0; i < j->shown; i++) {
        const mn_class *class = &j->best[i];
        cli_json_object(&json, NULL);
        cli_json_int(&json, "class", class->index);
        cli_json_text(&json, "label", cli_labels_name(&j->labels, class->index));
        cli_json_text(&json, "wnid", cli_labels_wnid(&j->labels, class->index));
        cli_json_number(&json, "probability", (double)class->probability);
        cli_json_number(&json, "score", (double)class->score);
        cli_json_end(&json);
    }
    cli_json_end(&json);
    cli_json_end(&json);
}

static mn_status show_photo(job *j, const char *path, int32_t *width, int32_t *height) {
    mn_image *photo = NULL;
    MN_TRY(mn_image_open(path, &j->opening, &photo));
    mn_status status = mn_image_size(photo, width, height);
    if (status == MN_OK) status = mn_classifier_show(j->worker.own, photo);
    mn_image_close(&photo);
    return status;
}

static mn_status classify_photo(job *j, const char *path) {
    int32_t width, height, count;
    MN_TRY(show_photo(j, path, &width, &height));
    mn_status status = cli_worker_run(&j->worker);
    if (status != MN_OK) return mn_fail_prefix(status, path);
    MN_TRY(mn_classifier_best(j->worker.own, j->shown, j->best, &count));
    if (j->settings->json) {
        print_json(j, path, width, height);
    } else {
        print_text(j, path, width, height);
    }
    return MN_OK;
}

/* Every photo gets its turn; false when one of them failed. */
static bool classify_photos(job *j) {
    const cli_list *images = &j->settings->images;
    bool good = cli_photos_from_paths(images->items, images->count, &j->photos);
    if (!j->settings->json) print_header(j);
    for (int32_t i = 0; i < j->photos.count; i++) {
        mn_status status = classify_photo(j, j->photos.items[i].path);
        if (status == MN_OK) continue;
        fflush(stdout); /* so that the sentence stands in its place when both go to one terminal */
        cli_library_error(status);
        good = false;
    }
    return good;
}

/* False after a sentence. */
static bool open_job(const settings *s, const cli_showing *showing, job *j) {
    j->opening = showing->opening;
    mn_status status = cli_classifier_open(s->model, s->output, &s->session, &showing->preprocess, &j->classifier);
    if (status == MN_OK && s->quantised && !j->classifier.quantised) {
        status =
            mn_fail(MN_ERROR_ARGUMENT, "%s: is a float model, and -q asks for a quantised one; leave -q out", s->model);
    }
    if (status == MN_OK) status = cli_worker_open(&j->classifier, &j->worker);
    if (status == MN_OK) status = cli_worker_warm_up(&j->worker);
    if (status == MN_OK) {
        j->shown = s->top < j->classifier.info.classes ? s->top : j->classifier.info.classes;
        j->best = malloc((size_t)j->shown * sizeof *j->best);
        if (j->best == NULL) status = mn_fail_memory("the best classes");
    }
    if (status == MN_OK)
        return cli_labels_open(&j->labels, s->labels, j->classifier.known, j->classifier.info.classes,
                               j->classifier.info.units == 1);
    cli_library_error(status);
    return false;
}

static int classify(const settings *s) {
    cli_showing showing;
    job j = {.settings = s};
    if (s->images.count == 0) {
        cli_error("classify: no photo is named; see 'mobilenet classify --help'");
        return CLI_USAGE;
    }
    if (!cli_image_resolve(&s->image, &showing) || !cli_delegate_check(&s->session.delegate)) return CLI_USAGE;

    bool good = open_job(s, &showing, &j) && classify_photos(&j);
    free(j.best);
    cli_photos_free(&j.photos);
    cli_labels_close(&j.labels);
    cli_worker_close(&j.worker);
    cli_classifier_close(&j.classifier);
    return good ? CLI_OK : CLI_FAILURE;
}

int cli_classify(int count, char *const *arguments) {
    settings s = {.top = 5, .image = CLI_IMAGE_DEFAULTS, .session = CLI_SESSION_DEFAULTS};
    cli_parsed parsed = cli_parse(&cli_classify_command, count, arguments, &s);
    int code = parsed == CLI_PARSED ? classify(&s) : cli_parsed_code(parsed);
    cli_list_free(&s.images);
    return code;
}
