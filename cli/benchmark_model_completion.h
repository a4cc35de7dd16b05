/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* benchmark_model --completion: what shells complete its flags with, from their table. */
#ifndef MN_BENCHMARK_MODEL_COMPLETION_H
#define MN_BENCHMARK_MODEL_COMPLETION_H

#include <stdbool.h>

/** Prints the completion for the shell bash, zsh or fish; false for any other. */
bool bench_completion(const char *shell);

#endif
