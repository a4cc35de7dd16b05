/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "photos.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/options.h"
#include "decode/decode.h"
#include "host/files.h"

/* Folders inside folders beyond this are refused: a symbolic link may point to its parent. */
enum { MAX_DEPTH = 16 };

#define NO_PHOTO ": holds no photo: no file whose name ends in .jpg, .jpeg, .png, .webp, .bmp, .pgm or .ppm"

/* `folder`/`name`; NULL, after a sentence, when out of memory. */
static char *join(const char *folder, const char *name) {
    size_t bytes = strlen(folder) + strlen(name) + 2;
    char *path = malloc(bytes);
    if (path == NULL) {
        cli_error("%s: out of memory", name);
        return NULL;
    }
    bool slash = folder[0] != '\0' && folder[strlen(folder) - 1] != '/';
    snprintf(path, bytes, "%s%s%s", folder, slash ? "/" : "", name);
    return path;
}

static char *copy_of(const char *text, size_t length) {
    char *copy = malloc(length + 1);
    if (copy == NULL) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* Takes over `path`, also on failure; NULL is a failure. */
static bool add_photo(cli_photos *photos, char *path, int32_t truth) {
    if (path == NULL) return false;
    if ((photos->count & (photos->count - 1)) == 0) { /* full at every power of two */
        size_t room = photos->count == 0 ? 1 : 2 * (size_t)photos->count;
        cli_photo *items = realloc(photos->items, room * sizeof *items);
        if (items == NULL || photos->count == INT32_MAX / 2) {
            cli_error("%s: out of memory", path);
            photos->items = items != NULL ? items : photos->items;
            free(path);
            return false;
        }
        photos->items = items;
    }
    photos->items[photos->count++] = (cli_photo){.path = path, .truth = truth};
    return true;
}

static bool walk(const char *folder, int depth, cli_photos *out);

static bool visit(char *path, const char *name, int depth, cli_photos *out) {
    const mn_found found = mn_files_look(path);
    if (found == MN_FOUND_FOLDER) {
        bool good = walk(path, depth + 1, out);
        free(path);
        return good;
    }
    /* One that cannot be read is reported when its turn comes; reading a pipe in a folder might never end. */
    if (mn_image_is_name(name) && found != MN_FOUND_OTHER) return add_photo(out, path, -1);
    free(path);
    return true;
}

static bool walk(const char *folder, int depth, cli_photos *out) {
    mn_folder *stream = depth < MAX_DEPTH ? mn_folder_open(folder) : NULL;
    if (stream == NULL) {
        cli_error("%s: folder cannot be read: %s", folder, depth < MAX_DEPTH ? strerror(errno) : "nested too deep");
        return false;
    }
    bool good = true;
    const char *name;
    while (good && (name = mn_folder_next(stream)) != NULL) {
        if (name[0] == '.') continue;
        char *path = join(folder, name);
        good = path != NULL && visit(path, name, depth, out);
    }
    mn_folder_close(stream);
    return good;
}

/* Sorts the folders by name before the files in them: '/' comes before every other character. */
static int by_path(const void *a, const void *b) {
    const unsigned char *x = (const unsigned char *)((const cli_photo *)a)->path;
    const unsigned char *y = (const unsigned char *)((const cli_photo *)b)->path;
    while (*x == *y && *x != '\0') x++, y++;
    int left = *x == '/' ? 1 : *x, right = *y == '/' ? 1 : *y;
    return *x == '\0' || *y == '\0' ? (int)*x - (int)*y : left - right;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Length of the class folder's name at the start of `relative`; 0 for a file directly in the folder. */
static size_t class_folder(const char *relative) {
    const char *slash = strchr(relative, '/');
    return slash != NULL ? (size_t)(slash - relative) : 0;
}

/* What is known of the class folders, met in sorted order. */
typedef struct folder_tally {
    int32_t count, named;
    char *unnamed; /* one that is not a label; owned */
} folder_tally;

static int32_t find_class(cli_labels *labels, const char *name) {
    int32_t found = cli_labels_find_wnid(labels, name);
    return found >= 0 ? found : cli_labels_find_name(labels, name);
}

/* Gives each photo the class of its folder's name, or, with `by_order`, of its folder's place. Photos whose file name
 * told the class keep it. False when out of memory. */
static bool assign_by_folder(cli_photos *photos, size_t skip, cli_labels *labels, bool by_order, folder_tally *tally) {
    const char *last = NULL;
    size_t last_length = 0;
    int32_t truth = -1;
    *tally = (folder_tally){0};
    for (int32_t i = 0; i < photos->count; i++) {
        const char *relative = photos->items[i].path + skip;
        size_t length = class_folder(relative);
        if (length == 0 || photos->items[i].truth >= 0) continue;
        if (last == NULL || length != last_length || strncmp(last, relative, length) != 0) {
            char *name = copy_of(relative, length);
            if (name == NULL) return false;
            truth = by_order ? cli_labels_from_number(labels, tally->count) : find_class(labels, name);
            tally->count++;
            tally->named += truth >= 0;
            bool keep = !by_order && truth < 0 && tally->unnamed == NULL;
            if (keep) tally->unnamed = name;
            if (!keep) free(name);
            last = relative;
            last_length = length;
        }
        photos->items[i].truth = truth;
    }
    return true;
}

static bool assign_truth(cli_photos *photos, const char *folder, size_t skip, cli_labels *labels, bool lists) {
    folder_tally tally;
    for (int32_t i = 0; i < photos->count; i++) {
        photos->items[i].truth = cli_labels_find_wnid(labels, base_name(photos->items[i].path));
    }
    bool good = assign_by_folder(photos, skip, labels, false, &tally);
    if (!good) cli_error("%s: out of memory", folder);
    if (good && tally.named > 0 && tally.named < tally.count) {
        cli_error("%s: %d of its %d folders are called as classes of the model, but '%s' is not; rename it%s", folder,
                  tally.named, tally.count, tally.unnamed, lists ? ", or give --truth LISTFILE" : "");
        good = false;
    }
    bool by_order =
        good && tally.count > 0 && tally.named == 0 && tally.count == labels->names.classes - labels->names.shift;
    free(tally.unnamed);
    if (by_order && !assign_by_folder(photos, skip, labels, true, &tally)) {
        cli_error("%s: out of memory", folder);
        good = false;
    }
    return good;
}

/* The photos of one folder, sorted, behind those that are there. */
static bool add_folder(const char *folder, cli_photos *out) {
    int32_t before = out->count;
    if (!walk(folder, 0, out)) return false;
    if (out->count == before) {
        cli_error("%s" NO_PHOTO, folder);
        return false;
    }
    qsort(out->items + before, (size_t)(out->count - before), sizeof *out->items, by_path);
    return true;
}

/* A photo in the place of a folder. Its class is told as in one: by the folder that holds it. */
static bool from_file(const char *path, cli_labels *labels, bool lists, cli_photos *out) {
    size_t name = (size_t)(base_name(path) - path), skip = name > 0 ? name - 1 : 0;
    while (skip > 0 && path[skip - 1] != '/') skip--;
    if (add_photo(out, join("", path), -1) && assign_truth(out, path, skip, labels, lists)) return true;
    cli_photos_free(out);
    return false;
}

/* Is there something at `path`, and no folder? Standard input counts. */
static bool is_file(const char *path) {
    const mn_found found = mn_files_look(path);
    return strcmp(path, "-") == 0 || found == MN_FOUND_FILE || found == MN_FOUND_OTHER;
}

bool cli_photos_from_folder(const char *folder, cli_labels *labels, bool lists, cli_photos *out) {
    *out = (cli_photos){0};
    if (is_file(folder)) return from_file(folder, labels, lists, out);
    size_t length = strlen(folder), skip = length > 0 && folder[length - 1] == '/' ? length : length + 1;
    if (add_folder(folder, out) && assign_truth(out, folder, skip, labels, lists)) return true;
    cli_photos_free(out);
    return false;
}

bool cli_photos_from_paths(const char *const *paths, int32_t count, cli_photos *out) {
    bool good = true;
    *out = (cli_photos){0};
    for (int32_t i = 0; i < count; i++) {
        const bool folder = mn_files_look(paths[i]) == MN_FOUND_FOLDER;
        good = (folder ? add_folder(paths[i], out) : add_photo(out, join("", paths[i]), -1)) && good;
    }
    return good;
}

/* Parses one line in place; false when it is not a path and a known class. */
static bool parse_line(char *line, cli_labels *labels, char **path, int32_t *truth) {
    char *end = line + strlen(line);
    while (end > line && (end[-1] == ' ' || end[-1] == '\t')) *--end = '\0';
    char *class_text = strrchr(line, '\t');
    if (class_text == NULL) class_text = strrchr(line, ' ');
    if (class_text == NULL || class_text == line) return false;
    char *path_end = class_text++;
    while (path_end > line && (path_end[-1] == ' ' || path_end[-1] == '\t')) path_end--;
    *path_end = '\0';
    *path = line;
    int32_t number = 0;
    *truth = cli_parse_int(class_text, 0, INT32_MAX, &number) ? cli_labels_from_number(labels, number)
                                                              : find_class(labels, class_text);
    return *truth >= 0 && *path[0] != '\0';
}

bool cli_photos_from_list(const char *list, const char *folder, cli_labels *labels, cli_photos *out) {
    cli_lines lines = {0};
    *out = (cli_photos){0};
    if (!cli_lines_read(list, &lines)) return false;
    bool good = lines.count > 0;
    if (!good) cli_error("%s: is empty", list);
    for (size_t i = 0; good && i < lines.count; i++) {
        char *path = NULL;
        int32_t truth = -1;
        if (lines.line[i][strspn(lines.line[i], " \t")] == '\0') continue;
        good = parse_line(lines.line[i], labels, &path, &truth);
        if (!good) {
            cli_error("%s: line %zu is not a path and a class of the model", list, i + 1);
            break;
        }
        good = add_photo(out, join(folder != NULL && !mn_files_absolute(path) ? folder : "", path), truth);
    }
    cli_lines_free(&lines);
    if (!good) cli_photos_free(out);
    return good;
}

void cli_photos_limit(cli_photos *photos, int32_t limit) {
    int32_t count = photos->count;
    if (limit >= count) return;
    for (int32_t i = 0, kept = 0; i < count; i++) {
        /* photo number floor(kept * count / limit) is the next to keep */
        if (kept < limit && i == (int32_t)((int64_t)kept * count / limit)) {
            photos->items[kept++] = photos->items[i];
        } else {
            free(photos->items[i].path);
        }
    }
    photos->count = limit;
}

void cli_photos_keep(cli_photos *photos, const bool *keep) {
    int32_t kept = 0;
    for (int32_t i = 0; i < photos->count; i++) {
        if (keep[i]) {
            photos->items[kept++] = photos->items[i];
        } else {
            free(photos->items[i].path);
        }
    }
    photos->count = kept;
}

void cli_photos_free(cli_photos *photos) {
    for (int32_t i = 0; i < photos->count; i++) free(photos->items[i].path);
    free(photos->items);
    *photos = (cli_photos){0};
}
