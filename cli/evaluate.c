/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet evaluate: how often is a model right, and how far is another one from it? Of several processes, which MPI
 * started, each takes its share of the photos, and the first one prints what all found. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreement.h"
#include "base/clock.h"
#include "base/sync.h"
#include "classifier.h"
#include "classify/answer.h"
#include "classify/classifier.h"
#include "commands.h"
#include "common/error.h"
#include "common/progress.h"
#include "evaluate_report.h"
#include "image_options.h"
#include "session_options.h"
#include "train/mpi.h"

enum { TOP = 5 };

typedef struct settings {
    const char *model, *compare, *images, *truth, *labels, *output;
    bool json;
    int32_t jobs, limit;
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
    {.name = "images",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, images),
     .value = "DIR",
     .help = "folder of photos, searched with the folders in it; or one photo"},
    {.name = "truth",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, truth),
     .value = "LISTFILE",
     .help = "evaluate the photos of this list: each line a path (relative to DIR, if given), a blank, and a class: "
             "its number, WordNet id or label"},
    {.name = "compare",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, compare),
     .value = "MODEL2",
     .help = "evaluate this model as well, without delegate, and compare its outputs with the first model's"},
    {.name = "jobs",
     .kind = CLI_INT,
     .offset = offsetof(settings, jobs),
     .value = "N",
     .low = 0,
     .high = MN_MAX_THREADS,
     .help = "photos evaluated at the same time; 0 for one per processor [0; with a delegate 1]"},
    {.name = "limit",
     .kind = CLI_INT,
     .offset = offsetof(settings, limit),
     .value = "N",
     .low = 1,
     .high = INT32_MAX,
     .help = "evaluate only N photos, spread evenly over the sorted list"},
    {.name = "labels",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, labels),
     .value = "FILE",
     .help = "names of the classes, one per line [ImageNet's for 1000 or 1001 classes]"},
    CLI_OUTPUT_OPTION(settings, output),
    {.name = "json", .kind = CLI_FLAG, .offset = offsetof(settings, json), .help = "print one JSON object"},
    CLI_IMAGE_OPTIONS(settings, image),
    CLI_SESSION_OPTIONS(settings, session),
    CLI_NPU_OPTION(settings, session),
    {0},
};

const cli_command cli_evaluate_command = {
    .name = "evaluate",
    .usage = "-m MODEL --images DIR [options]",
    .summary =
        "Measures the accuracy of a model over a folder of photos: top-1 and top-5 with 95 % intervals, speed, and "
        "the most confident mistakes; and how far another model is from it.",
    .notes =
        "The class of a photo is given by the list file; or by a WordNet id that starts its file name "
        "(n01440764_tench.JPEG); or by the folder below DIR that holds it: a WordNet id, a label of the model, or, "
        "when no folder is either and there are as many as classes, its place in the sorted order.\n\nResults do "
        "not depend on --jobs. Intervals are Wilson's and, by bootstrap, the middle 95 % of 2000 resamples of the "
        "photos, always the same ones. With --compare, top-1 is also paired: photos that the second model loses and "
        "wins, and McNemar's exact p. Photos that cannot be read are counted and named, and left out.\n\nmpirun -np N "
        "mobilenet "
        "evaluate ... shares the photos among N processes or machines; the results are the same.",
    .options = options,
};

/* One thread's sessions. */
typedef struct sessions {
    cli_worker worker[2];
} sessions;

/* The whole evaluation. `next`, `done` and `progress` belong to `lock`. */
typedef struct bench {
    cli_evaluation report;
    cli_photos photos;
    cli_labels labels;
    cli_classifier classifier[2];
    mn_image_options opening;
    sessions *sessions; /* [jobs] */
    int32_t jobs;       /* of this process */
    mn_team *team;
    mn_reduce *reduce; /* the other processes, or NULL */
    int32_t rank, ranks;
    mn_mutex lock;
    int32_t next, done;
    cli_progress progress;
} bench;

static cli_answer judge(const cli_worker *worker, int32_t truth) {
    const mn_classifier_info *info = &worker->classifier->info;
    const int32_t classes = info->classes;
    int32_t best[TOP], count = classes < TOP ? classes : TOP;
    mn_answer_top_k(worker->scores, classes, count, best);
    cli_answer answer = {.best = best[0], .probability = worker->probabilities[best[0]], .top1 = best[0] == truth};
    /* Where no scores tell apart what 8 bits round to nothing, being listed among that is no answer. */
    for (int32_t i = 0; i < count; i++) {
        answer.top5 = answer.top5 || (best[i] == truth && (info->scores_known || worker->probabilities[truth] > 0));
    }
    return answer;
}

