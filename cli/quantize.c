/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet quantize: a float model and photos to an int8 model. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "base/clock.h"
#include "base/thread.h"
#include "card.h"
#include "card_photos.h"
#include "classify/answer.h"
#include "commands.h"
#include "common/error.h"
#include "common/file.h"
#include "common/progress.h"
#include "graph/pixels.h"
#include "graph_file.h"
#include "labels.h"
#include "quant/learned.h"
#include "quant/prepare.h"
#include "quant/quantise.h"
#include "quant/runner.h"
#include "samples.h"
#include "tflite/write.h"

enum { IO_INT8, IO_UINT8, IO_FLOAT32 };
enum { DENSE_DEFAULT = -1, DENSE_PER_CHANNEL, DENSE_PER_TENSOR };

static const char *const io_names[] = {
    [IO_INT8] = "int8", [IO_UINT8] = "uint8", [IO_FLOAT32] = "float32", [IO_FLOAT32 + 1] = NULL};
static const mn_type io_types[] = {[IO_INT8] = MN_INT8, [IO_UINT8] = MN_UINT8, [IO_FLOAT32] = MN_FLOAT32};
static const char *const method_names[] = {
    [MN_RANGE_MINMAX] = "minmax",
    [MN_RANGE_PERCENTILE] = "percentile",
    [MN_RANGE_MSE] = "mse",
    [MN_RANGE_METHOD_COUNT] = NULL,
};

static const char *const dense_names[] = {
    [DENSE_PER_CHANNEL] = "per-channel", [DENSE_PER_TENSOR] = "per-tensor", [DENSE_PER_TENSOR + 1] = NULL};

typedef struct settings {
    cli_list models;
    const char *output, *images, *labels;
    bool data_free, optimise, only_correct, per_tensor, uncorrected;
    bool learned; /* found out: the model brings ranges, and nothing else was asked for */
    int32_t limit, method, io, jobs, seed, dense;
    cli_image_options image;
    cli_card_source card;
} settings;

static const cli_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .required = true,
     .offset = offsetof(settings, output),
     .value = "FILE",
     .help = "the int8 .tflite model to write"},
    {.name = "images",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, images),
     .value = "DIR",
     .help = "folder of photos like those the model is for, searched with the folders in it; a hundred suffice"},
    {.name = "data-free",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, data_free),
     .help = "use no photos, but the batch norm statistics in the weights"},
    {.name = "optimize",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, optimise),
     .help = "rescale channels, and learn from the photos how to round weights; takes longer"},
    {.name = "seed",
     .kind = CLI_INT,
     .offset = offsetof(settings, seed),
     .value = "N",
     .low = 0,
     .high = INT32_MAX,
     .help = "seed for the samples that --optimize takes from photos [1]"},
    {.name = "limit",
     .kind = CLI_INT,
     .offset = offsetof(settings, limit),
     .value = "N",
     .low = 1,
     .high = INT32_MAX,
     .help = "take only N photos, spread evenly over the sorted list [500]"},
    {.name = "only-correct",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, only_correct),
     .help = "take only photos that the float model gets right, of those whose class is known as in 'evaluate'"},
    {.name = "method",
     .kind = CLI_CHOICE,
     .offset = offsetof(settings, method),
     .value = "NAME",
     .choices = method_names,
     .help = "how to choose the range of values that 8 bits cover: minmax, percentile or mse [mse]"},
    {.name = "no-correction",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, uncorrected),
     .help = "do not correct the biases for the shift that rounding causes"},
    {.name = "per-tensor",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, per_tensor),
     .help = "one scale for all weights of a layer, for accelerators that need it; implies --optimize, and still costs "
             "accuracy"},
    {.name = "dense",
     .kind = CLI_CHOICE,
     .offset = offsetof(settings, dense),
     .value = "SCALES",
     .choices = dense_names,
     .help = "scales of the weights of a FULLY_CONNECTED: per-channel, or per-tensor, without which Vela before "
             "version 4 leaves it to the CPU [per-channel]"},
    {.name = "io",
     .kind = CLI_CHOICE,
     .offset = offsetof(settings, io),
     .value = "TYPE",
     .choices = io_names,
     .help = "type of the model's input and output: int8, uint8 or float32 [int8]"},
    {.name = "labels",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, labels),
     .value = "FILE",
     .help = "names of the classes, one per line, to store in the model [those of the float model]"},
    CLI_IMAGE_OPTIONS(settings, image),
    {.name = "jobs",
     .kind = CLI_INT,
     .offset = offsetof(settings, jobs),
     .value = "N",
     .low = 0,
     .high = MN_MAX_THREADS,
     .help = "photos processed at the same time; 0 for one per processor [0]"},
    CLI_CARD_OPTION(settings, card),
    {0},
};

