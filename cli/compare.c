/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet compare: layer by layer, how far is one version of a model from another? */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agreement.h"
#include "base/thread.h"
#include "classifier.h"
#include "classify/answer.h"
#include "classify/ending.h"
#include "classify/names.h"
#include "commands.h"
#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "common/progress.h"
#include "compare_plot.h"
#include "delegation.h"
#include "graph_file.h"
#include "plan/constants.h"
#include "quant/compare.h"
#include "quant/rescale.h"
#include "samples.h"
#include "session_options.h"
#include "shares.h"

typedef struct settings {
    cli_list models;
    const char *images, *plot, *output;
    bool json;
    int32_t limit, jobs;
    cli_image_options image;
    cli_delegate_options delegate;
} settings;

static const cli_option options[] = {
    {.name = "images",
     .kind = CLI_TEXT,
     .required = true,
     .offset = offsetof(settings, images),
     .value = "DIR",
     .help = "folder of photos, searched with the folders in it"},
    {.name = "limit",
     .kind = CLI_INT,
     .offset = offsetof(settings, limit),
     .value = "N",
     .low = 1,
     .high = INT32_MAX,
     .help = "take only N photos, spread evenly over the sorted list [50]"},
    {.name = "plot",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, plot),
     .value = "FILE.svg",
     .help = "draw the layers in the order of execution"},
    {.name = "json", .kind = CLI_FLAG, .offset = offsetof(settings, json), .help = "print one JSON object"},
    CLI_OUTPUT_OPTION(settings, output),
    CLI_IMAGE_OPTIONS(settings, image),
    {.name = "jobs",
     .kind = CLI_INT,
     .offset = offsetof(settings, jobs),
     .value = "N",
     .low = 0,
     .high = MN_MAX_THREADS,
     .help = "photos processed at the same time; 0 for one per processor [0; with a delegate 1]"},
    CLI_DELEGATE_OPTIONS(settings, delegate),
    {0},
};

const cli_command cli_compare_command = {
    .name = "compare",
    .usage = "A [B] --images DIR [options]",
    .summary = "Compares the layers of two versions of a model, worst first: signal to noise ratio "
               "(SQNR) and cosine of B against A, and the ranges of values; for classifiers also their agreement.",
    .notes =
        "A and B are .tflite models, float or quantised, or any file that convert reads. Layers are matched by the "
        "names of their outputs, and the rest by their order, operator and size. For classifiers it prints the same as "
        "evaluate --compare, with the same intervals; classes of photos are given by file names and folders, as "
        "for evaluate.\n\nWith a delegate B runs on it, operator by operator, and is A itself unless named, to "
        "find the first layer that differs on the delegate.",
    .options = options,
    .operands = true,
    .operand_offset = offsetof(settings, models),
};

/* What is said of one photo. */
typedef struct answer {
    cli_agreement apart;
    bool right[2]; /* where its class is known */
} answer;

/* How far the answers of classifiers are apart. */
typedef struct answers {
    bool known; /* both models answer with the same classes */
    mn_ending ending[2];
    answer *each;   /* [samples] */
    double *values; /* [samples]: room to add up in */
    bool exhausted; /* no memory for an answer */
} answers;

/* What was compared. */
typedef struct result {
    cli_graph_file models[2];
    cli_samples samples;
    mn_difference *differences; /* in the order of execution */
    int32_t count;
    answers answers;
    cli_session_setup setup;  /* of B's sessions */
    bool *delegated;          /* [tensors of B] that the delegate computes; NULL without one */
    int32_t share, operators; /* of B, that the delegate runs, and in all */
} result;

/* The second model is the first one unless it is named. */
static const char *path_of(const settings *s, int32_t i) { return s->models.items[i < s->models.count ? i : 0]; }

/* ---- The delegate ------------------------------------------------------------------------------------ */

static mn_status open_delegate(const settings *s, result *r) {
    const cli_session_options asked = {.threads = 1, .delegate = s->delegate};
    MN_TRY(cli_session_setup_open(&asked, &r->setup));
    if (cli_delegate_name(&r->setup) == NULL) return MN_OK;
    r->delegated = calloc((size_t)r->models[1].graph.tensor_count, sizeof *r->delegated);
    return r->delegated ? MN_OK : mn_fail_memory("the comparison");
}

