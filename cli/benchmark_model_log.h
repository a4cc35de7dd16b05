/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Lines of benchmark_model's report, with the prefixes that TensorFlow Lite prints since 2.14. Errors go
 * through cli_error(), whose prefix main sets to "ERROR". */
#ifndef MN_BENCHMARK_MODEL_LOG_H
#define MN_BENCHMARK_MODEL_LOG_H

#include "base/status.h"

/** One line on stdout; the newline is added. */
void bench_info(const char *format, ...) MN_PRINTF(1, 2);
void bench_warn(const char *format, ...) MN_PRINTF(1, 2);

#endif