static void compare(const sessions *own, cli_outcome *outcome) {
    const cli_worker *a = &own->worker[0], *b = &own->worker[1];
    outcome->apart = cli_compare_answers(a->classifier->answers, (cli_answer_values){a->probabilities, a->scores},
                                         b->classifier->answers, (cli_answer_values){b->probabilities, b->scores});
}

/* Both models may number their classes differently by a background class. */
static int32_t truth_for(const bench *b, int32_t model, int32_t truth) {
    return truth < 0 ? -1 : truth + b->classifier[model].info.classes - b->classifier[0].info.classes;
}

/* Both models see what one reading gives. */
static mn_status show_photo(const bench *b, sessions *own, const char *path) {
    mn_fill *fills[2] = {NULL, NULL};
    for (int32_t m = 0; m < b->report.models; m++) fills[m] = mn_classifier_fill(own->worker[m].own);
    return cli_show_photo(path, &b->opening, fills, b->report.models);
}

static mn_status evaluate_photo(const bench *b, sessions *own, const cli_photo *photo, cli_outcome *outcome) {
    MN_TRY(show_photo(b, own, photo->path));
    for (int32_t m = 0; m < b->report.models; m++) {
        mn_status status = cli_worker_run(&own->worker[m]);
        if (status != MN_OK) return mn_fail_prefix(status, photo->path);
        outcome->answer[m] = judge(&own->worker[m], truth_for(b, m, photo->truth));
    }
    if (b->report.models == 2) compare(own, outcome);
    return MN_OK;
}

static int32_t take_next(bench *b, int32_t finished) {
    mn_mutex_lock(&b->lock);
    b->done += finished;
    cli_progress_update(&b->progress, b->done);
    int32_t next = b->next < b->photos.count ? b->next : -1;
    if (next >= 0) b->next += b->ranks;
    mn_mutex_unlock(&b->lock);
    return next;
}

/* No more photos for anyone. */
static void leave(bench *b) {
    mn_mutex_lock(&b->lock);
    b->next = b->photos.count;
    mn_mutex_unlock(&b->lock);
}

/* A member of the team: takes the next photo until there is none. */
static void work(void *context, int32_t thread, int32_t threads) {
    (void)threads;
    bench *b = context;
    for (int32_t i = take_next(b, 0); i >= 0; i = take_next(b, 1)) {
        cli_outcome *outcome = &b->report.outcomes[i];
        mn_status status = evaluate_photo(b, &b->sessions[thread], &b->photos.items[i], outcome);
        if (status == MN_OK) continue;
        size_t bytes = strlen(mn_error_detail()) + 1;
        outcome->error = malloc(bytes);
        if (outcome->error != NULL) memcpy(outcome->error, mn_error_detail(), bytes);
        outcome->failed = true;
        outcome->fatal = status == MN_ERROR_MEMORY || status >= MN_ERROR_BACKEND || outcome->error == NULL;
        if (outcome->fatal) leave(b);
    }
}

static mn_status check_pair(const settings *s, const bench *b) {
    const mn_classifier_info *first = &b->classifier[0].info, *second = &b->classifier[1].info;
    if (cli_shared_classes(b->classifier[0].answers, b->classifier[1].answers) > 0) return MN_OK;
    return mn_fail(MN_ERROR_ARGUMENT, "%s has %d %s and %s has %d %s: they cannot be compared", s->model,
                   first->classes, first->labels ? "labels" : "classes", s->compare, second->classes,
                   second->labels ? "labels" : "classes");
}

static mn_status open_models(const settings *s, const mn_preprocess_options *preprocess, bench *b) {
    cli_session_options second = s->session;
    second.delegate = (cli_delegate_options){0}; /* so that one model can be told from itself without the delegate */
    MN_TRY(cli_classifier_open(s->model, s->output, &s->session, preprocess, &b->classifier[0]));
    if (s->compare == NULL) return MN_OK;
    MN_TRY(cli_classifier_open(s->compare, s->output, &second, preprocess, &b->classifier[1]));
    return check_pair(s, b);
}

/* Finds the photos; false after a sentence. */
static bool open_photos(const settings *s, bench *b) {
    bool good = s->truth != NULL ? cli_photos_from_list(s->truth, s->images, &b->labels, &b->photos)
                                 : cli_photos_from_folder(s->images, &b->labels, true, &b->photos);
    if (!good) return false;
    if (s->limit > 0) cli_photos_limit(&b->photos, s->limit);
    for (int32_t i = 0; i < b->photos.count; i++) {
        if (b->photos.items[i].truth >= 0 || s->compare != NULL) return true;
    }
    cli_error("%s: the class of no photo is known; start file names with WordNet ids, put photos into folders named by "
              "class, or give --truth LISTFILE",
              s->images);
    return false;
}

