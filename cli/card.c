/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "card.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "classify/ending.h"
#include "classify/names.h"
#include "common/error.h"
#include "graph/describe.h"
#include "graph/pixels.h"
#include "graph/shape.h"
#include "host/files.h"
#include "image/prepare.h"
#include "image_options.h"

/* The first line of a card that may be replaced. */
static const char mark[] = "<!-- mobilenet.c replaces this card with its model. Without this line it is yours. -->\n";

/* ---- Text -------------------------------------------------------------------------------------------- */

void cli_card_text(FILE *out, const char *text) {
    for (const char *c = text; *c != '\0'; c++) {
        const bool within = *c == '_' && c > text && isalnum((unsigned char)c[-1]) && isalnum((unsigned char)c[1]);
        if (strchr("\\`*_[]<|&~", *c) && !within) fputc('\\', out);
        fputc((unsigned char)*c < ' ' ? ' ' : *c, out);
    }
}

/* With escapes, for control characters, which would end the line or the block. */
static void put_escaped(FILE *out, const char *word) {
    fputs("$'", out);
    for (; *word != '\0'; word++) {
        const unsigned char c = (unsigned char)*word;
        if (c < ' ' || c == 0x7f) {
            fprintf(out, "\\%03o", c);
        } else {
            fprintf(out, "%s%c", c == '\'' || c == '\\' ? "\\" : "", c);
        }
    }
    fputc('\'', out);
}

void cli_card_word(FILE *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    bool control = false;
    for (const char *c = word; *c != '\0'; c++) control = control || (unsigned char)*c < ' ' || *c == 0x7f;
    if (control) {
        put_escaped(out, word);
    } else if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, out);
    } else {
        fputc('\'', out);
        for (; *word != '\0'; word++) *word == '\'' ? (void)fputs("'\\''", out) : (void)fputc(*word, out);
        fputc('\'', out);
    }
}

void cli_card_digest(FILE *out, const uint8_t digest[MN_SHA256_BYTES]) {
    fputs("SHA-256 ", out);
    for (size_t i = 0; i < MN_SHA256_BYTES; i++) fprintf(out, "%02x", digest[i]);
}

static void put_file(FILE *out, const char *what, const cli_card_file *file) {
    uint8_t digest[MN_SHA256_BYTES];
    mn_sha256 hash;
    fprintf(out, "| %s | ", what);
    cli_card_text(out, file->path);
    if (file->data) {
        mn_sha256_begin(&hash);
        mn_sha256_add(&hash, file->data, file->bytes);
        mn_sha256_end(&hash, digest);
        fprintf(out, ", %zu bytes, ", file->bytes);
        cli_card_digest(out, digest);
    }
    fputs(" |\n", out);
}

/* ---- The file ---------------------------------------------------------------------------------------- */

/* May `path` be written? Not where it is there and lacks the mark. */
static bool replaceable(const char *path) {
    char line[sizeof mark] = "";
    FILE *file = mn_files_open(path, "rb");
    if (!file) return true;
    const bool ours = fgets(line, sizeof line, file) && strcmp(line, mark) == 0;
    fclose(file);
    if (!ours) cli_error("%s: is there already and stays as it is; no model card is written", path);
    return ours;
}

static bool open_card(cli_card *card, const char *model) {
    const size_t size = strlen(model) + sizeof ".md";
    char *path = malloc(size);
    if (!path) {
        cli_error("out of memory for the model card");
        return false;
    }
    snprintf(path, size, "%s.md", model);
    const bool wanted = replaceable(path);
    const bool good = !wanted || cli_output_open(&card->output, path);
    if (wanted && good) card->out = card->output.file;
    free(path);
    return good;
}

bool cli_card_begin(cli_card *card, const cli_card_source *source, const cli_card_file *model,
                    const cli_card_file *made_from) {
    *card = (cli_card){.source = source};
    const mn_found found = mn_files_look(model->path);
    if (source->off || (found != MN_FOUND_FILE && found != MN_FOUND_NOTHING)) return true;
    if (!open_card(card, model->path)) return false;
    if (!card->out) return true;
    const char *slash = strrchr(model->path, '/');
    fprintf(card->out, "%s\n# ", mark);
    cli_card_text(card->out, slash ? slash + 1 : model->path);
    fputs("\n\n| | |\n|---|---|\n", card->out);
    put_file(card->out, "File", model);
    if (made_from->path) put_file(card->out, "Made from", made_from);
    fprintf(card->out, "| Made by | mobilenet.c %s, `mobilenet %s` |\n", mn_version(), source->command);
    fputs("| Licence | not known: that of the weights it was made from, and of the pictures, is yours to state |\n",
          card->out);
    return true;
}

void cli_card_end(cli_card *card) {
    fprintf(card->out, "\n## How to make it again\n\n    mobilenet %s", card->source->command);
    for (int i = 0; i < card->source->count; i++) {
        fputc(' ', card->out);
        cli_card_word(card->out, card->source->arguments[i]);
    }
    fputs("\n\nThe same version, files and options give the same bytes on a processor that rounds floats alike; with\n"
          "`train`, as many threads, too.\n"
          "\n## Limits\n\n"
          "- It always answers with classes that it knows, even when the picture shows none of them.\n"
          "- Expect it to work on pictures like those it was trained on. Measure it on yours before you rely on it.\n"
          "- Its probabilities say how sure the model is, which is not how often it is right.\n",
          card->out);
}