const cli_command cli_quantize_command = {
    .name = "quantize",
    .usage = "MODEL -o FILE [--images DIR | --data-free] [options]",
    .summary = "Quantises a float model to 8-bit integers: a .tflite with float32 or float16 weights, or a Keras, "
               "PyTorch or ONNX file.",
    .notes =
        "Weights become int8 with one scale per output channel, activations int8 with ranges from the photos or from "
        "batch norm, by TensorFlow Lite's quantisation specification. The "
        "same input gives the same bytes, whatever --jobs, on all x86-64 processors with AVX2 and 64-bit Arm; with "
        "MOBILENET_CPU=portable in the environment, on all processors. FILE.md is the model card: what the model is, "
        "what it was made from, and how often it agrees with the float model.\n"
        "A model from 'train --qat' contains learned ranges; they are used when neither --images nor "
        "--data-free is given.",
    .options = options,
    .operands = true,
    .operand_offset = offsetof(settings, models),
};

/* ---- Photos ------------------------------------------------------------------------------------------ */

typedef struct judging {
    const mn_graph *graph;
    const cli_photo *photos;
    bool *keep;
    int32_t classes;
} judging;

static void judge(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)job;
    const judging *j = context;
    int32_t best;
    mn_answer_top_k(mn_session_output(session, 0), j->classes, 1, &best);
    j->keep[sample] = best == j->photos[sample].truth;
}

/* Keeps the photos that the float model gets right; false after a sentence. */
static bool keep_correct(const settings *s, const mn_graph *graph, int32_t classes, cli_samples *samples) {
    mn_runner *runner = NULL;
    cli_progress bar = {0};
    mn_quant_progress progress = {.tell = cli_samples_tell, .context = &bar};
    bool *keep = calloc((size_t)samples->set.count, sizeof *keep);
    judging j = {.graph = graph, .photos = samples->photos.items, .keep = keep, .classes = classes};
    mn_status status = keep != NULL ? MN_OK : mn_fail_memory("the photos");
    if (status == MN_OK) status = mn_runner_create(graph, s->jobs, &runner);
    if (status == MN_OK) status = mn_runner_each(runner, &samples->set, judge, NULL, &j, "photos", &progress);
    mn_runner_close(&runner);
    if (status == MN_OK) cli_samples_keep(samples, keep);
    free(keep);
    if (status != MN_OK) cli_library_error(status);
    if (status == MN_OK && samples->set.count == 0) {
        cli_error("%s: the model is right about none of the photos, or their classes are not known; "
                  "leave --only-correct out, or give the right --input-range",
                  s->images);
    }
    return status == MN_OK && samples->set.count > 0;
}

/* ---- Quantising -------------------------------------------------------------------------------------- */

static mn_scales scales_of(const settings *s) {
    if (s->per_tensor) return MN_SCALES_PER_TENSOR;
    return s->dense == DENSE_PER_TENSOR ? MN_SCALES_DENSE_PER_TENSOR : MN_SCALES_PER_CHANNEL;
}

/* Rounding to nearest with one scale for all channels costs too much to be a choice. */
static bool learns(const settings *s) { return s->optimise || (s->per_tensor && s->images); }

/* The int8 model, and how near the float model it is. */
typedef struct made {
    uint8_t *data;
    size_t bytes;
    mn_graph graph;
    cli_agreed agreed; /* on the photos that it was made with */
} made;

static void made_free(made *m) {
    free(m->data);
    mn_graph_free(&m->graph);
}

