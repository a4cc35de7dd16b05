/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet convert: what Keras or PyTorch saved, as a float .tflite. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "card.h"
#include "commands.h"
#include "common/error.h"
#include "common/file.h"
#include "common/options.h"
#include "graph/pixels.h"
#include "host/files.h"
#include "image/prepare.h"
#include "labels.h"
#include "model_file.h"
#include "net/fold.h"
#include "net_file.h"
#include "tflite/write.h"

typedef struct settings {
    cli_list files;
    const char *output, *labels;
    int32_t size;
    bool scores;
    cli_card_source card;
} settings;

static const cli_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .required = true,
     .offset = offsetof(settings, output),
     .value = "FILE",
     .help = "the .tflite model to write"},
    {.name = "size",
     .kind = CLI_INT,
     .offset = offsetof(settings, size),
     .value = "N",
     .low = 1,
     .high = 8192,
     .help = "height and width of the input in pixels, if the file leaves them open, as bare weights do [the size in "
             "the file's name, else 224]"},
    {.name = "scores",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, scores),
     .help = "bare weights: end in scores; else a softmax follows the classifier, or the sigmoid of one class"},
    {.name = "labels",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, labels),
     .value = "FILE",
     .help = "names of the classes, one per line, to store in the model [those of the file]"},
    CLI_CARD_OPTION(settings, card),
    {0},
};

const cli_command cli_convert_command = {
    .name = "convert",
    .usage = "WEIGHTS -o FILE [options]",
    .summary = "Converts a MobileNet saved by Keras or PyTorch into a float .tflite: weights or a whole model in "
               "HDF5 (.h5, .weights.h5), a Keras 3 archive (.keras), a state dict of torchvision or timm "
               "(.safetensors, .pth), or an ONNX model of any float classifier (.onnx).",
    .notes = "Any width, input size and number of classes, with or without classifier; fine-tuned models with the "
             "layers around the base that classifiers have. Batch norm is folded into the convolutions. The same "
             "input gives the same bytes. FILE.md is the model card: what the model is and what it was made from.",
    .options = options,
    .operands = true,
    .operand_offset = offsetof(settings, files),
};

/* The file, and what it says of pixels, in words; "" where nothing can be told. */
typedef struct made {
    uint8_t *data;
    size_t bytes;
    char pixels[MN_PIXELS_TEXT];
    int32_t names; /* of classes */
    cli_card card;
} made;

/* ---- What was found ---------------------------------------------------------------------------------- */

static void print_input(const mn_net *net, const mn_origin *origin, const made *m) {
    const mn_layer *input = &net->layers[0];
    printf("  input       %s: float32 1x%dx%dx%d%s\n", input->name, input->h, input->w, input->c,
           origin->assumed_size ? ", a size that the file leaves open (--size)" : "");
    if (origin->assumed_pixels && net->meaning.normalised) {
        const float *mean = net->meaning.mean, *deviation = net->meaning.deviation;
        printf("  pixels      assumed, as such networks are trained: --mean %g,%g,%g --std %g,%g,%g\n", (double)mean[0],
               (double)mean[1], (double)mean[2], (double)deviation[0], (double)deviation[1], (double)deviation[2]);
        return;
    }
    printf("  pixels      %s\n",
           m->pixels[0] != '\0'
               ? m->pixels
               : "rescaled inside in a way that tells nothing; tell other commands with --input-range");
}

static void print_output(const mn_net *net, const mn_layer *last, const mn_origin *origin) {
    bool pooled = last->h == 1 && last->w == 1, softmax = last->kind == MN_LAYER_SOFTMAX;
    bool sigmoid = last->kind == MN_LAYER_ACTIVATION && last->function == MN_FUNCTION_SIGMOID;
    const mn_layer *scores = last->kind == MN_LAYER_RESHAPE ? &net->layers[last->inputs[0]] : last;
    bool classifier = softmax || sigmoid || scores->kind == MN_LAYER_DENSE || scores->kind == MN_LAYER_CONV;
    printf("  output      %s: ", last->name);
    if (pooled) {
        printf("%d %s%s", last->c,
               !classifier    ? "features"
               : last->c == 1 ? "class"
                              : "classes",
               softmax   ? ", softmax"
               : sigmoid ? ", sigmoid"
                         : "");
    } else {
        printf("%dx%dx%d features", last->h, last->w, last->c);
    }
    bool assumed = origin->assumed_softmax && (softmax || sigmoid);
    printf("%s\n", assumed ? ", which the file does not say (--scores leaves it out)" : "");
}

