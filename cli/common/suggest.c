/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "common/suggest.h"

#include <stdbool.h>
#include <string.h>

enum { LONGEST = 48 };

/* What other programs call our commands and options. A line counts where the second name is one of those to choose
 * from, so one table serves all commands. */
static const struct {
    const char *word, *name;
} aliases[] = {
    /* commands */
    {"predict", "classify"},
    {"infer", "classify"},
    {"inference", "classify"},
    {"detect", "classify"},
    {"recognize", "classify"},
    {"label", "classify"},
    {"label_image", "classify"},
    {"test", "evaluate"},
    {"eval", "evaluate"},
    {"validate", "evaluate"},
    {"accuracy", "evaluate"},
    {"score", "evaluate"},
    {"quantise", "quantize"},
    {"quantization", "quantize"},
    {"ptq", "quantize"},
    {"info", "inspect"},
    {"show", "inspect"},
    {"summary", "inspect"},
    {"visualize", "inspect"},
    {"export", "convert"},
    {"import", "convert"},
    {"tflite", "convert"},
    {"fit", "train"},
    {"finetune", "train"},
    {"fine-tune", "train"},
    {"retrain", "train"},
    {"diff", "compare"},
    {"create", "new"},
    {"list", "variants"},
    {"models", "variants"},
    {"bench", "benchmark_model"},
    {"benchmark", "benchmark_model"},
    {"latency", "benchmark_model"},
    {"profile", "benchmark_model"},
    /* options */
    {"lr", "rate"},
    {"learning-rate", "rate"},
    {"initial-lr", "rate"},
    {"batch-size", "batch"},
    {"bs", "batch"},
    {"num-epochs", "epochs"},
    {"optimiser", "optimizer"},
    {"opt", "optimizer"},
    {"wd", "weight-decay"},
    {"color", "colour"},
    {"out", "output"},
    {"output", "out"},
    {"save", "out"},
    {"save", "output"},
    {"output-file", "output"},
    {"out-file", "out"},
    {"weights", "init"},
    {"pretrained", "init"},
    {"checkpoint", "resume"},
    {"continue", "resume"},
    {"overwrite", "force"},
    {"dataset", "data"},
    {"data-dir", "data"},
    {"train-dir", "data"},
    {"images", "data"},
    {"data", "images"},
    {"data-dir", "images"},
    {"calibration", "images"},
    {"representative-dataset", "images"},
    {"image-dir", "images"},
    {"val-dir", "val"},
    {"validation", "val"},
    {"image-size", "size"},
    {"img-size", "size"},
    {"input-size", "size"},
    {"imgsz", "size"},
    {"alpha", "width"},
    {"depth-multiplier", "width"},
    {"num-classes", "classes"},
    {"num-threads", "threads"},
    {"workers", "jobs"},
    {"num-workers", "jobs"},
    {"num-results", "top"},
    {"topk", "top"},
    {"top-k", "top"},
    {"label-file", "labels"},
    {"labels-file", "labels"},
    {"label-map", "labels"},
    {"classes", "labels"},
    {"tflite-model", "model"},
    {"model-file", "model"},
    {"model-path", "model"},
    {"graph", "model"},
    {"input-mean", "mean"},
    {"input-std", "std"},
    {"num-samples", "limit"},
    {"max-images", "limit"},
    {"num-images", "limit"},
    /* flags of benchmark_model */
    {"model", "graph"},
    {"threads", "num_threads"},
    {"runs", "num_runs"},
    {"iterations", "num_runs"},
    {"warmup", "warmup_runs"},
    {"profile", "enable_op_profiling"},
};

static char plain(char c) { return c == '_' ? '-' : c; }

static bool same(const char *a, const char *b) {
    while (*a != '\0' && plain(*a) == plain(*b)) a++, b++;
    return *a == '\0' && *b == '\0';
}

static const char *find_alias(const char *word, const char *const *names, size_t count) {
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (!same(word, aliases[i].word)) continue;
        for (size_t k = 0; k < count; k++) {
            if (strcmp(names[k], aliases[i].name) == 0) return names[k];
        }
    }
    return NULL;
}

/* Levenshtein distance, giving up on words too long for any option. */
static size_t edit_distance(const char *a, const char *b) {
    size_t row[LONGEST + 1], rows = strlen(a), columns = strlen(b);
    if (rows > LONGEST || columns > LONGEST) return LONGEST;
    for (size_t j = 0; j <= columns; j++) row[j] = j;
    for (size_t i = 1; i <= rows; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t best = diagonal + (plain(a[i - 1]) != plain(b[j - 1]));
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[columns];
}

const char *cli_nearest(const char *word, const char *const *names, size_t count) {
    const char *nearest = find_alias(word, names, count);
    size_t least = strlen(word) < 6 ? 2 : 3; /* at most this many slips of the keyboard */
    if (nearest != NULL) return nearest;
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(word, names[i]);
        bool prefix = strlen(word) >= 3 && strncmp(word, names[i], strlen(word)) == 0;
        if (prefix) distance = 1;
        if (distance <= least && distance < strlen(names[i])) {
            nearest = names[i];
            least = distance == 0 ? 0 : distance - 1;
        }
    }
    return nearest;
}
