/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* signs: draws pictures of road signs to train and test classifiers with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "classes.h"
#include "dataset.h"
#include "sheet.h"

static const char usage[] =
    "usage: signs --out DIR --count N [OPTION...]   draws N pictures, over all classes: DIR/CLASS/NUMBER.jpg\n"
    "       signs --sheet FILE.png [OPTION...]      draws a contact sheet of all classes\n"
    "       signs --list                            prints the classes in order\n"
    "\n"
    "  --split train|val|test  which pictures; no two splits share a picture or a background (train)\n"
    "  --seed S                another seed gives other pictures (1)\n"
    "  --size PIXELS           side of the pictures, 32 to 512 (96)\n"
    "  --format jpg|png        of --out (jpg)\n"
    "  --jobs N                threads, 1 to 256; the pictures are the same (one for each processor)\n"
    "  --help                  this text\n";

static const char *const split_names[] = {[SPLIT_TRAIN] = "train", [SPLIT_VAL] = "val", [SPLIT_TEST] = "test"};

typedef struct options {
    dataset set;
    const char *sheet;
    bool list, help;
} options;

/* Tells what is wrong with the command line. */
static bool wrong(const char *what, const char *which) {
    fprintf(stderr, "signs: %s '%s'; see signs --help\n", what, which);
    return false;
}

static bool read_number(const char *name, const char *text, unsigned long long low, unsigned long long high,
                        unsigned long long *out) {
    char *end;
    *out = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && !*end && *out >= low && *out <= high) return true;
    fprintf(stderr, "signs: %s '%s': takes a whole number from %llu to %llu\n", name, text, low, high);
    return false;
}

static bool read_int(const char *name, const char *text, int low, int high, int *out) {
    unsigned long long value;
    if (!read_number(name, text, (unsigned long long)low, (unsigned long long)high, &value)) return false;
    *out = (int)value;
    return true;
}

static bool read_split(const char *text, split *out) {
    for (int i = 0; i < COUNT(split_names); i++) {
        if (strcmp(text, split_names[i]) == 0) {
            *out = (split)i;
            return true;
        }
    }
    return wrong("--split takes train, val or test, not", text);
}

static bool read_format(const char *text, bool *png) {
    *png = strcmp(text, "png") == 0;
    return *png || strcmp(text, "jpg") == 0 || wrong("--format takes jpg or png, not", text);
}

static bool read_seed(const char *text, uint64_t *out) {
    unsigned long long value;
    if (!read_number("--seed", text, 0, UINT32_MAX, &value)) return false;
    *out = value;
    return true;
}

/* One option that takes a value. */
static bool read_option(const char *name, const char *value, options *o) {
    dataset *d = &o->set;
    if (strcmp(name, "--out") == 0) return *(d->folder = value) || wrong("an empty", name);
    if (strcmp(name, "--sheet") == 0) return *(o->sheet = value) || wrong("an empty", name);
    if (strcmp(name, "--count") == 0) return read_int(name, value, 1, 10000000, &d->count);
    if (strcmp(name, "--size") == 0) return read_int(name, value, PICTURE_MIN_SIDE, PICTURE_MAX_SIDE, &d->side);
    if (strcmp(name, "--jobs") == 0) return read_int(name, value, 1, 256, &d->jobs);
    if (strcmp(name, "--seed") == 0) return read_seed(value, &d->seed);
    if (strcmp(name, "--split") == 0) return read_split(value, &d->split);
    if (strcmp(name, "--format") == 0) return read_format(value, &d->png);
    return wrong("unknown argument", name);
}

static bool read_options(int count, char **arguments, options *o) {
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--help") == 0)
            o->help = true;
        else if (strcmp(arguments[i], "--list") == 0)
            o->list = true;
        else if (i + 1 == count)
            return wrong("unknown argument, or one without its value,", arguments[i]);
        else if (!read_option(arguments[i], arguments[i + 1], o))
            return false;
        else
            i++;
    }
    if (o->help + o->list + (o->set.folder != NULL) + (o->sheet != NULL) != 1) {
        return wrong("needs exactly one of", "--out, --sheet, --list");
    }
    if (o->set.folder && o->set.count == 0) return wrong("--out needs", "--count");
    return true;
}

static int write_dataset(const dataset *d) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (!dataset_write(d)) return 1;
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9;
    printf("%s: %d pictures of %d classes in %.1f s, %.0f per second\n", d->folder, d->count, classes_count, seconds,
           d->count / seconds);
    return 0;
}

static int write_sheet(const options *o) {
    static texture noise;
    studio s;
    picture_texture(&noise, o->set.seed, o->set.split);
    bool fine = studio_open(&s, o->set.side, &noise) && sheet_save(o->sheet, &s, o->set.seed, o->set.split);
    studio_close(&s);
    if (!fine) fprintf(stderr, "signs: %s: cannot be written; is there such a folder, and room?\n", o->sheet);
    return fine ? 0 : 1;
}

int main(int count, char **arguments) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    options o = {.set = {.seed = 1, .side = 96, .jobs = processors < 1 ? 1 : processors > 256 ? 256 : (int)processors}};
    if (!read_options(count, arguments, &o)) return 2;
    if (o.help) fputs(usage, stdout);
    if (o.list) {
        for (int i = 0; i < classes_count; i++) puts(classes[i].name);
    }
    if (o.sheet) return write_sheet(&o);
    if (o.set.folder) return write_dataset(&o.set);
    return fflush(stdout) == 0 ? 0 : 1;
}