/* All sessions of B share their operators alike. */
static void find_delegated(result *r, const mn_session *session) {
    const mn_graph *graph = &r->models[1].graph;
    for (int32_t i = 0; i < graph->op_count; i++) {
        mn_delegation who = MN_INIT(mn_delegation);
        if (mn_session_delegation(session, i, &who) != MN_OK || who.delegate < 0) continue;
        for (int32_t k = 0; k < graph->ops[i].output_count; k++) r->delegated[graph->ops[i].outputs[k]] = true;
    }
    const cli_delegation d = cli_delegation_of(session);
    r->share = d.delegated;
    r->operators = d.operators;
}

/* The first layer that B computes otherwise; NULL if there is none. */
static const mn_difference *first_difference(const result *r) {
    const mn_difference *first = NULL;
    for (int32_t i = 0; i < r->count; i++) {
        const mn_difference *d = &r->differences[i];
        if (d->changed > 0 && (first == NULL || d->op < first->op)) first = d;
    }
    return first;
}

/* ---- Answers ----------------------------------------------------------------------------------------- */

/* [2 * classes]: probabilities and, behind them, scores. NULL when out of memory. */
static float *read_answer(const mn_ending *e, const mn_graph *graph, const mn_session *session) {
    float *room = malloc(2 * (size_t)e->classes * sizeof *room);
    if (!room) return NULL;
    const void *scores = e->score_tensor < 0 ? NULL : mn_session_tensor_data(session, e->score_tensor);
    mn_ending_read(e, mn_session_tensor_data(session, graph->outputs[e->output]), scores, room, room + e->classes);
    return room;
}

/* Is the truth, in A's numbers, the best of a model's classes? */
static bool is_right(const result *r, int32_t sample, int32_t model, const float *scores) {
    const mn_ending *ending = r->answers.ending;
    const int32_t truth = r->samples.photos.items[sample].truth;
    int32_t best;
    mn_answer_top_k(scores, ending[model].classes, 1, &best);
    return truth >= 0 && best == truth + ending[model].classes - ending[0].classes;
}

static void compare_answers(result *r, int32_t sample, const mn_session *a, const mn_session *b) {
    const mn_ending *ending = r->answers.ending;
    float *p = read_answer(&ending[0], &r->models[0].graph, a);
    float *q = read_answer(&ending[1], &r->models[1].graph, b);
    if (p && q) {
        const float *x = p + ending[0].classes, *y = q + ending[1].classes;
        r->answers.each[sample] =
            (answer){.apart = cli_compare_answers(cli_answers_at(&ending[0]), (cli_answer_values){p, x},
                                                  cli_answers_at(&ending[1]), (cli_answer_values){q, y}),
                     .right = {is_right(r, sample, 0, x), is_right(r, sample, 1, y)}};
    } else {
        r->answers.exhausted = true;
    }
    free(p);
    free(q);
}

static void look(void *context, int32_t sample, const mn_session *a, const mn_session *b) {
    result *r = context;
    if (sample == 0 && r->delegated != NULL) find_delegated(r, b);
    if (r->answers.known) compare_answers(r, sample, a, b);
}

/* Models that are not classifiers, or of other classes, are compared by their layers alone, unless --output is given.
 */
static mn_status open_answers(const settings *s, result *r) {
    answers *a = &r->answers;
    for (int32_t i = 0; i < 2; i++) {
        mn_status status = mn_ending_find(&r->models[i].graph, s->output, &a->ending[i]);
        if (status != MN_OK) return s->output != NULL ? status : MN_OK;
    }
    if (cli_shared_classes(cli_answers_at(&a->ending[0]), cli_answers_at(&a->ending[1])) == 0) return MN_OK;
    a->known = true;
    return MN_OK;
}

