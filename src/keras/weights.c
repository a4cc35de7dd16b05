/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "keras/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 8 /* of models within models */
/* Of all names that are read, each with what it costs to keep: links let a small file name the same things without
 * end. */
#define MAX_NAME_BYTES ((size_t)64 << 20)
#define NAME_COST ((size_t)64)

typedef struct lister {
    mn_keras_weights *w;
    mn_region *region;
    int32_t room, arrays; /* entries there is memory for; arrays seen */
    size_t name_bytes;    /* read so far */
} lister;

const char *mn_keras_join(mn_region *region, const char *a, const char *b) {
    size_t room = strlen(a) + strlen(b) + 2;
    char *text = mn_region_alloc(region, room, 1);
    if (text) snprintf(text, room, "%s%s%s", a, *a ? "/" : "", b);
    return text;
}

void mn_keras_shape_text(int32_t rank, const int32_t *dims, char text[MN_KERAS_SHAPE_CHARS]) {
    size_t used = 0;
    snprintf(text, MN_KERAS_SHAPE_CHARS, "a single number");
    for (int32_t i = 0; i < rank && used < MN_KERAS_SHAPE_CHARS; i++) {
        int wrote = snprintf(text + used, MN_KERAS_SHAPE_CHARS - used, "%s%d", i ? "x" : "", dims[i]);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}

static mn_status no_memory(void) { return mn_fail_memory("the list of weights"); }

static mn_status count_names(lister *l, const mn_h5_list *list) {
    for (int32_t i = 0; i < list->count; i++) l->name_bytes += strlen(list->item[i]) + NAME_COST;
    if (l->name_bytes <= MAX_NAME_BYTES) return MN_OK;
    return mn_fail(MN_ERROR_LIMIT, "%s: has names of layers and arrays of more than %zu MiB", l->w->h5.name,
                   MAX_NAME_BYTES >> 20);
}

/* ---- Entries ----------------------------------------------------------------------------------------- */

static mn_status add_entry(lister *l, const char *key, const char *name, mn_layer_kind kind, mn_keras_entry **out) {
    mn_keras_weights *w = l->w;
    if (w->count == MN_KERAS_MAX_ENTRIES) {
        return mn_fail(MN_ERROR_LIMIT, "%s: has weights for more than %d layers", w->h5.name, MN_KERAS_MAX_ENTRIES);
    }
    if (w->count == l->room) {
        int32_t room = l->room ? 2 * l->room : 256;
        mn_keras_entry *larger = realloc(w->entries, (size_t)room * sizeof *larger);
        if (!larger) return no_memory();
        w->entries = larger;
        l->room = room;
    }
    *out = &w->entries[w->count++];
    **out = (mn_keras_entry){.key = key, .name = name, .kind = kind};
    return key && name ? MN_OK : no_memory();
}

static mn_status add_array(lister *l, mn_keras_entry *entry, const char *path, mn_keras_role role) {
    mn_keras_weights *w = l->w;
    if (!path) return no_memory();
    if (++l->arrays > MN_KERAS_MAX_ENTRIES) {
        return mn_fail(MN_ERROR_LIMIT, "%s: holds more than %d arrays", w->h5.name, MN_KERAS_MAX_ENTRIES);
    }
    if (entry->array_count < MN_KERAS_MAX_ARRAYS) {
        mn_h5_array *array = &entry->arrays[entry->array_count];
        MN_TRY(mn_h5_array_info(&w->h5, path, array));
        entry->roles[entry->array_count] = role;
        w->elements += array->count;
        if (w->elements > MN_KERAS_MAX_ELEMENTS) {
            return mn_fail(MN_ERROR_LIMIT, "%s: holds more than %zu numbers", w->h5.name, MN_KERAS_MAX_ELEMENTS);
        }
    }
    entry->array_count++;
    return MN_OK;
}

/* ---- What a layer is --------------------------------------------------------------------------------- */

/* Role of "Conv1/kernel:0"; in *depthwise whether the name says so. */
static mn_keras_role role_of(const char *name, bool *depthwise) {
    static const struct {
        const char *name;
        mn_keras_role role;
    } known[] = {
        {"kernel", MN_ROLE_KERNEL},
        {"depthwise_kernel", MN_ROLE_KERNEL},
        {"bias", MN_ROLE_BIAS},
        {"gamma", MN_ROLE_GAMMA},
        {"beta", MN_ROLE_BETA},
        {"moving_mean", MN_ROLE_MEAN},
        {"running_mean", MN_ROLE_MEAN},
        {"moving_variance", MN_ROLE_VARIANCE},
        {"running_std", MN_ROLE_VARIANCE},
        {"mean", MN_ROLE_MEAN},
        {"variance", MN_ROLE_VARIANCE},
        {"count", MN_ROLE_COUNT},
        {"pointwise_kernel", MN_ROLE_POINTWISE},
        {"alpha", MN_ROLE_SLOPE},
    };
    const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
    size_t length = strcspn(last, ":");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strlen(known[i].name) != length || memcmp(known[i].name, last, length) != 0) continue;
        *depthwise = *depthwise || known[i].name[0] == 'd';
        return known[i].role;
    }
    return MN_ROLE_NONE;
}

