/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "benchmark_model_completion.h"

#include <stdio.h>
#include <string.h>

#include "benchmark_model_flags.h"
#include "common/shell.h"

/* ---- What is completed ---- */

/* Flags that change nothing here are accepted, but not offered. */
static bool offered(const bench_flag *flag) { return flag->use == BENCH_HONOURED || flag->use == BENCH_LOGGED; }

static bool ends_in(const char *text, const char *end) {
    const size_t length = strlen(text), rest = strlen(end);
    return length >= rest && strcmp(text + length - rest, end) == 0;
}

static bool names_file(const bench_flag *flag) {
    return strcmp(flag->name, "graph") == 0 || ends_in(flag->name, "file") || ends_in(flag->name, "path");
}

/* The values that a flag takes, separated by spaces; NULL where they cannot be listed. */
static const char *choices(const bench_flag *flag) {
    static const struct {
        const char *name, *values;
    } texts[] = {{"op_profiling_output_mode", "stdout csv"}, {"npu", "emulate"}, {"completion", "bash zsh fish"}};
    if (flag->kind == BENCH_BOOL) return "true false";
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(flag->name, texts[i].name) == 0) return texts[i].values;
    }
    return NULL;
}

/* ---- The shells ---- */

static void bash_value(const bench_flag *flag) {
    if (names_file(flag)) {
        printf("    --%s) kind=-f ;;\n", flag->name);
    } else if (choices(flag) != NULL) {
        printf("    --%s) kind=-W words='%s' ;;\n", flag->name, choices(flag));
    }
}

static void bash(void) {
    fputs("# Completion for bash, written by 'benchmark_model --completion=bash'.\n"
          "_benchmark_model() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} name='' kind='' words\n"
          "    local flags='",
          stdout);
    for (size_t i = 0; i < bench_flag_count; i++) {
        const bench_flag *flag = &bench_flag_table[i];
        if (offered(flag)) printf("--%s%s ", flag->name, bench_flag_alone(flag) ? "" : "=");
    }
    puts("'\n"
         "    COMPREPLY=()\n"
         "    # bash splits --name=value in three.\n"
         "    if [[ $word == = ]]; then\n"
         "        name=$before word=\n"
         "    elif [[ $before == = && $COMP_CWORD -gt 2 ]]; then\n"
         "        name=${COMP_WORDS[COMP_CWORD - 2]}\n"
         "    fi\n"
         "    case $name in\n"
         "    '') kind=-W words=$flags ;;");
    for (size_t i = 0; i < bench_flag_count; i++) {
        const bench_flag *flag = &bench_flag_table[i];
        if (offered(flag) && !bench_flag_alone(flag)) bash_value(flag);
    }
    puts("    esac\n"
         "    case $kind in\n"
         "    -W) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\") ;;\n"
         "    -f)\n"
         "        compopt -o filenames 2>/dev/null\n"
         "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
         "        ;;\n"
         "    esac\n"
         "    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null\n"
         "}\n"
         "complete -F _benchmark_model benchmark_model");
}

static void zsh_flag(const bench_flag *flag) {
    printf("        '--%s%s[", flag->name, bench_flag_alone(flag) ? "" : "=-");
    cli_zsh_words(flag->help);
    putchar(']');
    if (names_file(flag)) {
        fputs(":file:_files", stdout);
    } else if (!bench_flag_alone(flag) && choices(flag) != NULL) {
        printf(":value:(%s)", choices(flag));
    } else if (!bench_flag_alone(flag)) {
        fputs(":value:", stdout);
    }
    puts("' \\");
}

static void zsh(void) {
    puts("#compdef benchmark_model\n"
         "# Completion for zsh, written by 'benchmark_model --completion=zsh'.\n"
         "_benchmark_model() {\n"
         "    _arguments \\");
    for (size_t i = 0; i < bench_flag_count; i++) {
        if (offered(&bench_flag_table[i])) zsh_flag(&bench_flag_table[i]);
    }
    puts("        && return\n"
         "}\n"
         "if [[ $funcstack[1] == _benchmark_model ]]; then _benchmark_model \"$@\"; "
         "else compdef _benchmark_model benchmark_model; fi");
}

static void fish_flag(const bench_flag *flag) {
    printf("complete -c benchmark_model -l %s", flag->name);
    if (names_file(flag)) {
        fputs(" -r -F", stdout);
    } else if (!bench_flag_alone(flag)) {
        fputs(" -x", stdout);
        if (choices(flag) != NULL) printf(" -a '%s'", choices(flag));
    }
    fputs(" -d '", stdout);
    cli_fish_words(flag->help);
    puts("'");
}

static void fish(void) {
    puts("# Completion for fish, written by 'benchmark_model --completion=fish'.\n"
         "complete -c benchmark_model -f");
    for (size_t i = 0; i < bench_flag_count; i++) {
        if (offered(&bench_flag_table[i])) fish_flag(&bench_flag_table[i]);
    }
}

bool bench_completion(const char *shell) {
    static const cli_completions completions = {bash, zsh, fish};
    return cli_print_completion(&completions, shell);
}