static mn_status make_room(result *r) {
    answers *a = &r->answers;
    if (!a->known) return MN_OK;
    a->each = calloc((size_t)r->samples.set.count, sizeof *a->each);
    a->values = calloc((size_t)r->samples.set.count, sizeof *a->values);
    return a->each && a->values ? MN_OK : mn_fail_memory("the answers");
}

typedef double value_of(const answer *answer);

static double agree_of(const answer *a) { return a->apart.agree; }
static double divergence_of(const answer *a) { return a->apart.divergence; }
static double first_of(const answer *a) { return a->right[0]; }
static double second_of(const answer *a) { return a->right[1]; }
static double change_of(const answer *a) { return a->right[1] - a->right[0]; }

/* One value for each photo, or for each whose class is known. */
static const double *take(const result *r, value_of *value, bool known) {
    int32_t count = 0;
    for (int32_t i = 0; i < r->samples.set.count; i++) {
        if (known && r->samples.photos.items[i].truth < 0) continue;
        r->answers.values[count++] = value(&r->answers.each[i]);
    }
    return r->answers.values;
}

static int32_t count_known(const result *r) {
    int32_t known = 0;
    for (int32_t i = 0; i < r->samples.set.count; i++) known += r->samples.photos.items[i].truth >= 0;
    return known;
}

/* ---- Reports ----------------------------------------------------------------------------------------- */

static int by_sqnr(const void *a, const void *b) {
    const mn_difference *x = a, *y = b;
    return x->sqnr != y->sqnr ? (x->sqnr < y->sqnr ? -1 : 1) : x->op - y->op;
}

/* Where the delegate computes something else. */
static void print_delegate(const result *r) {
    const mn_difference *d = first_difference(r);
    printf("B runs on %s: %d of %d operators, each alone\n", cli_delegate_name(&r->setup), r->share, r->operators);
    if (d == NULL) {
        printf("no layer differs\n");
        return;
    }
    const mn_graph *graph = &r->models[0].graph;
    const mn_tensor *a = &graph->tensors[d->a], *b = &r->models[1].graph.tensors[d->b];
    const int64_t values = (int64_t)(a->bytes / mn_type_size(a->type)) * r->samples.set.count;
    printf("the first layer that differs is operator #%d, %s, on the %s: %" PRId64 " of %" PRId64
           " values, by at most %g",
           d->op, mn_op_name(graph->ops[d->op].kind), r->delegated[d->b] ? "delegate" : "CPU", d->changed, values,
           d->most);
    if (b->quant.count == 1) printf(", %.0f step(s) of its scale", d->most / (double)b->quant.scale[0]);
    printf("; layer %s\n", a->name);
}

static void print_answers(const result *r) {
    const int32_t count = r->samples.set.count, known = count_known(r);
    printf("answers of output '%s'\n", r->answers.ending[0].given.name);
    if (known > 0) {
        cli_print_share("top-1 of A", take(r, first_of, true), known);
        cli_print_share("top-1 of B", take(r, second_of, true), known);
        cli_print_change(take(r, change_of, true), known);
    }
    cli_print_share("agreement", take(r, agree_of, false), count);
    cli_print_divergence("A", "B", take(r, divergence_of, false), count, "");
    cli_print_bootstrap();
}

/* Tensors of B that hold other channels than A's, or multiples of them: they are compared with nothing. */
static int32_t count_rescaled(const result *r) {
    const mn_graph *graph = &r->models[1].graph;
    int32_t count = 0;
    for (int32_t i = 0; i < graph->op_count; i++) {
        count += mn_is_rescaled(graph->tensors[graph->ops[i].outputs[0]].name);
    }
    return count;
}