/* By names where they tell, else by shapes: four vectors are a batch norm. */
static mn_layer_kind kind_of(const mn_keras_entry *entry) {
    const mn_h5_array *first = &entry->arrays[0];
    bool vectors = true;
    for (int32_t i = 0; i < entry->array_count && i < MN_KERAS_MAX_ARRAYS; i++) {
        vectors = vectors && entry->arrays[i].rank == 1;
        if (entry->roles[i] >= MN_ROLE_GAMMA && entry->roles[i] <= MN_ROLE_VARIANCE) return MN_LAYER_BATCH_NORM;
    }
    if (vectors && entry->array_count == 4) return MN_LAYER_BATCH_NORM;
    if (entry->array_count > 2) return MN_LAYER_KIND_COUNT;
    if (first->rank == 4) { /* a classifier of one class is not a depthwise convolution */
        bool depthwise = first->dims[3] == 1 && (first->dims[0] > 1 || first->dims[1] > 1);
        return depthwise ? MN_LAYER_DEPTHWISE : MN_LAYER_CONV;
    }
    return first->rank == 2 ? MN_LAYER_DENSE : MN_LAYER_KIND_COUNT;
}

/* ---- Keras 2: groups listed in the attribute layer_names, arrays in weight_names --------------------- */

/* A long list is split over NAME0, NAME1, and so on. */
static mn_status read_list(lister *l, const char *path, const char *attribute, mn_h5_list *out) {
    const mn_h5 *h5 = &l->w->h5;
    MN_TRY(mn_h5_strings(h5, path, attribute, l->region, out));
    if (out->count >= 0) return count_names(l, out);
    mn_h5_list part;
    for (int32_t i = 0;; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s%d", attribute, i);
        MN_TRY(mn_h5_strings(h5, path, name, l->region, &part));
        if (part.count < 0) return MN_OK;
        MN_TRY(count_names(l, &part));
        int32_t had = out->count < 0 ? 0 : out->count;
        if (part.count > MN_H5_MAX_LIST - had || i == MN_H5_MAX_LIST) {
            return mn_fail(MN_ERROR_LIMIT, "%s: attribute '%s' of '%s' has more than %d entries", h5->name, attribute,
                           path, MN_H5_MAX_LIST);
        }
        const char **all = mn_region_alloc(l->region, (size_t)had + (size_t)part.count, sizeof *all);
        if (!all) return no_memory();
        if (had) memcpy(all, out->item, (size_t)had * sizeof *all);
        if (part.count) memcpy(all + had, part.item, (size_t)part.count * sizeof *all);
        *out = (mn_h5_list){had + part.count, all};
    }
}

/* The entry of `group` for a weight called "outer/Conv1/kernel:0": all weights that share what is before the last
 * slash. `first` is the group's first entry. */
