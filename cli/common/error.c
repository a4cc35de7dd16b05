/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "common/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *error_name = "mobilenet", *warning_name = "mobilenet";

void cli_begin(const char *program, const char *warning) {
    error_name = program;
    warning_name = warning;
}

static void print_sentence(const char *name, const char *format, va_list arguments) {
    fprintf(stderr, "%s: ", name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void cli_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_sentence(error_name, format, arguments);
    va_end(arguments);
}

void cli_warn(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_sentence(warning_name, format, arguments);
    va_end(arguments);
}

void cli_library_error(mn_status status) {
    const char *detail = mn_error_detail();
    cli_error("%s", detail[0] != '\0' ? detail : mn_status_text(status));
}

int cli_end(int code) {
    bool failed = ferror(stdout) != 0;
    int reason = failed ? EIO : 0;
    if (fflush(stdout) != 0) {
        failed = true;
        reason = errno;
    }
    if (!failed) return code;
    cli_error("cannot write standard output: %s", strerror(reason));
    return code == CLI_OK ? CLI_FAILURE : code;
}
