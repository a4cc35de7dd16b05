/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The subcommands: the tables of their options, and what runs them, which takes the arguments after the name and
 * returns an exit code. */
#ifndef MN_CLI_COMMANDS_H
#define MN_CLI_COMMANDS_H

#include "common/options.h"

typedef struct cli_subcommand {
    const cli_command *command;
    int (*run)(int count, char *const *arguments);
    const char *help; /* a few words, for the list of all */
} cli_subcommand;

/** In the order in which they are listed; ends with one without a command. */
extern const cli_subcommand cli_subcommands[];

extern const cli_command cli_classify_command, cli_run_command, cli_evaluate_command, cli_inspect_command,
    cli_convert_command, cli_new_command, cli_variants_command, cli_quantize_command, cli_train_command,
    cli_compile_command, cli_compare_command, cli_completion_command;

int cli_classify(int count, char *const *arguments);
int cli_run(int count, char *const *arguments);
int cli_evaluate(int count, char *const *arguments);
int cli_inspect(int count, char *const *arguments);
int cli_convert(int count, char *const *arguments);
int cli_new(int count, char *const *arguments);
int cli_variants(int count, char *const *arguments);
int cli_quantize(int count, char *const *arguments);
int cli_train(int count, char *const *arguments);
int cli_compile(int count, char *const *arguments);
int cli_compare(int count, char *const *arguments);
int cli_completion(int count, char *const *arguments);

#endif