static void print_text(const result *r) {
    const mn_graph *graph = &r->models[0].graph;
    const int32_t rescaled = count_rescaled(r);
    printf("%d layers, %d photos; %s\n", r->count, r->samples.set.count, r->samples.text);
    if (rescaled > 0) printf("%d more layers of B are left out: quantize has rescaled or copied channels\n", rescaled);
    if (r->answers.known) print_answers(r);
    if (r->delegated != NULL) print_delegate(r);
    printf("\n");
    printf("%9s  %9s  %10s  %-19s  %-19s  %-19s  %-18s %s\n", "SQNR dB", "cosine", "shift", "values of A",
           "values of B", "B can store", "operator", "layer");
    for (int32_t i = 0; i < r->count; i++) {
        const mn_difference *d = &r->differences[i];
        const mn_op *op = &graph->ops[d->op];
        printf("%9.2f  %9.6f  %10.2e  %9.3f %9.3f  %9.3f %9.3f  ", d->sqnr, d->cosine, d->shift, (double)d->met[0].low,
               (double)d->met[0].high, (double)d->met[1].low, (double)d->met[1].high);
        if (mn_interval_known(d->covers)) {
            printf("%9.3f %9.3f  ", (double)d->covers.low, (double)d->covers.high);
        } else {
            printf("%19s  ", "float");
        }
        printf("%-18s %s\n", mn_op_name(op->kind), graph->tensors[d->a].name);
    }
}

static void write_interval(cli_json *json, const char *key, mn_interval interval) {
    cli_json_array(json, key);
    cli_json_number(json, NULL, (double)interval.low);
    cli_json_number(json, NULL, (double)interval.high);
    cli_json_end(json);
}

static void json_delegate(cli_json *json, const result *r) {
    const mn_difference *d = first_difference(r);
    cli_json_object(json, "delegate");
    cli_json_text(json, "path", cli_delegate_name(&r->setup));
    cli_json_int(json, "delegated", r->share);
    cli_json_int(json, "operators", r->operators);
    if (d != NULL) cli_json_int(json, "first_different_operator", d->op);
    cli_json_end(json);
}

static void json_answers(cli_json *json, const result *r) {
    const int32_t count = r->samples.set.count, known = count_known(r);
    cli_json_text(json, "output", r->answers.ending[0].given.name);
    if (known > 0) {
        cli_json_share(json, "top1_a", take(r, first_of, true), known);
        cli_json_share(json, "top1_b", take(r, second_of, true), known);
        cli_json_change(json, take(r, change_of, true), known);
    }
    cli_json_share(json, "agreement", take(r, agree_of, false), count);
    cli_json_divergence(json, take(r, divergence_of, false), count);
    cli_json_bootstrap(json);
}

static void print_json(const settings *s, const result *r) {
    const mn_graph *graph = &r->models[0].graph;
    cli_json json = {.out = stdout};
    cli_json_object(&json, NULL);
    cli_json_text(&json, "a", s->models.items[0]);
    cli_json_text(&json, "b", path_of(s, 1));
    cli_json_int(&json, "images", r->samples.set.count);
    cli_json_int(&json, "rescaled", count_rescaled(r));
    if (r->answers.known) json_answers(&json, r);
    if (r->delegated != NULL) json_delegate(&json, r);
    cli_json_array(&json, "layers");
    for (int32_t i = 0; i < r->count; i++) {
        const mn_difference *d = &r->differences[i];
        cli_json_object(&json, NULL);
        cli_json_text(&json, "name", graph->tensors[d->a].name);
        cli_json_text(&json, "name_b", r->models[1].graph.tensors[d->b].name);
        cli_json_int(&json, "operator", d->op);
        cli_json_text(&json, "kind", mn_op_name(graph->ops[d->op].kind));
        cli_json_number(&json, "sqnr_db", d->sqnr);
        cli_json_number(&json, "cosine", d->cosine);
        cli_json_number(&json, "shift", d->shift);
        cli_json_int(&json, "changed", d->changed);
        cli_json_number(&json, "largest_difference", d->most);
        if (r->delegated != NULL) cli_json_bool(&json, "delegated", r->delegated[d->b]);
        write_interval(&json, "values_a", d->met[0]);
        write_interval(&json, "values_b", d->met[1]);
        if (mn_interval_known(d->covers)) write_interval(&json, "storable_b", d->covers);
        cli_json_end(&json);
    }
    cli_json_end(&json);
    cli_json_end(&json);
}

