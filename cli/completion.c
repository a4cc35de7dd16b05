/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet completion: what shells complete the commands with, from the tables that drive the parser and --help. */

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "common/error.h"
#include "common/shell.h"

/* ---- What is completed ----------------------------------------------------------------------------------- */

typedef enum wanted { WANT_NOTHING, WANT_CHOICE, WANT_FOLDER, WANT_FILE } wanted;

/* What an option's value may be, as far as a shell can know: by how --help calls it. */
static wanted wants(const cli_option *option) {
    static const char *const files[] = {"FILE", "LISTFILE", "RAW", "IMAGE", "MODEL2"};
    const char *value = option->value;
    if (option->kind == CLI_CHOICE) return WANT_CHOICE;
    if (option->kind != CLI_TEXT && option->kind != CLI_LIST) return WANT_NOTHING;
    if (strcmp(value, "DIR") == 0) return WANT_FOLDER;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (strncmp(value, files[i], strlen(files[i])) == 0) return WANT_FILE;
    }
    return WANT_NOTHING;
}

static void print_choices(const cli_option *option) {
    for (int32_t i = 0; option->choices[i] != NULL; i++) printf("%s%s", i > 0 ? " " : "", option->choices[i]);
}

static void print_commands(void) {
    for (const cli_subcommand *sub = cli_subcommands; sub->command != NULL; sub++) printf("%s ", sub->command->name);
    fputs("help", stdout);
}

/* ---- bash ------------------------------------------------------------------------------------------------ */

/* "--name|-n)", for the word before the one that is completed. */
static void bash_pattern(const cli_option *option) {
    printf("        --%s", option->name);
    if (option->letter != 0) printf(" | -%c", option->letter);
    fputs(") ", stdout);
}

static void bash_command(const cli_command *command) {
    printf("    %s)\n        options='", command->name);
    for (const cli_option *o = command->options; o->name != NULL; o++) printf("--%s ", o->name);
    printf("--help'\n        case $before in\n");
    for (const cli_option *o = command->options; o->name != NULL; o++) {
        if (o->kind == CLI_FLAG) continue;
        bash_pattern(o);
        switch (wants(o)) {
        case WANT_NOTHING: puts("kind='' ;;"); break;
        case WANT_FOLDER: puts("kind=-d ;;"); break;
        case WANT_FILE: puts("kind=-f ;;"); break;
        case WANT_CHOICE:
            fputs("kind=-W words='", stdout);
            print_choices(o);
            puts("' ;;");
            break;
        }
    }
    puts("        esac\n        ;;");
}

static void bash(void) {
    puts("# Completion for bash, written by 'mobilenet completion bash'.\n"
         "_mobilenet() {\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} kind=operand options words");
    fputs("    local commands='", stdout);
    print_commands();
    puts("'\n"
         "    COMPREPLY=()\n"
         "    if [[ $COMP_CWORD -eq 1 || $COMP_CWORD -eq 2 && $before == help ]]; then\n"
         "        [[ $before == help ]] || commands+=' --help --version'\n"
         "        mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$word\")\n"
         "        return\n"
         "    fi\n"
         "    # bash splits --name=value in three.\n"
         "    if [[ $word == = ]]; then\n"
         "        word=\n"
         "    elif [[ $before == = && $COMP_CWORD -gt 2 ]]; then\n"
         "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
         "    fi\n"
         "    case ${COMP_WORDS[1]} in");
    for (const cli_subcommand *sub = cli_subcommands; sub->command != NULL; sub++) bash_command(sub->command);
    puts("    esac\n"
         "    if [[ $kind == operand ]]; then\n"
         "        kind=-f\n"
         "        [[ ${COMP_WORDS[1]} != completion ]] || kind=-W words='bash zsh fish'\n"
         "        [[ $word != -* ]] || kind=-W words=$options\n"
         "    fi\n"
         "    case $kind in\n"
         "    -W) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\") ;;\n"
         "    -d | -f)\n"
         "        compopt -o filenames 2>/dev/null\n"
         "        mapfile -t COMPREPLY < <(compgen \"$kind\" -- \"$word\")\n"
         "        ;;\n"
         "    esac\n"
         "}\n"
         "complete -F _mobilenet mobilenet");
}

/* ---- zsh ------------------------------------------------------------------------------------------------- */

static void zsh_option(const cli_option *option) {
    const bool flag = option->kind == CLI_FLAG;
    fputs("            ", stdout);
    if (option->kind == CLI_LIST) {
        fputs("'*'", stdout); /* may be given again */
    } else if (option->letter != 0) {
        printf("'(-%c --%s)'", option->letter, option->name);
    }
    if (option->letter != 0) {
        printf("{-%c%s,--%s%s}", option->letter, flag ? "" : "+", option->name, flag ? "" : "=");
    } else {
        printf("--%s%s", option->name, flag ? "" : "=");
    }
    fputs("'[", stdout);
    cli_zsh_words(option->help);
    putchar(']');
    if (!flag) {
        putchar(':');
        cli_zsh_words(option->value);
        switch (wants(option)) {
        case WANT_NOTHING: putchar(':'); break;
        case WANT_FOLDER: fputs(":_files -/", stdout); break;
        case WANT_FILE: fputs(":_files", stdout); break;
        case WANT_CHOICE:
            fputs(":(", stdout);
            print_choices(option);
            putchar(')');
            break;
        }
    }
    puts("' \\");
}

