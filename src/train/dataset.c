/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/dataset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "host/files.h"

/* ---- Growing lists ----------------------------------------------------------------------------------- */

/* Examples before the number of classes is known: `label` is not set, `class_name` stands for it. */
typedef struct found {
    const char *path, *class_name;
} found;

typedef struct finding {
    mn_dataset *set;
    found *items;
    int32_t count, capacity;
    const char **names; /* of class folders, empty ones too */
    int32_t name_count, name_capacity;
} finding;

/* Room for one more; the region keeps the old arrays too, which doubles what the list takes. */
static bool grow(mn_region *region, void **items, int32_t count, int32_t *capacity, size_t size) {
    if (count < *capacity) return true;
    int32_t larger = *capacity > 0 ? 2 * *capacity : 256;
    void *copy = *capacity > (1 << 28) ? NULL : mn_region_alloc(region, (size_t)larger, size);
    if (!copy) return false;
    if (count > 0) memcpy(copy, *items, (size_t)count * size);
    *items = copy;
    *capacity = larger;
    return true;
}

static mn_status no_memory(void) { return mn_fail_memory("the list of pictures"); }

static mn_status add_found(finding *f, const char *path, const char *class_name) {
    if (!grow(&f->set->region, (void **)&f->items, f->count, &f->capacity, sizeof *f->items)) return no_memory();
    char *copy = mn_region_string(&f->set->region, path, strlen(path));
    if (!copy) return no_memory();
    f->items[f->count++] = (found){copy, class_name};
    return MN_OK;
}

static mn_status add_name(finding *f, const char *name, size_t length, const char **out) {
    if (!grow(&f->set->region, (void **)&f->names, f->name_count, &f->name_capacity, sizeof *f->names)) {
        return no_memory();
    }
    char *copy = mn_region_string(&f->set->region, name, length);
    if (!copy) return no_memory();
    f->names[f->name_count++] = copy;
    if (out) *out = copy;
    return MN_OK;
}

/* ---- A folder ---------------------------------------------------------------------------------------- */

/* Every picture below `folder` belongs to `class_name`; at the top (NULL) its folders are the classes. */
static mn_status scan(finding *f, const char *folder, const char *class_name, int depth) {
    mn_folder *dir = mn_folder_open(folder);
    if (!dir) return mn_fail(MN_ERROR_IO, "%s: the folder cannot be opened: %s", folder, strerror(errno));
    mn_status status = MN_OK;
    for (const char *entry; status == MN_OK && (entry = mn_folder_next(dir));) {
        char path[4096];
        if (entry[0] == '.') continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, entry) >= sizeof path) {
            status = mn_fail(MN_ERROR_LIMIT, "%s: paths are longer than %zu bytes", folder, sizeof path - 1);
            break;
        }
        const mn_found what = mn_files_look(path);
        if (what == MN_FOUND_FOLDER && depth < 16) {
            const char *name = class_name;
            if (!name) status = add_name(f, entry, strlen(entry), &name);
            if (status == MN_OK) status = scan(f, path, name, depth + 1);
        } else if (class_name && mn_image_is_name(entry) && (what == MN_FOUND_FILE || what == MN_FOUND_NOTHING)) {
            /* reading a pipe or a device might never end */
            status = add_found(f, path, class_name);
        }
    }
    mn_folder_close(dir);
    return status;
}

/* ---- A list file ------------------------------------------------------------------------------------- */

static mn_status read_line(finding *f, const char *list, int32_t number, char *line) {
    line[strcspn(line, "\r\n")] = '\0';
    if (line[0] == '\0') return MN_OK;
    char *tab = strrchr(line, '\t'), *split = tab ? tab : strrchr(line, ' '), path[4096];
    if (!split || split == line || split[1] == '\0') {
        return mn_fail(MN_ERROR_FORMAT, "%s: line %d is not a path, a blank or tab, and a class", list, number);
    }
    *split = '\0';
    const char *slash = strrchr(list, '/'), *name;
    int folder = mn_files_absolute(line) || !slash ? 0 : (int)(slash + 1 - list);
    if ((size_t)snprintf(path, sizeof path, "%.*s%s", folder, list, line) >= sizeof path) {
        return mn_fail(MN_ERROR_LIMIT, "%s: the path in line %d is longer than %zu bytes", list, number,
                       sizeof path - 1);
    }
    MN_TRY(add_name(f, split + 1, strlen(split + 1), &name));
    return add_found(f, path, name);
}