static bool write_plot(const settings *s, const result *r) {
    cli_output output = {0};
    const char *const names[2] = {path_of(s, 0), path_of(s, 1)};
    if (!cli_output_open(&output, s->plot)) return false;
    cli_compare_plot(output.file, &r->models[0].graph, r->differences, r->count, names);
    return cli_output_commit(&output);
}

/* ---- Comparing --------------------------------------------------------------------------------------- */

static mn_status open_models(const settings *s, result *r) {
    for (int32_t i = 0; i < 2; i++) {
        MN_TRY(cli_graph_open(path_of(s, i), &r->models[i]));
        MN_TRY(mn_graph_compute_constants(&r->models[i].graph));
    }
    if (r->models[0].graph.input_count == 1) return MN_OK;
    return mn_fail(MN_ERROR_UNSUPPORTED, "%s: has %d inputs; only models with one can be compared", s->models.items[0],
                   r->models[0].graph.input_count);
}

static bool run(const settings *s, const cli_showing *showing, result *r) {
    cli_progress bar = {0};
    mn_quant_progress progress = {.tell = cli_samples_tell, .context = &bar};
    mn_pixels pixels;
    mn_status status = open_models(s, r);
    if (status == MN_OK) status = open_answers(s, r);
    if (status == MN_OK) {
        const mn_graph *graph = &r->models[0].graph;
        const mn_ending *ending = &r->answers.ending[0];
        if (!cli_samples_pixels(&showing->preprocess, graph, &pixels)) return false;
        if (!cli_samples_load(s->images, s->limit, &graph->tensors[graph->inputs[0]],
                              r->answers.known ? mn_names_known(&graph->meaning, ending->output) : NULL,
                              r->answers.known ? ending->classes : 0, showing, &pixels, s->jobs > 0 ? s->jobs : 0,
                              &r->samples)) {
            return false;
        }
        status = make_room(r);
        if (status == MN_OK) status = open_delegate(s, r);
        const mn_compare_options comparing = {.look = look, .context = r, .second = &r->setup.options};
        const int32_t jobs = s->jobs >= 0 ? s->jobs : r->delegated != NULL ? 1 : 0;
        if (status == MN_OK) {
            status = mn_compare(graph, &r->models[1].graph, &r->samples.set, jobs, &comparing, &progress,
                                &r->differences, &r->count);
        }
        if (status == MN_OK && r->answers.exhausted) status = mn_fail_memory("the answers");
    }
    if (status != MN_OK) cli_library_error(status);
    if (status != MN_OK || (s->plot != NULL && !write_plot(s, r))) return false;
    qsort(r->differences, (size_t)r->count, sizeof *r->differences, by_sqnr);
    if (s->json) {
        print_json(s, r);
    } else {
        print_text(r);
    }
    return true;
}

static int compare(const settings *s) {
    cli_showing showing;
    const bool delegated = s->delegate.path != NULL;
    if (s->models.count != 2 && !(s->models.count == 1 && delegated)) {
        cli_error(
            "compare: exactly two models must be named, or one and --external_delegate_path; see 'mobilenet compare "
            "--help'");
        return CLI_USAGE;
    }
    if (!cli_delegate_check(&s->delegate)) return CLI_USAGE;
    if (!cli_image_resolve(&s->image, &showing)) return CLI_USAGE;
    if (s->plot != NULL) cli_output_tell(s->plot);
    result r = {0};
    bool good = run(s, &showing, &r);
    free(r.differences);
    free(r.answers.each);
    free(r.answers.values);
    cli_samples_free(&r.samples);
    for (int32_t i = 0; i < 2; i++) cli_graph_close(&r.models[i]);
    free(r.delegated);
    cli_session_setup_close(&r.setup);
    return good ? CLI_OK : CLI_FAILURE;
}

int cli_compare(int count, char *const *arguments) {
    settings s = {.limit = 50, .jobs = -1, .image = CLI_IMAGE_DEFAULTS};
    cli_parsed parsed = cli_parse(&cli_compare_command, count, arguments, &s);
    int code = parsed == CLI_PARSED ? compare(&s) : cli_parsed_code(parsed);
    cli_list_free(&s.models);
    return code;
}