static void set_options(const settings *s, cli_progress *bar, mn_quantise_options *how) {
    mn_quantise_defaults(how);
    how->io = io_types[s->io];
    how->scales = scales_of(s);
    how->method = (mn_range_method)s->method;
    how->equalise = s->optimise || s->data_free || s->per_tensor;
    how->learn = learns(s);
    how->seed = (uint64_t)s->seed;
    how->correct = !s->uncorrected;
    how->jobs = s->jobs;
    how->progress = (mn_quant_progress){.tell = cli_samples_tell, .context = bar};
}

static mn_status make_graph(const settings *s, cli_graph_file *model, const mn_samples *samples,
                            const mn_quantise_options *how, mn_graph *out) {
    if (s->learned) return mn_quantise_learned(&model->graph, model->stats, how, out);
    if (s->data_free) return mn_quantise_data_free(&model->graph, model->stats, samples->meaning, how, out);
    return mn_quantise(&model->graph, samples, how, out);
}

/* The graph, compared for the card with what the float model answered before it was rewritten. */
static mn_status make_compared(const settings *s, cli_graph_file *model, const mn_samples *samples, made *out) {
    mn_quantise_options how;
    cli_progress bar = {0};
    cli_answers wanted = {0}, given = {0};
    const bool compared = s->images != NULL && !s->card.off;
    set_options(s, &bar, &how);
    mn_status status = MN_OK;
    if (compared) status = cli_answers_collect(&model->graph, samples, s->jobs, &how.progress, &wanted);
    if (status == MN_OK) status = make_graph(s, model, samples, &how, &out->graph);
    if (status == MN_OK && wanted.known) {
        status = cli_answers_collect(&out->graph, samples, s->jobs, &how.progress, &given);
    }
    if (status == MN_OK) out->agreed = cli_answers_compare(&wanted, &given);
    cli_answers_free(&wanted);
    cli_answers_free(&given);
    return status;
}

static mn_status make_file(const settings *s, cli_graph_file *model, const mn_samples *samples, made *out) {
    char description[64];
    MN_TRY(make_compared(s, model, samples, out));
    snprintf(description, sizeof description, "quantised by mobilenet.c %s", mn_version());
    out->graph.description = description;
    mn_status status = mn_tflite_write(&out->graph, &out->data, &out->bytes);
    out->graph.description = NULL;
    return status;
}

/* ---- What was made ----------------------------------------------------------------------------------- */

static void put_weights(const settings *s, FILE *out) {
    fprintf(out, "int8, a scale for each %s%s%s\n", s->per_tensor ? "layer" : "channel",
            scales_of(s) == MN_SCALES_DENSE_PER_TENSOR ? ", one for a FULLY_CONNECTED" : "",
            learns(s) ? ", rounding learned" : "");
}

static void put_activations(const settings *s, FILE *out) {
    if (s->learned) {
        fputs("int8, ranges learned by 'train --qat'\n", out);
    } else {
        fprintf(out, "int8, ranges by %s%s\n", s->data_free ? "batch norm" : method_names[s->method],
                s->uncorrected ? "" : ", biases corrected");
    }
}

static void report(const settings *s, const cli_samples *samples, int32_t loaded, const made *m, uint64_t started) {
    printf("%s: %zu bytes\n", s->output, m->bytes);
    if (s->images) {
        printf("  photos      %d", samples->set.count);
        if (s->only_correct) printf(" of %d, those that the float model gets right", loaded);
        printf("; %s\n", samples->text);
    }
    printf("  weights     ");
    put_weights(s, stdout);
    printf("  activations ");
    put_activations(s, stdout);
    printf("  input       %s\n", io_names[s->io]);
    if (m->agreed.count > 0) {
        printf("  agreement   %d of %d: the best class is the float model's; mean KL divergence %.4f nats\n",
               m->agreed.agree, m->agreed.count, m->agreed.divergence);
    }
    printf("  time        %.1f s\n", (double)(mn_clock_ns() - started) * 1e-9);
}