static mn_status entry_of(lister *l, const char *group, const char *weight, int32_t first, mn_keras_entry **out) {
    mn_keras_weights *w = l->w;
    const char *end = strrchr(weight, '/'), *start = weight;
    size_t length = end ? (size_t)(end - weight) : 0;
    for (const char *at = weight; end && at < end; at++) {
        if (*at == '/') start = at + 1;
    }
    const char *prefix = mn_region_string(l->region, weight, length);
    const char *name = end ? mn_region_string(l->region, start, (size_t)(end - start)) : group;
    if (!prefix || !name) return no_memory();
    const char *place = mn_keras_join(l->region, group, prefix);
    if (!place) return no_memory();
    for (int32_t i = w->count - 1; i >= first; i--) {
        if (strcmp(w->entries[i].key, place) != 0) continue;
        *out = &w->entries[i];
        return MN_OK;
    }
    return add_entry(l, place, name, MN_LAYER_KIND_COUNT, out);
}

/* From where a weight was made to the key of its layer, GROUP/NAME. */
static mn_status finish_group(lister *l, const char *group, int32_t first) {
    mn_keras_weights *w = l->w;
    for (int32_t i = first; i < w->count; i++) {
        mn_keras_entry *entry = &w->entries[i];
        entry->key = mn_keras_join(l->region, group, entry->name);
        if (!entry->key) return no_memory();
        if (entry->kind == MN_LAYER_KIND_COUNT) entry->kind = kind_of(entry);
    }
    return MN_OK;
}

static mn_status list_group(lister *l, const char *root, const char *group) {
    mn_keras_weights *w = l->w;
    mn_h5_list weights;
    const char *path = mn_keras_join(l->region, root, group);
    if (!path) return no_memory();
    MN_TRY(read_list(l, path, "weight_names", &weights));
    if (weights.count < 0) {
        return mn_fail(MN_ERROR_FORMAT, "%s: layer '%s' has no list of weights; the file is damaged, fetch it again",
                       w->h5.name, group);
    }
    int32_t first = w->count;
    for (int32_t i = 0; i < weights.count; i++) {
        mn_keras_entry *entry = NULL;
        bool depthwise = false;
        MN_TRY(entry_of(l, group, weights.item[i], first, &entry));
        mn_keras_role role = role_of(weights.item[i], &depthwise);
        if (depthwise) entry->kind = MN_LAYER_DEPTHWISE;
        MN_TRY(add_array(l, entry, mn_keras_join(l->region, path, weights.item[i]), role));
    }
    return finish_group(l, group, first);
}

/* ---- Keras 3: a tree of groups named after classes, arrays in vars/0, vars/1, and so on ---------------- */

/* "batch_normalization_12": the class and the number; a class alone is number 0. */
typedef struct place {
    const char *name;
    size_t class_length;
    unsigned long number;
} place;

static place read_place(const char *name) {
    const char *bar = strrchr(name, '_');
    place p = {name, strlen(name), 0};
    if (!bar || bar[1] == '\0' || bar[1 + strspn(bar + 1, "0123456789")] != '\0') return p;
    p.class_length = (size_t)(bar - name);
    p.number = strtoul(bar + 1, NULL, 10);
    return p;
}

static int compare_places(const void *a, const void *b) {
    const place *p = a, *q = b;
    size_t shorter = p->class_length < q->class_length ? p->class_length : q->class_length;
    int order = memcmp(p->name, q->name, shorter);
    if (order != 0) return order;
    if (p->class_length != q->class_length) return p->class_length < q->class_length ? -1 : 1;
    return (p->number > q->number) - (p->number < q->number);
}

static bool class_is(const place *p, const char *name) {
    return strlen(name) == p->class_length && memcmp(name, p->name, p->class_length) == 0;
}

static mn_layer_kind kind_of_class(const place *p) {
    if (class_is(p, "conv2d")) return MN_LAYER_CONV;
    if (class_is(p, "depthwise_conv2d")) return MN_LAYER_DEPTHWISE;
    if (class_is(p, "batch_normalization")) return MN_LAYER_BATCH_NORM;
    return class_is(p, "dense") ? MN_LAYER_DENSE : MN_LAYER_KIND_COUNT;
}

