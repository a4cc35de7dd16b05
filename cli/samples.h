/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Photos for the commands that learn from them or compare on them: decoded, resized and kept in memory. */
#ifndef MN_CLI_SAMPLES_H
#define MN_CLI_SAMPLES_H

#include "image_options.h"
#include "photos.h"
#include "quant/quant.h"

/** Start with `cli_samples samples = {0};`. */
typedef struct cli_samples {
    mn_samples set;    /* owned */
    cli_photos photos; /* [set.count]: where they are from; owned */
    char text[320];    /* how photos become inputs, in words */
} cli_samples;

/** What pixels mean to `graph`: as the options say, else as mn_graph_pixels finds. False after a sentence: it cannot be
 *  told, or does not hold zero. */
bool cli_samples_pixels(const mn_preprocess_options *options, const mn_graph *graph, mn_pixels *out);

/** Writes it into a set of samples. */
void cli_samples_mean(const mn_pixels *pixels, mn_samples *out);

/** Loads up to `limit` photos of `folder`, spread evenly over the sorted list, for a model with the float input `input`
 *  and `classes` outputs, which it calls `known` (or NULL), on `jobs` threads (0: one per processor). `pixels` is what
 * they mean. Photos that cannot be read are named on stderr and left out. False after a sentence. */
bool cli_samples_load(const char *folder, int32_t limit, const mn_tensor *input, const mn_class_names *known,
                      int32_t classes, const cli_showing *showing, const mn_pixels *pixels, int32_t jobs,
                      cli_samples *out);

/** Keeps the photos with keep[i], in their order. */
void cli_samples_keep(cli_samples *samples, const bool *keep);

void cli_samples_free(cli_samples *samples);

/** Draws the progress of the steps of src/quant on stderr. `context` is a cli_progress that starts empty. */
void cli_samples_tell(void *context, const char *what, int32_t done, int32_t total);

#endif
