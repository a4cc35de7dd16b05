/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "benchmark_model_log.h"

#include <stdarg.h>
#include <stdio.h>

static void print_line(const char *prefix, const char *format, va_list arguments) {
    fputs(prefix, stdout);
    vprintf(format, arguments);
    putchar('\n');
}

void bench_info(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_line("INFO: ", format, arguments);
    va_end(arguments);
}

void bench_warn(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_line("WARN: ", format, arguments);
    va_end(arguments);
}
