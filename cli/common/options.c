/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "common/options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/suggest.h"

enum { HELP_WIDTH = 79, HELP_COLUMN = 28, MAX_OPTIONS = 64, MAX_WORD = 64 };

/* What is being parsed. `next` is the argument to look at next. */
typedef struct parser {
    const cli_command *command;
    int count, next;
    char *const *arguments;
    unsigned char *settings;
    bool given[MAX_OPTIONS]; /* by place in the table */
    bool exhausted;          /* out of memory */
} parser;

void cli_list_free(cli_list *list) {
    free((void *)list->items);
    *list = (cli_list){0};
}

static bool list_add(parser *p, cli_list *list, const char *item) {
    const char **items = (const char **)realloc((void *)list->items, ((size_t)list->count + 1) * sizeof *items);
    if (items == NULL) {
        cli_error("out of memory for the arguments; give fewer at once");
        p->exhausted = true;
        return false;
    }
    items[list->count++] = item;
    list->items = items;
    return true;
}

bool cli_parse_int(const char *text, int32_t low, int32_t high, int32_t *out) {
    char *end = NULL;
    errno = 0;
    long value = strtol(text, &end, 10);
    bool digit = text[0] == '-' || (text[0] >= '0' && text[0] <= '9'); /* strtol would skip blanks and take a plus */
    if (!digit || end == text || *end != '\0' || errno != 0 || value < low || value > high) return false;
    *out = (int32_t)value;
    return true;
}

bool cli_parse_numbers(const char *text, int32_t count, double *out) {
    for (int32_t i = 0; i < count; i++) {
        char *end = NULL;
        out[i] = strtod(text, &end);
        if (end == text || *end != (i + 1 < count ? ',' : '\0') || !isfinite(out[i])) return false;
        text = end + 1;
    }
    return true;
}

/* Is name[0..length) this option? '_' passes for '-', as in the flags of other programs. */
static bool is_name(const char *option, const char *name, size_t length) {
    if (strlen(option) != length) return false;
    for (size_t i = 0; i < length; i++) {
        if ((name[i] == '_' ? '-' : name[i]) != option[i]) return false;
    }
    return true;
}

static int find_option(const cli_command *command, const char *name, size_t length) {
    for (int i = 0; command->options[i].name != NULL; i++) {
        if (is_name(command->options[i].name, name, length)) return i;
    }
    return -1;
}

/* What other programs call an option; `letter` is 0 for the long form. NULL when there is no such name. */
static const cli_alias *find_alias(const cli_command *command, char letter, const char *name, size_t length) {
    for (const cli_alias *alias = command->aliases; alias != NULL && alias->name != NULL; alias++) {
        if (letter != 0 ? alias->letter == letter : is_name(alias->name, name, length)) return alias;
    }
    return NULL;
}

/* The option that an alias stands for; -1 after a sentence that tells what to do instead. */
static int follow_alias(const parser *p, const cli_alias *alias, const char *argument) {
    if (alias->option != NULL) return find_option(p->command, alias->option, strlen(alias->option));
    cli_error("%s: %s: %s; see 'mobilenet %s --help'", p->command->name, argument, alias->instead, p->command->name);
    return -1;
}

static int find_letter(const cli_command *command, char letter) {
    for (int i = 0; command->options[i].name != NULL; i++) {
        if (command->options[i].letter == letter) return i;
    }
    return -1;
}

static bool wrong_option(const parser *p, const char *argument, const char *name, size_t length) {
    const char *names[MAX_OPTIONS] = {"help"};
    char word[MAX_WORD] = {0};
    size_t count = 1;
    for (const cli_option *option = p->command->options; option->name != NULL; option++) names[count++] = option->name;
    memcpy(word, name, length < sizeof word ? length : sizeof word - 1);
    const char *nearest = length > 1 ? cli_nearest(word, names, count) : NULL;
    cli_error("%s: unknown option %s%s%s; see 'mobilenet %s --help'", p->command->name, argument,
              nearest != NULL ? ", did you mean --" : "", nearest != NULL ? nearest : "", p->command->name);
    return false;
}

/* Does the argument look like an option? A negative number does not. */
static bool is_option(const char *argument) {
    return argument[0] == '-' && argument[1] != '\0' && !(argument[1] >= '0' && argument[1] <= '9') &&
           argument[1] != '.';
}

static bool set_choice(const cli_option *option, const char *value, int32_t *out) {
    for (int32_t i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], value) == 0) {
            *out = i;
            return true;
        }
    }
    char names[160] = "";
    for (int32_t i = 0; option->choices[i] != NULL; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "", option->choices[i]);
    }
    cli_error("--%s: '%s' is not one of %s", option->name, value, names);
    return false;
}

static bool set_numbers(const cli_option *option, const char *value, cli_numbers *out) {
    int32_t count = strchr(value, ',') == NULL ? option->low : option->high;
    if (!cli_parse_numbers(value, count, out->value)) {
        cli_error("--%s: '%s' is not %s", option->name, value, option->value);
        return false;
    }
    out->count = count;
    return true;
}

static bool set_value(parser *p, const cli_option *option, const char *value) {
    void *field = p->settings + option->offset;
    switch (option->kind) {
    case CLI_TEXT: *(const char **)field = value; return true;
    case CLI_LIST: return list_add(p, field, value);
    case CLI_CHOICE: return set_choice(option, value, field);
    case CLI_NUMBERS: return set_numbers(option, value, field);
    case CLI_INT:
        if (cli_parse_int(value, option->low, option->high, field)) return true;
        cli_error("--%s: '%s' is not a whole number from %d to %d", option->name, value, option->low, option->high);
        return false;
    case CLI_FLAG: break;
    }
    return false;
}

