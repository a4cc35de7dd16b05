/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Command lines. One table per command drives the parser and --help, so that they cannot disagree. */
#ifndef MN_CLI_OPTIONS_H
#define MN_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Values of an option that may be given several times, or that takes several values. */
typedef struct cli_list {
    int32_t count;
    const char **items; /* the strings belong to argv */
} cli_list;

void cli_list_free(cli_list *list);

/** Comma-separated numbers, "LOW,HIGH". */
#define CLI_MAX_NUMBERS 3
typedef struct cli_numbers {
    int32_t count; /* 0: not given */
    double value[CLI_MAX_NUMBERS];
} cli_numbers;

typedef enum cli_kind {
    CLI_FLAG,    /* bool */
    CLI_TEXT,    /* const char * */
    CLI_INT,     /* int32_t in low..high */
    CLI_CHOICE,  /* int32_t: index of the value in `choices` */
    CLI_NUMBERS, /* cli_numbers: `low` or `high` of them */
    CLI_LIST,    /* cli_list: takes every argument up to the next option */
} cli_kind;

typedef struct cli_option {
    const char *name; /* without dashes; NULL ends the table */
    char letter;      /* of the short form; 0 when there is none */
    cli_kind kind;
    bool required;
    size_t offset;     /* of the field in the settings struct that `kind` says */
    const char *value; /* what --help calls the value; NULL for CLI_FLAG */
    const char *help;
    int32_t low, high;
    const char *const *choices; /* ends with NULL */
} cli_option;

/** What another program calls an option, or a flag of its that has no counterpart here. */
typedef struct cli_alias {
    const char *name;    /* without dashes, with '-' where it has '_'; NULL ends the table */
    char letter;         /* of its short form; 0 when there is none */
    const char *option;  /* ours, which takes the value; NULL when there is none */
    const char *instead; /* what to do then */
} cli_alias;

typedef struct cli_command {
    const char *name;    /* "classify" */
    const char *usage;   /* after the name: "-m MODEL [options] IMAGE..." */
    const char *summary; /* one line */
    const char *notes;   /* paragraphs below the options; NULL for none */
    const cli_option *options;
    const cli_alias *aliases; /* NULL for none */
    bool operands;            /* plain arguments are allowed, and go to the cli_list at operand_offset */
    size_t operand_offset;
} cli_command;

typedef enum cli_parsed { CLI_PARSED, CLI_HELPED, CLI_WRONG, CLI_EXHAUSTED } cli_parsed;

/** Fills `settings` (holding the defaults) from argv[0..count). --help and -h print the help on stdout and give
 *  CLI_HELPED. A mistake prints one sentence and gives CLI_WRONG; running out of memory, CLI_EXHAUSTED. Lists must be
 *  freed by the caller in every case. */
cli_parsed cli_parse(const cli_command *command, int count, char *const *arguments, void *settings);

/** The exit code of a command whose line was not parsed. */
int cli_parsed_code(cli_parsed parsed);

void cli_print_help(const cli_command *command);

/** Parses a whole decimal number in low..high; false for anything else. */
bool cli_parse_int(const char *text, int32_t low, int32_t high, int32_t *out);

/** Parses exactly `count` finite numbers separated by commas; false for anything else. */
bool cli_parse_numbers(const char *text, int32_t count, double *out);

#endif
