/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet: one command, with a subcommand for each job. */

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "common/error.h"
#include "common/options.h"
#include "common/suggest.h"
#include "host/process.h"
#include "mobilenet.h"
#include "mobilenet_inspect.h"

enum { MOST_COMMANDS = 24 };

static void print_help(FILE *out) {
    fprintf(
        out,
        "Usage: mobilenet COMMAND [options]\n\nMakes and runs MobileNet image classifiers (.tflite).\n\nCommands:\n");
    for (const cli_subcommand *sub = cli_subcommands; sub->command != NULL; sub++) {
        fprintf(out, "  %-10s %s\n", sub->command->name, sub->help);
    }
    fprintf(out, "\nOptions:\n"
                 "  -h, --help     print this help\n"
                 "      --version  print the version, and the kernel tiers that this processor runs\n"
                 "\n'mobilenet COMMAND --help' tells more.\nExit code: 0 success, 1 failure, 2 wrong usage.\n");
}

static void print_version(void) {
    printf("mobilenet %s\nkernel tiers of this processor:", mn_version());
    for (int32_t i = 0; mn_cpu_tier(i); i++) printf(" %s", mn_cpu_tier(i));
    puts("");
}

static const cli_subcommand *find(const char *name) {
    for (const cli_subcommand *sub = cli_subcommands; sub->command != NULL; sub++) {
        if (strcmp(sub->command->name, name) == 0) return sub;
    }
    return NULL;
}

static int wrong_name(const char *name) {
    static const char benchmark[] = "benchmark_model";
    const char *names[MOST_COMMANDS + 3] = {"--help", "--version", benchmark};
    size_t count = 3;
    for (const cli_subcommand *sub = cli_subcommands; sub->command != NULL && count < MOST_COMMANDS + 3; sub++) {
        names[count++] = sub->command->name;
    }
    const char *nearest = cli_nearest(name, names, count);
    if (nearest == benchmark) {
        cli_error("unknown command '%s': a program of its own measures latency, %s --graph=MODEL", name, benchmark);
        return CLI_USAGE;
    }
    cli_error("unknown %s '%s'%s%s; see 'mobilenet --help'", name[0] == '-' ? "option" : "command", name,
              nearest != NULL ? ", did you mean " : "", nearest != NULL ? nearest : "");
    return CLI_USAGE;
}

static int dispatch(int count, char **arguments) {
    if (count < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    const char *name = arguments[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || (strcmp(name, "help") == 0 && count == 2)) {
        print_help(stdout);
        return CLI_OK;
    }
    if (strcmp(name, "--version") == 0) {
        print_version();
        return CLI_OK;
    }
    if (strcmp(name, "help") == 0) {
        static char *const help[] = {"--help", NULL};
        const cli_subcommand *command = find(arguments[2]);
        return command != NULL ? command->run(1, help) : wrong_name(arguments[2]);
    }
    const cli_subcommand *command = find(name);
    return command != NULL ? command->run(count - 2, arguments + 2) : wrong_name(name);
}

int main(int count, char **arguments) {
    cli_begin("mobilenet", "mobilenet");
    if (!mn_process_begin(&count, &arguments)) {
        cli_error("out of memory");
        return CLI_FAILURE;
    }
    return cli_end(dispatch(count, arguments));
}