bool cli_card_commit(cli_card *card) {
    if (!card->out) return true;
    card->out = NULL;
    return cli_output_commit(&card->output);
}

void cli_card_abort(cli_card *card) {
    if (card->out) cli_output_abort(&card->output);
    card->out = NULL;
}

void cli_card_unmeasured(FILE *out, const char *model) {
    fputs("How often it is right was not measured. With photos in a folder for each class, this does:\n\n"
          "    mobilenet evaluate -m ",
          out);
    cli_card_word(out, model);
    fputs(" --images DIR\n", out);
}

/* ---- A graph ----------------------------------------------------------------------------------------- */

static void put_operators(FILE *out, const mn_graph *graph) {
    int32_t count[MN_OP_KIND_COUNT] = {0};
    int64_t parameters = 0, macs = 0;
    for (int32_t i = 0; i < graph->op_count; i++) {
        mn_op_info info;
        mn_graph_describe(graph, &graph->ops[i], &info);
        count[graph->ops[i].kind]++;
        parameters += info.parameters;
        macs += info.macs;
    }
    fprintf(out, "%" PRId64 " parameters, %" PRId64 " multiply-accumulates for an image; %d operators:", parameters,
            macs, graph->op_count);
    const char *comma = " ";
    for (int32_t i = 0; i < MN_OP_KIND_COUNT; i++) {
        if (count[i] == 0) continue;
        fprintf(out, "%s%d %s", comma, count[i], mn_op_name((mn_op_kind)i));
        comma = ", ";
    }
    fputs(".\n", out);
}

static void put_tensor(FILE *out, const char *what, const mn_tensor *tensor) {
    char shape[MN_SHAPE_TEXT];
    const mn_shape dims = mn_tensor_shape(tensor);
    fprintf(out, "| %s | ", what);
    cli_card_text(out, tensor->name);
    fprintf(out, " | %s | %s | ", mn_type_name(tensor->type), mn_shape_text(&dims, shape));
    if (tensor->quant.count == 1) {
        const int32_t zero = tensor->quant.zero_point[0];
        fprintf(out, "%.9g × (stored %s %d)", (double)tensor->quant.scale[0], zero > 0 ? "−" : "+", abs(zero));
    }
    fputs(" |\n", out);
}

static void put_picture(FILE *out, const mn_graph *graph) {
    mn_pixels pixels;
    mn_prepare prepare;
    if (mn_graph_pixels(graph, &pixels) != MN_OK ||
        mn_prepare_init(&graph->tensors[graph->inputs[0]], &pixels, NULL, &prepare) != MN_OK) {
        fputs("\nWhat pixels mean to it, its file does not tell.\n", out);
        return;
    }
    fputs("\nA photo becomes its input as ", out);
    cli_card_text(out, prepare.text);
    fprintf(out, "; %s, resized with the filter %s.\n",
            prepare.crop == MN_CROP_CENTRAL ? "the central 87.5 % of each side" : "the whole photo",
            cli_filter_names[prepare.filter - MN_RESIZE_NEAREST]);
}

void cli_card_classes(FILE *out, const char *const *names, int32_t count) {
    enum { LISTED = 100 };
    if (count == 0) return;
    fprintf(out, "\nClasses%s:", count > LISTED ? ", the first of them" : "");
    for (int32_t i = 0; i < count && i < LISTED; i++) {
        fputs(i > 0 ? ", " : " ", out);
        cli_card_text(out, names[i]);
    }
    fputs(".\n", out);
}

static void put_answer(FILE *out, const mn_graph *graph) {
    mn_ending ending;
    if (mn_ending_find(graph, NULL, &ending) != MN_OK) return;
    const char *end = ending.kind == MN_ENDS_IN_SCORES ? "scores, which a softmax makes probabilities"
                      : ending.labels                  ? "a sigmoid for each, so several may hold at once"
                                                       : "probabilities";
    fprintf(out, "\nIt tells %d classes apart and gives %s.\n", ending.classes, end);
    const mn_class_names *known = mn_names_known(&graph->meaning, 0);
    if (known) cli_card_classes(out, known->name, known->count);
}

void cli_card_graph(FILE *out, const mn_graph *graph, const char *network, double width) {
    fputs("\n## Model\n\n", out);
    if (network) {
        cli_card_text(out, network);
        if (width > 0) fprintf(out, " of width %g", width);
        fputs(": ", out);
    }
    put_operators(out, graph);
    fputs("\n| | tensor | type | shape | real value |\n|---|---|---|---|---|\n", out);
    for (int32_t i = 0; i < graph->input_count; i++) put_tensor(out, "input", &graph->tensors[graph->inputs[i]]);
    for (int32_t i = 0; i < graph->output_count; i++) put_tensor(out, "output", &graph->tensors[graph->outputs[i]]);
    put_picture(out, graph);
    put_answer(out, graph);
}