/* The arrays in `path`/vars. */
static mn_status list_vars(lister *l, const char *path, const char *key, const place *p) {
    mn_h5_list names, given;
    const char *vars = mn_keras_join(l->region, path, "vars");
    if (!vars) return no_memory();
    MN_TRY(mn_h5_members(&l->w->h5, vars, l->region, &names));
    MN_TRY(count_names(l, &names));
    if (names.count <= 0) return MN_OK;
    MN_TRY(mn_h5_strings(&l->w->h5, vars, "name", l->region, &given));
    MN_TRY(count_names(l, &given));
    mn_keras_entry *entry = NULL;
    MN_TRY(add_entry(l, key, given.count == 1 ? given.item[0] : p->name, kind_of_class(p), &entry));
    for (int32_t i = 0; i < names.count; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        MN_TRY(add_array(l, entry, mn_keras_join(l->region, vars, number), MN_ROLE_NONE));
    }
    return MN_OK;
}

/* Groups that hold the layers of a model: Keras 3, and tf.keras 2.12 and 2.13. */
static const char *const containers[] = {"layers", "_layer_checkpoint_dependencies"};
enum { CONTAINERS = sizeof containers / sizeof containers[0] };

static mn_status list_model(lister *l, const char *path, const char *key, int32_t depth);

static mn_status list_container(lister *l, const char *path, const char *key, int32_t depth) {
    mn_h5_list members;
    MN_TRY(mn_h5_members(&l->w->h5, path, l->region, &members));
    MN_TRY(count_names(l, &members));
    if (members.count <= 0) return MN_OK;
    place *places = mn_region_alloc(l->region, (size_t)members.count, sizeof *places);
    if (!places) return no_memory();
    for (int32_t i = 0; i < members.count; i++) places[i] = read_place(members.item[i]);
    qsort(places, (size_t)members.count, sizeof *places, compare_places);
    for (int32_t i = 0; i < members.count; i++) {
        const char *inner = mn_keras_join(l->region, path, places[i].name);
        const char *inner_key = mn_keras_join(l->region, key, places[i].name);
        if (!inner || !inner_key) return no_memory();
        MN_TRY(list_vars(l, inner, inner_key, &places[i]));
        MN_TRY(list_model(l, inner, inner_key, depth + 1));
    }
    return MN_OK;
}

static mn_status list_model(lister *l, const char *path, const char *key, int32_t depth) {
    for (int32_t i = 0; i < CONTAINERS; i++) {
        const char *container = mn_keras_join(l->region, path, containers[i]);
        if (!container) return no_memory();
        if (!mn_h5_exists(&l->w->h5, container)) continue;
        if (depth == MAX_DEPTH) {
            return mn_fail(MN_ERROR_LIMIT, "%s: models are nested more than %d deep", l->w->h5.name, MAX_DEPTH);
        }
        return list_container(l, container, key, depth);
    }
    return MN_OK;
}

/* ---- The file ---------------------------------------------------------------------------------------- */

mn_status mn_keras_weights_list(mn_keras_weights *weights) {
    static const char *const roots[] = {"/", "/model_weights"};
    lister l = {.w = weights, .region = &weights->region};
    for (int32_t i = 0; i < 2; i++) {
        mn_h5_list groups;
        MN_TRY(read_list(&l, roots[i], "layer_names", &groups));
        for (int32_t g = 0; g < groups.count; g++) MN_TRY(list_group(&l, roots[i], groups.item[g]));
        if (groups.count >= 0) return MN_OK;
    }
    weights->v3 = true;
    MN_TRY(list_model(&l, "", "", 0));
    if (weights->count > 0) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "%s: is HDF5 but holds no weights saved by Keras (neither layer_names nor layers)",
                   weights->h5.name);
}

void mn_keras_weights_free(mn_keras_weights *weights) {
    mn_h5_close(&weights->h5);
    free(weights->entries);
    mn_region_free(&weights->region);
    weights->entries = NULL;
    weights->count = 0;
}
