/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The subcommands. Each takes the arguments after its name and returns an exit code. */
#ifndef MN_CLI_COMMANDS_H
#define MN_CLI_COMMANDS_H

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

#endif
