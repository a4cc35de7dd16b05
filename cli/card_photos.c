/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "card_photos.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "card.h"
#include "common/error.h"

/* A photo as it is counted and hashed. */
typedef struct entry {
    const char *path, *inside; /* the latter behind the root */
    cli_card_group group;
} entry;

static entry entry_of(const char *root, const cli_card_photo *photo) {
    size_t length = strlen(root);
    while (length > 0 && root[length - 1] == '/') length--;
    const char *inside = photo->path;
    if (strncmp(inside, root, length) == 0 && inside[length] == '/') inside += length + strspn(inside + length, "/");
    const char *group = photo->group ? photo->group : inside;
    const char *end = photo->group ? group + strlen(group) : strchr(inside, '/');
    return (entry){photo->path, inside, {.name = group, .length = end ? (int32_t)(end - group) : 0}};
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const entry *)a)->inside, ((const entry *)b)->inside);
}

static int compare_groups(const cli_card_group *a, const cli_card_group *b) {
    const int32_t shorter = a->length < b->length ? a->length : b->length;
    const int order = memcmp(a->name, b->name, (size_t)shorter);
    return order != 0 ? order : a->length - b->length;
}

static int by_group(const void *a, const void *b) {
    return compare_groups(&((const entry *)a)->group, &((const entry *)b)->group);
}

static void hash_entries(const entry *entries, int32_t count, uint8_t digest[MN_SHA256_BYTES]) {
    mn_sha256 hash;
    mn_sha256_begin(&hash);
    for (int32_t i = 0; i < count; i++) {
        mn_file file = {0};
        char bytes[32];
        if (mn_file_open(entries[i].path, &file) == MN_OK) mn_file_close(&file);
        const int length = snprintf(bytes, sizeof bytes, "\t%" PRIu64 "\n", file.bytes);
        mn_sha256_add(&hash, entries[i].inside, strlen(entries[i].inside));
        mn_sha256_add(&hash, bytes, (size_t)length);
    }
    mn_sha256_end(&hash, digest);
}

static void count_groups(const entry *entries, int32_t count, cli_card_photos *out) {
    for (int32_t i = 0; i < count; i++) {
        const bool more = i > 0 && by_group(&entries[i - 1], &entries[i]) == 0;
        if (!more) out->groups[out->group_count++] = entries[i].group;
        out->groups[out->group_count - 1].photos++;
    }
}

bool cli_card_photos_look(const char *root, const cli_card_photo *photos, int32_t count, cli_card_photos *out) {
    entry *entries = calloc((size_t)count + 1, sizeof *entries);
    out->groups = calloc((size_t)count + 1, sizeof *out->groups);
    if (!entries || !out->groups) {
        cli_error("%s: out of memory", root);
        free(entries);
        return false;
    }
    for (int32_t i = 0; i < count; i++) entries[i] = entry_of(root, &photos[i]);
    qsort(entries, (size_t)count, sizeof *entries, by_path);
    hash_entries(entries, count, out->digest);
    qsort(entries, (size_t)count, sizeof *entries, by_group);
    count_groups(entries, count, out);
    out->count = count;
    free(entries);
    return true;
}

static void print_table(const cli_card_photos *set, const char *heading, FILE *out) {
    fprintf(out, "\n| %s | photos |\n|---|--:|\n", heading);
    for (int32_t i = 0; i < set->group_count; i++) {
        const cli_card_group *group = &set->groups[i];
        char name[256];
        snprintf(name, sizeof name, "%.*s", group->length, group->name);
        fputs("| ", out);
        cli_card_text(out, group->length > 0 ? name : "(the folder itself)");
        fprintf(out, " | %d |\n", group->photos);
    }
}

/* For more groups than a page shows. */
static void print_extremes(const cli_card_photos *set, const char *heading, FILE *out) {
    int32_t least = INT32_MAX, most = 0;
    for (int32_t i = 0; i < set->group_count; i++) {
        const int32_t photos = set->groups[i].photos;
        if (photos < least) least = photos;
        if (photos > most) most = photos;
    }
    fprintf(out, "\nThey are of %d different %s, %d to %d photos of each.\n", set->group_count,
            strcmp(heading, "class") == 0 ? "classes" : "folders", least, most);
}

void cli_card_photos_print(const cli_card_photos *set, const char *heading, FILE *out) {
    enum { TABLE = 60 };
    if (set->group_count > TABLE) {
        print_extremes(set, heading, out);
    } else {
        print_table(set, heading, out);
    }
    fputs("\nTheir sorted names and sizes have ", out);
    cli_card_digest(out, set->digest);
    fputs(".\n", out);
}

void cli_card_photos_free(cli_card_photos *set) {
    free(set->groups);
    *set = (cli_card_photos){0};
}