static mn_status open_sessions(const settings *s, bench *b) {
    const bool single = s->jobs < 0 && cli_delegate_name(&b->classifier[0].setup) != NULL;
    int32_t jobs = s->jobs > 0 ? s->jobs : single ? 1 : mn_available_processors();
    b->jobs = jobs < b->photos.count ? jobs : b->photos.count;
    b->report.jobs = b->jobs * b->ranks;
    b->report.outcomes = calloc((size_t)b->photos.count, sizeof *b->report.outcomes);
    b->sessions = calloc((size_t)b->jobs, sizeof *b->sessions);
    b->report.values = calloc((size_t)b->photos.count, sizeof *b->report.values);
    if (!b->report.outcomes || !b->report.values || !b->sessions) return mn_fail_memory("the results");
    for (int32_t i = 0; i < b->jobs; i++) {
        for (int32_t m = 0; m < b->report.models; m++) {
            MN_TRY(cli_worker_open(&b->classifier[m], &b->sessions[i].worker[m]));
        }
    }
    return b->jobs > 1 ? mn_team_create(b->jobs, &b->team) : MN_OK;
}

static bool open_bench(const settings *s, const cli_showing *showing, bench *b) {
    b->report = (cli_evaluation){.models = s->compare != NULL ? 2 : 1,
                                 .path = {s->model, s->compare},
                                 .labels = &b->labels,
                                 .classifier = b->classifier,
                                 .photos = &b->photos};
    b->opening = showing->opening;
    mn_status status = open_models(s, &showing->preprocess, b);
    if (status == MN_OK) {
        if (!cli_labels_open(&b->labels, s->labels, b->classifier[0].known, b->classifier[0].info.classes,
                             b->classifier[0].info.units == 1) ||
            !open_photos(s, b))
            return false;
        status = open_sessions(s, b);
    }
    if (status != MN_OK) cli_library_error(status);
    return status == MN_OK;
}

static void close_bench(bench *b) {
    mn_team_close(&b->team);
    for (int32_t i = 0; b->sessions != NULL && i < b->jobs; i++) {
        for (int32_t m = 0; m < b->report.models; m++) cli_worker_close(&b->sessions[i].worker[m]);
    }
    for (int32_t i = 0; b->report.outcomes != NULL && i < b->photos.count; i++) free(b->report.outcomes[i].error);
    free(b->sessions);
    free(b->report.outcomes);
    free(b->report.values);
    cli_photos_free(&b->photos);
    cli_labels_close(&b->labels);
    for (int32_t m = 0; m < 2; m++) cli_classifier_close(&b->classifier[m]);
}

/* ---- Several processes ------------------------------------------------------------------------------- */

/* An outcome as numbers, whose sum over all processes is that of the one which evaluated the photo: floats and whole
 * numbers of 32 bits are the same as doubles. */
enum { FAILED, AGREE, DIVERGENCE, DIFFERENCE, ANSWERS, BEST = 0, PROBABILITY, TOP1, TOP5, ANSWER };
enum { NUMBERS = ANSWERS + 2 * ANSWER, SENTENCE = 512 };

static void pack(const cli_outcome *o, double *numbers) {
    numbers[FAILED] = o->failed + o->fatal;
    numbers[AGREE] = o->apart.agree;
    numbers[DIVERGENCE] = o->apart.divergence;
    numbers[DIFFERENCE] = o->apart.difference;
    for (int m = 0; m < 2; m++) {
        double *answer = numbers + ANSWERS + m * ANSWER;
        answer[BEST] = o->answer[m].best;
        answer[PROBABILITY] = (double)o->answer[m].probability;
        answer[TOP1] = o->answer[m].top1;
        answer[TOP5] = o->answer[m].top5;
    }
}

static void unpack(const double *numbers, cli_outcome *o) {
    o->failed = numbers[FAILED] != 0;
    o->fatal = numbers[FAILED] > 1;
    o->apart.agree = numbers[AGREE] != 0;
    o->apart.divergence = numbers[DIVERGENCE];
    o->apart.difference = numbers[DIFFERENCE];
    for (int m = 0; m < 2; m++) {
        const double *answer = numbers + ANSWERS + m * ANSWER;
        o->answer[m] = (cli_answer){.best = (int32_t)answer[BEST],
                                    .probability = (float)answer[PROBABILITY],
                                    .top1 = answer[TOP1] != 0,
                                    .top5 = answer[TOP5] != 0};
    }
}