/* An option at table place `index`; `value` is what was attached to it, or NULL. */
static bool take_option(parser *p, int index, const char *value) {
    const cli_option *option = &p->command->options[index];
    p->given[index] = true;
    if (option->kind == CLI_FLAG) {
        if (value != NULL) {
            cli_error("--%s takes no value, and '%s' was given", option->name, value);
            return false;
        }
        *(bool *)(void *)(p->settings + option->offset) = true;
        return true;
    }
    if (value != NULL) return set_value(p, option, value);
    if (p->next >= p->count || is_option(p->arguments[p->next])) {
        cli_error("--%s needs a value: %s", option->name, option->value);
        return false;
    }
    do {
        if (!set_value(p, option, p->arguments[p->next++])) return false;
    } while (option->kind == CLI_LIST && p->next < p->count && !is_option(p->arguments[p->next]));
    return true;
}

static bool take_long(parser *p, const char *argument) {
    const char *name = argument + 2, *equals = strchr(name, '=');
    size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
    int index = find_option(p->command, name, length);
    const cli_alias *alias = index < 0 ? find_alias(p->command, 0, name, length) : NULL;
    if (alias != NULL) {
        index = follow_alias(p, alias, argument);
        if (index < 0) return false;
    }
    if (index < 0) return wrong_option(p, argument, name, length);
    return take_option(p, index, equals != NULL ? equals + 1 : NULL);
}

/* "-k5", "-k 5", "-q", and flags in one word: "-qk5". */
static bool take_letters(parser *p, const char *argument) {
    for (const char *letter = argument + 1; *letter != '\0'; letter++) {
        int index = find_letter(p->command, *letter);
        const cli_alias *alias = index < 0 ? find_alias(p->command, *letter, NULL, 0) : NULL;
        if (alias != NULL) {
            index = follow_alias(p, alias, argument);
            if (index < 0) return false;
        }
        if (index < 0) return wrong_option(p, argument, argument + 1, strlen(argument + 1));
        if (p->command->options[index].kind != CLI_FLAG) return take_option(p, index, letter[1] ? letter + 1 : NULL);
        if (!take_option(p, index, NULL)) return false;
    }
    return true;
}

static bool take_operand(parser *p, const char *argument) {
    if (p->command->operands) return list_add(p, (void *)(p->settings + p->command->operand_offset), argument);
    cli_error("%s: unexpected argument '%s'; see 'mobilenet %s --help'", p->command->name, argument, p->command->name);
    return false;
}

static bool check_required(const parser *p) {
    for (int i = 0; p->command->options[i].name != NULL; i++) {
        const cli_option *option = &p->command->options[i];
        if (!option->required || p->given[i]) continue;
        cli_error("%s: --%s %s is missing; see 'mobilenet %s --help'", p->command->name, option->name, option->value,
                  p->command->name);
        return false;
    }
    return true;
}

cli_parsed cli_parse(const cli_command *command, int count, char *const *arguments, void *settings) {
    parser p = {.command = command, .count = count, .arguments = arguments, .settings = settings};
    for (bool plain = false; p.next < p.count;) {
        const char *argument = p.arguments[p.next++];
        bool good;
        if (plain || !is_option(argument)) {
            good = take_operand(&p, argument);
        } else if (strcmp(argument, "--") == 0) {
            plain = good = true;
        } else if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
            cli_print_help(command);
            return CLI_HELPED;
        } else {
            good = argument[1] == '-' ? take_long(&p, argument) : take_letters(&p, argument);
        }
        if (!good) return p.exhausted ? CLI_EXHAUSTED : CLI_WRONG;
    }
    return check_required(&p) ? CLI_PARSED : CLI_WRONG;
}

int cli_parsed_code(cli_parsed parsed) {
    return parsed == CLI_HELPED ? CLI_OK : parsed == CLI_EXHAUSTED ? CLI_FAILURE : CLI_USAGE;
}

/* Prints `text` from column `column` on, broken between words, with later lines indented by `indent`. */
static void print_wrapped(const char *text, int column, int indent) {
    while (*text != '\0') {
        int length = (int)strcspn(text, " \n");
        if (column > indent && column + 1 + length > HELP_WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", length, text);
        column += length;
        text += length;
        if (*text == '\n') {
            printf("\n%*s", indent, "");
            column = indent;
        }
        if (*text != '\0') text++;
    }
    putchar('\n');
}

static void print_option(char letter, const char *name, const char *value, const char *help) {
    char left[96];
    int length = letter != 0 ? snprintf(left, sizeof left, "  -%c, --%s", letter, name)
                             : snprintf(left, sizeof left, "      --%s", name);
    if (value != NULL) length += snprintf(left + length, sizeof left - (size_t)length, " %s", value);
    printf("%s", left);
    if (length >= HELP_COLUMN - 1) {
        printf("\n%*s", HELP_COLUMN, "");
    } else {
        printf("%*s", HELP_COLUMN - length, "");
    }
    print_wrapped(help, HELP_COLUMN, HELP_COLUMN);
}

void cli_print_help(const cli_command *command) {
    printf("Usage: mobilenet %s %s\n\n", command->name, command->usage);
    print_wrapped(command->summary, 0, 0);
    printf("\nOptions:\n");
    for (const cli_option *option = command->options; option->name != NULL; option++) {
        print_option(option->letter, option->name, option->value, option->help);
    }
    print_option('h', "help", NULL, "print this help");
    if (command->notes != NULL) {
        putchar('\n');
        print_wrapped(command->notes, 0, 0);
    }
}
