/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Model cards: FILE.md beside every model FILE that a command makes. Markdown for people, who may complete it; the same
 * input gives the same bytes. Functions that give bool have printed their sentence before they give false. */
#ifndef MN_CLI_CARD_H
#define MN_CLI_CARD_H

#include "base/sha256.h"
#include "common/file.h"
#include "graph/graph.h"

/** The command that makes the model. */
typedef struct cli_card_source {
    bool off;            /* --no-card */
    const char *command; /* "quantize" */
    int count;           /* of its arguments */
    char *const *arguments;
} cli_card_source;

/** Option table entry for the cli_card_source `member` of the settings struct `type`. */
#define CLI_CARD_OPTION(type, member)                                                                                  \
    {                                                                                                                  \
        .name = "no-card", .kind = CLI_FLAG, .offset = offsetof(type, member.off),                                     \
        .help = "write no model card, which otherwise goes beside FILE as FILE.md"                                     \
    }

/** Start with `cli_card card = {0};`. */
typedef struct cli_card {
    const cli_card_source *source;
    cli_output output;
    FILE *out; /* the sections between begin and end go here; NULL: no card is written */
} cli_card;

/** A file, and what it holds. */
typedef struct cli_card_file {
    const char *path;
    const void *data; /* NULL: not known */
    size_t bytes;
} cli_card_file;

/** Begins the card of `model` with what that was made from (path NULL: nothing). None is written with --no-card, for a
 *  model that is a device or a pipe, and, after a sentence, where FILE.md is somebody's own: cards say in their first
 *  line that they may be replaced. */
bool cli_card_begin(cli_card *card, const cli_card_source *source, const cli_card_file *model,
                    const cli_card_file *made_from);

/** Section "Model" of a graph. `network` is what it is known to be, with its `width` unless that is 0; NULL: it is not
 * known. */
void cli_card_graph(FILE *out, const mn_graph *graph, const char *network, double width);

/** Names of classes in one paragraph. */
void cli_card_classes(FILE *out, const char *const *names, int32_t count);

/** That nobody has measured the accuracy of the file `model`, and how to. */
void cli_card_unmeasured(FILE *out, const char *model);

/** Ends the card with how to make the model again, and what to know before it is used. */
void cli_card_end(cli_card *card);

/** Puts the card in its place, which is done once the model is in its own. */
bool cli_card_commit(cli_card *card);

/** Drops what was written; nothing to do after a commit. */
void cli_card_abort(cli_card *card);

/** Any text as Markdown that shows it. */
void cli_card_text(FILE *out, const char *text);

void cli_card_digest(FILE *out, const uint8_t digest[MN_SHA256_BYTES]);

/** A word as a shell reads it. */
void cli_card_word(FILE *out, const char *word);

#endif