static mn_status read_list(finding *f, const char *path) {
    FILE *file = mn_files_open(path, "rb");
    if (!file) return mn_fail(MN_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    mn_status status = MN_OK;
    char line[2 * 4096];
    for (int32_t number = 1; status == MN_OK && fgets(line, sizeof line, file); number++) {
        const bool whole = strchr(line, '\n') || feof(file);
        status = whole ? read_line(f, path, number, line)
                       : mn_fail(MN_ERROR_LIMIT, "%s: line %d is longer than %zu bytes", path, number, sizeof line - 2);
    }
    if (status == MN_OK && ferror(file)) status = mn_fail(MN_ERROR_IO, "%s: cannot be read", path);
    fclose(file);
    return status;
}

/* ---- Classes ----------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static int by_class(const void *a, const void *b) {
    const found *x = a, *y = b;
    int order = strcmp(x->class_name, y->class_name);
    return order != 0 ? order : strcmp(x->path, y->path);
}

/* The sorted names, once each. */
static void name_classes(finding *f) {
    if (f->name_count == 0) return;
    qsort(f->names, (size_t)f->name_count, sizeof *f->names, by_text);
    int32_t kept = 1;
    for (int32_t i = 1; i < f->name_count; i++) {
        if (strcmp(f->names[i], f->names[kept - 1]) != 0) f->names[kept++] = f->names[i];
    }
    f->set->classes = f->names;
    f->set->class_count = kept;
}

static mn_status label(finding *f) {
    mn_dataset *set = f->set;
    set->examples = mn_region_alloc(&set->region, (size_t)f->count, sizeof *set->examples);
    if (!set->examples) return no_memory();
    set->count = f->count;
    for (int32_t i = 0; i < f->count; i++) {
        const char **name =
            bsearch(&f->items[i].class_name, set->classes, (size_t)set->class_count, sizeof *set->classes, by_text);
        if (!name) {
            return mn_fail(MN_ERROR_ARGUMENT, "%s: class '%s' is none of the %d classes that are trained", set->path,
                           f->items[i].class_name, set->class_count);
        }
        set->examples[i] = (mn_example){.path = f->items[i].path, .label = (int32_t)(name - set->classes)};
    }
    return MN_OK;
}

/* To learn from, there must be two classes, and something in each. */
static mn_status check(const mn_dataset *set) {
    if (set->class_count < 2) {
        return mn_fail(MN_ERROR_ARGUMENT,
                       "%s: has %d class(es), but at least two are needed; put the pictures into "
                       "one folder for each class",
                       set->path, set->class_count);
    }
    for (int32_t i = 0, next = 0; i < set->class_count; i++) {
        if (next >= set->count || set->examples[next].label != i) {
            return mn_fail(
                MN_ERROR_ARGUMENT,
                "%s: class '%s' has no pictures (.jpg, .png, .webp, .bmp, .pgm or .ppm); add some or remove the class",
                set->path, set->classes[i]);
        }
        while (next < set->count && set->examples[next].label == i) next++;
    }
    return MN_OK;
}

static mn_status find(mn_dataset *set, const mn_dataset *classes) {
    finding f = {.set = set};
    if (mn_files_look(set->path) == MN_FOUND_FOLDER) {
        MN_TRY(scan(&f, set->path, NULL, 0));
    } else {
        MN_TRY(read_list(&f, set->path));
    }
    if (f.count > 0) qsort(f.items, (size_t)f.count, sizeof *f.items, by_class);
    name_classes(&f);
    if (classes) {
        set->classes = classes->classes;
        set->class_count = classes->class_count;
    }
    MN_TRY(label(&f));
    if (!classes) return check(set);
    return set->count > 0
               ? MN_OK
               : mn_fail(MN_ERROR_ARGUMENT, "%s: has no pictures (.jpg, .png, .webp, .bmp, .pgm or .ppm)", set->path);
}

mn_status mn_dataset_open(const char *path, const mn_dataset *classes, mn_dataset *out) {
    *out = (mn_dataset){.path = path};
    mn_status status = find(out, classes);
    if (status != MN_OK) mn_dataset_free(out);
    return status;
}

void mn_dataset_free(mn_dataset *set) {
    for (int32_t i = 0; i < set->count; i++) mn_picture_free(&set->examples[i].image);
    mn_region_free(&set->region);
    set->count = set->class_count = 0;
}

/* ---- Pictures ---------------------------------------------------------------------------------------- */

mn_status mn_dataset_picture(mn_dataset *set, int32_t index, mn_picture *room, const mn_picture **out) {
    mn_example *example = &set->examples[index];
    if (example->bad) return mn_fail(MN_ERROR_FORMAT, "%s: could not be read before", example->path);
    *out = &example->image;
    if (example->image.pixels) return MN_OK;
    mn_status status = mn_picture_open(example->path, &(mn_image_options){.as_stored = set->as_stored}, room);
    if (status != MN_OK) {
        example->bad = status != MN_ERROR_MEMORY;
        return status;
    }
    size_t bytes = (size_t)room->width * (size_t)room->height * MN_PICTURE_CHANNELS;
    *out = room;
    if (atomic_fetch_add(&set->cached, bytes) + bytes <= set->cache_limit) {
        example->image = *room;
        *room = (mn_picture){0};
        *out = &example->image;
    } else {
        atomic_fetch_sub(&set->cached, bytes);
    }
    return MN_OK;
}
