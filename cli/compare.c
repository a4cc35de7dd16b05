/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet compare: layer by layer, how far is one version of a model from another? */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/thread.h"
#include "commands.h"
#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "common/progress.h"
#include "compare_plot.h"
#include "graph_file.h"
#include "plan/fold.h"
#include "quant/compare.h"
#include "samples.h"

typedef struct settings {
    cli_list models;
    const char *images, *plot;
    bool json;
    int32_t limit, jobs;
    cli_image_options image;
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
    CLI_IMAGE_OPTIONS(settings, image),
    {.name = "jobs",
     .kind = CLI_INT,
     .offset = offsetof(settings, jobs),
     .value = "N",
     .low = 0,
     .high = MN_MAX_THREADS,
     .help = "photos worked on at the same time; 0 for one per processor [0]"},
    {0},
};

static const cli_command command = {
    .name = "compare",
    .usage = "A B --images DIR [options]",
    .summary = "Compares what the layers of two versions of a model compute, the worst first: signal to noise ratio "
               "(SQNR) and cosine of B against A, and the ranges of values.",
    .notes = "A and B are .tflite models, float or quantised, or what Keras saved. Layers are matched by the names of "
             "their outputs, and the rest by their order, operator and size.",
    .options = options,
    .operands = true,
    .operand_offset = offsetof(settings, models),
};

/* What was compared. */
typedef struct result {
    cli_graph_file models[2];
    cli_samples samples;
    mn_difference *differences; /* in the order of execution */
    int32_t count;
} result;

/* ---- Reports ----------------------------------------------------------------------------------------- */

static int by_sqnr(const void *a, const void *b) {
    const mn_difference *x = a, *y = b;
    return x->sqnr != y->sqnr ? (x->sqnr < y->sqnr ? -1 : 1) : x->op - y->op;
}

static void print_text(const result *r) {
    const mn_graph *graph = &r->models[0].graph;
    printf("%d layers, %d photos; %s\n\n", r->count, r->samples.set.count, r->samples.text);
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

static void print_json(const settings *s, const result *r) {
    const mn_graph *graph = &r->models[0].graph;
    cli_json json = {.out = stdout};
    cli_json_object(&json, NULL);
    cli_json_text(&json, "a", s->models.items[0]);
    cli_json_text(&json, "b", s->models.items[1]);
    cli_json_int(&json, "images", r->samples.set.count);
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
    const char *const names[2] = {s->models.items[0], s->models.items[1]};
    if (!cli_output_open(&output, s->plot)) return false;
    cli_compare_plot(output.file, &r->models[0].graph, r->differences, r->count, names);
    return cli_output_commit(&output);
}

/* ---- Comparing --------------------------------------------------------------------------------------- */

static mn_status open_models(const settings *s, result *r) {
    for (int32_t i = 0; i < 2; i++) {
        MN_TRY(cli_graph_open(s->models.items[i], &r->models[i]));
        MN_TRY(mn_graph_fold_constants(&r->models[i].graph));
    }
    if (r->models[0].graph.input_count == 1) return MN_OK;
    return mn_fail(MN_ERROR_UNSUPPORTED, "%s: has %d inputs; only models with one can be compared", s->models.items[0],
                   r->models[0].graph.input_count);
}

static bool run(const settings *s, const mn_prepare_options *prepare, result *r) {
    cli_progress bar = {0};
    mn_quant_progress progress = {.tell = cli_samples_tell, .context = &bar};
    mn_pixels pixels;
    mn_status status = open_models(s, r);
    if (status == MN_OK) {
        const mn_graph *graph = &r->models[0].graph;
        if (!cli_samples_pixels(prepare, graph, &pixels)) return false;
        if (!cli_samples_load(s->images, s->limit, &graph->tensors[graph->inputs[0]], NULL, 0, prepare, &pixels,
                              s->jobs, &r->samples)) {
            return false;
        }
        status =
            mn_compare(graph, &r->models[1].graph, &r->samples.set, s->jobs, &progress, &r->differences, &r->count);
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
    mn_prepare_options prepare;
    if (s->models.count != 2) {
        cli_error("compare: exactly two models must be named; see 'mobilenet compare --help'");
        return CLI_USAGE;
    }
    if (!cli_image_resolve(&s->image, &prepare)) return CLI_USAGE;
    result r = {0};
    bool good = run(s, &prepare, &r);
    free(r.differences);
    cli_samples_free(&r.samples);
    for (int32_t i = 0; i < 2; i++) cli_graph_close(&r.models[i]);
    return good ? CLI_OK : CLI_FAILURE;
}

int cli_compare(int count, char *const *arguments) {
    settings s = {.limit = 50, .image = CLI_IMAGE_DEFAULTS};
    cli_parsed parsed = cli_parse(&command, count, arguments, &s);
    int code = parsed == CLI_PARSED ? compare(&s) : cli_parsed_code(parsed);
    cli_list_free(&s.models);
    return code;
}