/* The sentence of whoever failed, letter by letter. */
static mn_status gather_error(const bench *b, cli_outcome *o) {
    double letters[SENTENCE] = {0};
    size_t length = o->error != NULL ? strlen(o->error) + 1 : 0;
    for (size_t i = 0; i < length && i + 1 < SENTENCE; i++) letters[i] = (unsigned char)o->error[i];
    MN_TRY(b->reduce->sum(b->reduce->self, letters, SENTENCE));
    free(o->error);
    o->error = letters[0] != 0 ? malloc(SENTENCE) : NULL;
    for (size_t i = 0; o->error != NULL && i < SENTENCE; i++) o->error[i] = (char)(unsigned char)letters[i];
    return MN_OK;
}

/* Gives every process the outcomes of all. */
static mn_status gather(bench *b) {
    if (b->reduce == NULL) return MN_OK;
    MN_TRY(mn_mpi_agree(b->reduce, b->photos.count, "photos"));
    size_t photos = (size_t)b->photos.count;
    double *numbers = calloc(photos, NUMBERS * sizeof *numbers);
    if (numbers == NULL) return mn_fail_memory("the results");
    for (size_t i = (size_t)b->rank; i < photos; i += (size_t)b->ranks) {
        pack(&b->report.outcomes[i], numbers + i * NUMBERS);
    }
    mn_status status = b->reduce->sum(b->reduce->self, numbers, photos * NUMBERS);
    for (size_t i = 0; status == MN_OK && i < photos; i++) {
        unpack(numbers + i * NUMBERS, &b->report.outcomes[i]);
        if (b->report.outcomes[i].failed) status = gather_error(b, &b->report.outcomes[i]);
    }
    free(numbers);
    return status;
}

/* Finds the other processes. */
static mn_status join(bench *b) {
    b->ranks = 1;
    MN_TRY(mn_mpi_start(NULL, &b->reduce));
    if (b->reduce == NULL) return MN_OK;
    b->rank = b->next = b->reduce->rank;
    b->ranks = b->reduce->ranks;
    return MN_OK;
}

/* ---- The course -------------------------------------------------------------------------------------- */

/* True, after a sentence of the first process, where memory ran out or a delegate failed: photos not reached by then
 * have no outcome. */
static bool was_cut_short(const bench *b) {
    for (int32_t i = 0; i < b->photos.count; i++) {
        const cli_outcome *o = &b->report.outcomes[i];
        if (!o->fatal) continue;
        if (b->rank > 0) return true;
        cli_error("%s; nothing is reported, because photos are missing; fewer --jobs may help",
                  o->error != NULL ? o->error : "out of memory");
        return true;
    }
    return false;
}

static bool run_bench(const settings *s, bench *b) {
    if (b->rank == 0) cli_progress_begin(&b->progress, "evaluating", (b->photos.count + b->ranks - 1) / b->ranks);
    uint64_t start = mn_clock_ns();
    if (b->team != NULL) {
        mn_team_run(b->team, work, b);
    } else {
        work(b, 0, 1);
    }
    cli_progress_end(&b->progress);
    mn_status status = gather(b);
    b->report.seconds = (double)(mn_clock_ns() - start) * 1e-9;
    if (status != MN_OK) cli_library_error(status);
    if (status == MN_OK && was_cut_short(b)) return false;
    if (status != MN_OK || b->rank > 0) return status == MN_OK;
    if (cli_report_unreadable(&b->report) == 0) {
        cli_error("no photo could be evaluated");
        return false;
    }
    if (s->json) {
        cli_report_json(&b->report);
    } else {
        cli_report_text(&b->report);
    }
    return true;
}

static int evaluate(const settings *s) {
    cli_showing showing;
    bench b = {.lock = MN_MUTEX_INITIAL};
    if (s->images == NULL && s->truth == NULL) {
        cli_error("evaluate: --images DIR is missing; see 'mobilenet evaluate --help'");
        return CLI_USAGE;
    }
    if (!cli_image_resolve(&s->image, &showing) || !cli_delegate_check(&s->session.delegate)) return CLI_USAGE;
    mn_status joined = join(&b);
    if (joined != MN_OK) cli_library_error(joined);
    bool good = joined == MN_OK && open_bench(s, &showing, &b) && run_bench(s, &b);
    close_bench(&b);
    mn_mpi_end(&b.reduce, !good);
    return good ? CLI_OK : CLI_FAILURE;
}

int cli_evaluate(int count, char *const *arguments) {
    settings s = {.jobs = -1, .image = CLI_IMAGE_DEFAULTS, .session = CLI_SESSION_DEFAULTS};
    cli_parsed parsed = cli_parse(&cli_evaluate_command, count, arguments, &s);
    return parsed == CLI_PARSED ? evaluate(&s) : cli_parsed_code(parsed);
}