static bool put_photos(const settings *s, const cli_samples *samples, FILE *out) {
    const int32_t count = samples->set.count;
    cli_card_photos set = {0};
    cli_card_photo *photos = calloc((size_t)count, sizeof *photos);
    if (photos == NULL) {
        cli_error("out of memory for the model card");
        return false;
    }
    for (int32_t i = 0; i < count; i++) photos[i].path = samples->photos.items[i].path;
    const bool good = cli_card_photos_look(s->images, photos, count, &set);
    fprintf(out, "%d photos of ", count);
    cli_card_text(out, s->images);
    fprintf(out, " set the ranges%s. Their classes were %s.\n", learns(s) ? " and the rounding" : "",
            s->only_correct ? "used only to leave out those that the float model gets wrong" : "not used");
    if (good) cli_card_photos_print(&set, "folder", out);
    cli_card_photos_free(&set);
    free(photos);
    return good;
}

static bool put_data(const settings *s, const cli_samples *samples, FILE *out) {
    fputs("\n## Data\n\n", out);
    if (s->images) return put_photos(s, samples, out);
    fprintf(out, "No photo was used: ranges follow from %s.\n",
            s->learned ? "the training before" : "the statistics that batch norm keeps");
    return true;
}

static void put_accuracy(const settings *s, const made *m, FILE *out) {
    fputs("\n## Accuracy\n\n", out);
    if (m->agreed.count > 0) {
        fprintf(out,
                "On the photos above its best class is that of the float model for %d of %d (%.2f %%), with a mean KL "
                "divergence of %.4f nats. They also set the ranges; on others it may be a little less.\n\n",
                m->agreed.agree, m->agreed.count, 100.0 * m->agreed.agree / m->agreed.count, m->agreed.divergence);
    }
    cli_card_unmeasured(out, s->output);
}

static bool make_card(const settings *s, const cli_graph_file *model, const cli_samples *samples, const made *m,
                      cli_card *card) {
    const cli_card_file file = {s->output, m->data, m->bytes};
    const cli_card_file from = {s->models.items[0], model->map.data, model->map.bytes};
    if (!cli_card_begin(card, &s->card, &file, &from)) return false;
    if (card->out == NULL) return true;
    cli_card_graph(card->out, &m->graph, model->network, model->width);
    fputs("\n## Quantisation\n\n- weights: ", card->out);
    put_weights(s, card->out);
    fputs("- activations: ", card->out);
    put_activations(s, card->out);
    fprintf(card->out, "- input and output: %s\n", io_names[s->io]);
    if (!put_data(s, samples, card->out)) return false;
    put_accuracy(s, m, card->out);
    cli_card_end(card);
    return true;
}

/* ---- The course -------------------------------------------------------------------------------------- */

/* The photos to learn from; without any, only what their pixels would mean. False after a sentence. */
static bool load_samples(const settings *s, mn_graph *graph, const cli_showing *showing, cli_samples *samples,
                         int32_t *loaded) {
    mn_pixels pixels;
    if (!cli_samples_pixels(&showing->preprocess, graph, &pixels)) return false;
    cli_samples_mean(&pixels, &samples->set);
    mn_meaning_set_pixels(&graph->meaning, &pixels); /* holds of the int8 model, wherever it comes from */
    if (!s->images) return true;
    const mn_tensor *output = &graph->tensors[graph->outputs[0]];
    int32_t classes = output->rank > 0 ? output->dims[output->rank - 1] : 1;
    int32_t known = s->only_correct ? classes : 0; /* otherwise the class of no photo matters */
    if (!cli_samples_load(s->images, s->limit, &graph->tensors[graph->inputs[0]], mn_names_known(&graph->meaning, 0),
                          known, showing, &pixels, s->jobs, samples)) {
        return false;
    }
    *loaded = samples->set.count;
    return !s->only_correct || keep_correct(s, graph, classes, samples);
}

static bool quantise_model(const settings *s, cli_graph_file *model, const cli_showing *showing, cli_samples *samples) {
    uint64_t started = mn_clock_ns();
    int32_t loaded = 0;
    if (!s->learned && !load_samples(s, &model->graph, showing, samples, &loaded)) return false;
    made m = {0};
    cli_card card = {0};
    mn_status status = make_file(s, model, &samples->set, &m);
    if (status != MN_OK) cli_library_error(status);
    bool good = status == MN_OK && make_card(s, model, samples, &m, &card) &&
                cli_write_file(s->output, m.data, m.bytes) && cli_card_commit(&card);
    if (good) report(s, samples, loaded, &m, started);
    cli_card_abort(&card);
    made_free(&m);
    return good;
}