static void zsh(void) {
    puts("#compdef mobilenet\n"
         "# Completion for zsh, written by 'mobilenet completion zsh'.\n"
         "_mobilenet() {\n"
         "    local -a commands=(");
    for (const cli_subcommand *sub = cli_subcommands; sub->command != NULL; sub++) {
        printf("        '%s:", sub->command->name);
        cli_zsh_words(sub->help);
        puts("'");
    }
    puts("        'help:tell more of a command'\n"
         "    )\n"
         "    if (( CURRENT == 2 )) || [[ $words[2] == help ]]; then\n"
         "        _describe command commands\n"
         "        return\n"
         "    fi\n"
         "    local command=$words[2]\n"
         "    shift words\n"
         "    (( CURRENT-- ))\n"
         "    case $command in");
    for (const cli_subcommand *sub = cli_subcommands; sub->command != NULL; sub++) {
        const bool shells = sub->command == &cli_completion_command;
        printf("    %s)\n        _arguments -s \\\n", sub->command->name);
        for (const cli_option *o = sub->command->options; o->name != NULL; o++) zsh_option(o);
        printf("            '(-h --help)'{-h,--help}'[print help]'%s\n        ;;\n",
               shells                   ? " '1:shell:(bash zsh fish)'"
               : sub->command->operands ? " '*:file:_files'"
                                        : "");
    }
    puts("    esac\n"
         "}\n"
         "if [[ $funcstack[1] == _mobilenet ]]; then _mobilenet \"$@\"; else compdef _mobilenet mobilenet; fi");
}

/* ---- fish ------------------------------------------------------------------------------------------------ */

static void fish_option(const cli_command *command, const cli_option *option) {
    printf("complete -c mobilenet -n '__fish_seen_subcommand_from %s' -l %s", command->name, option->name);
    if (option->letter != 0) printf(" -s %c", option->letter);
    if (option->kind != CLI_FLAG) {
        switch (wants(option)) {
        case WANT_NOTHING: fputs(" -x", stdout); break;
        case WANT_FOLDER: fputs(" -x -a '(__fish_complete_directories)'", stdout); break;
        case WANT_FILE: fputs(" -r -F", stdout); break;
        case WANT_CHOICE:
            fputs(" -x -a '", stdout);
            print_choices(option);
            putchar('\'');
            break;
        }
    }
    fputs(" -d '", stdout);
    cli_fish_words(option->help);
    puts("'");
}

static void fish(void) {
    puts("# Completion for fish, written by 'mobilenet completion fish'.");
    for (const cli_subcommand *sub = cli_subcommands; sub->command != NULL; sub++) {
        printf("complete -c mobilenet -f -n __fish_use_subcommand -a %s -d '", sub->command->name);
        cli_fish_words(sub->help);
        puts("'");
    }
    fputs("complete -c mobilenet -f -n __fish_use_subcommand -a help -d 'tell more of a command'\n"
          "complete -c mobilenet -f -n __fish_use_subcommand -l help -s h -d 'print help'\n"
          "complete -c mobilenet -f -n __fish_use_subcommand -l version -d 'print the version'\n"
          "complete -c mobilenet -f -n '__fish_seen_subcommand_from help' -a '",
          stdout);
    print_commands();
    puts("'\ncomplete -c mobilenet -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'");
    for (const cli_subcommand *sub = cli_subcommands; sub->command != NULL; sub++) {
        for (const cli_option *o = sub->command->options; o->name != NULL; o++) fish_option(sub->command, o);
        if (!sub->command->operands) {
            printf("complete -c mobilenet -f -n '__fish_seen_subcommand_from %s'\n", sub->command->name);
        }
    }
}

/* ---- The command ----------------------------------------------------------------------------------------- */

typedef struct settings {
    cli_list shell;
} settings;

static const cli_option options[] = {{0}};

const cli_command cli_completion_command = {
    .name = "completion",
    .usage = "bash|zsh|fish",
    .summary = "Prints a shell script that completes the commands, options and files of mobilenet.",
    .notes = "Packages install it. Without one, in the shell's start-up file:\n"
             "bash  eval \"$(mobilenet completion bash)\"\n"
             "zsh   eval \"$(mobilenet completion zsh)\", below compinit\n"
             "fish  mobilenet completion fish | source",
    .options = options,
    .operands = true,
    .operand_offset = offsetof(settings, shell),
};

int cli_completion(int count, char *const *arguments) {
    static const cli_completions completions = {bash, zsh, fish};
    settings s = {0};
    const cli_parsed parsed = cli_parse(&cli_completion_command, count, arguments, &s);
    int code = parsed == CLI_PARSED ? CLI_OK : cli_parsed_code(parsed);
    if (parsed == CLI_PARSED && (s.shell.count != 1 || !cli_print_completion(&completions, s.shell.items[0]))) {
        cli_error("completion: name one shell: bash, zsh or fish");
        code = CLI_USAGE;
    }
    cli_list_free(&s.shell);
    return code;
}