static void print_summary(const settings *s, const mn_net *net, const mn_origin *origin, const made *m) {
    printf("%s: %zu bytes\n  from        %s, %s\n  network     ", s->output, m->bytes, s->files.items[0],
           origin->format);
    if (origin->width > 0) {
        printf("%s of width %g", origin->network, origin->width);
    } else if (origin->network) {
        printf("%s", origin->network);
    } else {
        printf("%d layers, not those of a MobileNet", net->layer_count);
    }
    printf(", %" PRId64 " parameters, %" PRId64 " MACs\n", mn_net_parameters(net), mn_net_macs(net));
    print_input(net, origin, m);
    for (int32_t i = 0; i < mn_net_output_count(net); i++) {
        print_output(net, &net->layers[mn_net_output(net, i)], origin);
    }
    if (m->names > 0) printf("  classes     %d names go with the model\n", m->names);
}

/* ---- The card ---------------------------------------------------------------------------------------- */

static bool make_card(const settings *s, const mn_graph *graph, const mn_origin *origin, made *m) {
    const char *weights = s->files.items[0];
    mn_map map = {0};
    cli_card *card = &m->card;
    /* A pipe has been read already. */
    if (!s->card.off && mn_files_look(weights) == MN_FOUND_FILE) {
        const mn_status status = cli_file_read(weights, &map);
        if (status != MN_OK) cli_library_error(status);
        if (status != MN_OK) return false;
    }
    const cli_card_file file = {s->output, m->data, m->bytes}, from = {weights, map.data, map.bytes};
    const bool good = cli_card_begin(card, &s->card, &file, &from);
    mn_map_close(&map);
    if (!good || !card->out) return good;
    cli_card_graph(card->out, graph, origin->network, origin->width);
    fputs("\n## Data\n\nWhat it was trained on, the weights do not say.\n\n## Accuracy\n\n", card->out);
    cli_card_unmeasured(card->out, s->output);
    cli_card_end(card);
    return true;
}

/* ---- Converting -------------------------------------------------------------------------------------- */

/* False after a sentence. */
static bool make_file(const settings *s, const mn_net *net, const mn_origin *origin, made *out) {
    mn_graph graph = {0};
    char description[96];
    if (origin->width > 0) {
        snprintf(description, sizeof description, "%s %g, mobilenet.c %s", origin->network, origin->width,
                 mn_version());
    } else if (origin->network) {
        snprintf(description, sizeof description, "%s, mobilenet.c %s", origin->network, mn_version());
    } else {
        snprintf(description, sizeof description, "mobilenet.c %s", mn_version());
    }
    mn_status status = mn_net_fold(net, &graph, NULL);
    graph.description = description;
    bool labelled = status != MN_OK || cli_labels_give(s->labels, &graph);
    mn_pixels pixels;
    if (status == MN_OK && labelled && mn_graph_pixels(&graph, &pixels) == MN_OK) {
        mn_pixels_text(&pixels, MN_MEANING_CHANNELS, out->pixels);
        if (pixels.source != MN_PIXELS_ASSUMED) mn_meaning_set_pixels(&graph.meaning, &pixels);
    }
    const mn_class_names *known = mn_names_known(&graph.meaning, 0);
    out->names = known ? known->count : 0;
    if (status == MN_OK && labelled) status = mn_tflite_write(&graph, &out->data, &out->bytes);
    if (status != MN_OK) cli_library_error(status);
    const bool good = status == MN_OK && labelled && make_card(s, &graph, origin, out);
    mn_graph_free(&graph);
    return good;
}

static int convert(const settings *s) {
    if (s->files.count != 1) {
        cli_error("convert: exactly one file of weights must be named; see 'mobilenet convert --help'");
        return CLI_USAGE;
    }
    if (!cli_output_suits("convert", s->output, CLI_WRITES_TFLITE)) return CLI_USAGE;
    cli_output_tell(s->output);
    mn_net net = {0};
    mn_origin origin;
    made m = {0};
    mn_origin_options wanted = {.size = s->size, .no_softmax = s->scores};
    mn_status status = cli_net_open(s->files.items[0], &wanted, &net, &origin);
    if (status != MN_OK) cli_library_error(status);
    bool good = status == MN_OK && make_file(s, &net, &origin, &m) && cli_write_file(s->output, m.data, m.bytes) &&
                cli_card_commit(&m.card);
    if (good) print_summary(s, &net, &origin, &m);
    cli_card_abort(&m.card);
    free(m.data);
    mn_net_free(&net);
    return good ? CLI_OK : CLI_FAILURE;
}

int cli_convert(int count, char *const *arguments) {
    settings s = {.card = {.command = cli_convert_command.name, .count = count, .arguments = arguments}};
    cli_parsed parsed = cli_parse(&cli_convert_command, count, arguments, &s);
    int code = parsed == CLI_PARSED ? convert(&s) : cli_parsed_code(parsed);
    cli_list_free(&s.files);
    return code;
}