/* Flags that do not go together, as a sentence; false then. */
static bool check_source(const settings *s) {
    if (s->data_free && (s->images != NULL || s->optimise || s->only_correct)) {
        cli_error("quantize: --data-free uses no photos; leave out --images, --optimize and --only-correct");
        return false;
    }
    if (s->per_tensor && s->dense != DENSE_DEFAULT) {
        cli_error("quantize: --per-tensor is about every layer; leave out --dense, or --per-tensor");
        return false;
    }
    return true;
}

/* What the ranges of the model were learned for; false after a sentence when something else is asked for. */
static bool check_learned(const settings *s, bool per_tensor, mn_interval input) {
    const double *range = s->image.range.value;
    if (s->optimise || s->only_correct) {
        cli_error(
            "quantize: --optimize and --only-correct look at photos; give --images, or leave them out to keep the "
            "ranges that the model learned");
    } else if (s->per_tensor && !per_tensor) {
        cli_error("quantize: the model was trained for a scale for each channel; leave out --per-tensor, or give it to "
                  "'train --qat' too");
    } else if (s->image.mean.count > 0 ||
               (s->image.range.count > 0 && (range[0] != (double)input.low || range[1] != (double)input.high))) {
        cli_error("quantize: the model was trained with --input-range %g,%g; leave it out", (double)input.low,
                  (double)input.high);
    } else {
        return true;
    }
    return false;
}

/* Where ranges come from when no option says so; false after a sentence. */
static bool choose_source(settings *s, cli_graph_file *model) {
    mn_interval input;
    if (s->data_free || s->images != NULL) return true;
    if (!mn_learned_input(&model->graph, model->stats, &input)) {
        cli_error("quantize: --images DIR is missing, or --data-free; see 'mobilenet quantize --help'");
        return false;
    }
    s->learned = true;
    bool good = check_learned(s, model->per_tensor, input);
    mn_meaning_set_range(&model->graph.meaning, (double)input.low, (double)input.high);
    s->per_tensor = model->per_tensor;
    return good;
}

static int quantise(settings *s) {
    cli_showing showing;
    if (s->models.count != 1) {
        cli_error("quantize: exactly one model must be named; see 'mobilenet quantize --help'");
        return CLI_USAGE;
    }
    if (!check_source(s) || !cli_image_resolve(&s->image, &showing)) return CLI_USAGE;
    if (!cli_output_suits("quantize", s->output, CLI_WRITES_TFLITE)) return CLI_USAGE;
    cli_output_tell(s->output);
    cli_graph_file model = {0};
    cli_samples samples = {0};
    mn_status status = cli_graph_open(s->models.items[0], &model);
    if (status == MN_OK) status = mn_quant_prepare(&model.graph);
    if (status != MN_OK) cli_library_error(status);
    bool chosen = status != MN_OK || choose_source(s, &model);
    if (s->image.crop || s->image.exact) model.graph.meaning.fit = s->image.crop ? MN_FIT_CROP : MN_FIT_EXACT;
    bool good = status == MN_OK && chosen && cli_labels_give(s->labels, &model.graph) &&
                quantise_model(s, &model, &showing, &samples);
    cli_samples_free(&samples);
    cli_graph_close(&model);
    return good ? CLI_OK : chosen ? CLI_FAILURE : CLI_USAGE;
}

int cli_quantize(int count, char *const *arguments) {
    settings s = {.limit = 500,
                  .seed = 1,
                  .dense = DENSE_DEFAULT,
                  .method = MN_RANGE_MSE,
                  .image = CLI_IMAGE_DEFAULTS,
                  .card = {.command = cli_quantize_command.name, .count = count, .arguments = arguments}};
    cli_parsed parsed = cli_parse(&cli_quantize_command, count, arguments, &s);
    int code = parsed == CLI_PARSED ? quantise(&s) : cli_parsed_code(parsed);
    cli_list_free(&s.models);
    return code;
}
