/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet: one command, with a subcommand for each job. */

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "common/error.h"
#include "common/options.h"
#include "common/suggest.h"
#include "mobilenet.h"
#include "mobilenet_inspect.h"

typedef struct subcommand {
    const char *name;
    int (*run)(int count, char *const *arguments);
    const char *help;
} subcommand;

static const subcommand subcommands[] = {
    {"classify", cli_classify, "say what is in photos"},
    {"run", cli_run, "run a model on raw tensors"},
    {"evaluate", cli_evaluate, "measure the accuracy of a model over a folder of photos"},
    {"inspect", cli_inspect, "show the operators, sizes and quantisation of a model"},
    {"convert", cli_convert, "convert what Keras saved into a float model"},
    {"new", cli_new, "write a MobileNetV2 with random weights"},
    {"variants", cli_variants, "list the published variants of MobileNetV2"},
    {"quantize", cli_quantize, "quantise a float model to 8-bit integers"},
    {"train", cli_train, "train a network on folders of photos"},
    {"compile", cli_compile, "write an int8 model as C for microcontrollers"},
    {"compare", cli_compare, "show layer by layer how far one version of a model is from another"},
};
enum { SUBCOMMANDS = sizeof subcommands / sizeof subcommands[0] };

static void print_help(FILE *out) {
    fprintf(
        out,
        "Usage: mobilenet COMMAND [options]\n\nMakes and runs MobileNet image classifiers (.tflite).\n\nCommands:\n");
    for (int i = 0; i < SUBCOMMANDS; i++) fprintf(out, "  %-10s %s\n", subcommands[i].name, subcommands[i].help);
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

static const subcommand *find(const char *name) {
    for (int i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(subcommands[i].name, name) == 0) return &subcommands[i];
    }
    return NULL;
}

static int wrong_name(const char *name) {
    static const char benchmark[] = "benchmark_model";
    const char *names[SUBCOMMANDS + 3] = {"--help", "--version", benchmark};
    for (int i = 0; i < SUBCOMMANDS; i++) names[i + 3] = subcommands[i].name;
    const char *nearest = cli_nearest(name, names, sizeof names / sizeof names[0]);
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
        const subcommand *command = find(arguments[2]);
        return command != NULL ? command->run(1, help) : wrong_name(arguments[2]);
    }
    const subcommand *command = find(name);
    return command != NULL ? command->run(count - 2, arguments + 2) : wrong_name(name);
}

int main(int count, char **arguments) {
    cli_begin("mobilenet", "mobilenet");
    return cli_end(dispatch(count, arguments));
}
