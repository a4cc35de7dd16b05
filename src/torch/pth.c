/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What torch.save() writes (torch/serialization.py). Since PyTorch 1.6 a zip archive with a folder that holds data.pkl,
 * the pickle, and data/KEY for each storage, stored and not packed. Before, one after another: three pickles with a
 * magic number, a version and the machine's facts; the pickle; one with the list of the storages' keys; and each
 * storage, in that order, as a count of elements in eight bytes and the elements. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "torch/pickle.h"
#include "torch/state.h"

#define MAX_PICKLE ((size_t)8 << 20)
#define MAX_NESTED 3

static const char pickle_name[] = "/data.pkl";
/* PROTO 2, LONG1 with ten bytes: 0x1950a86a20f9469cfc6c. */
static const uint8_t magic[] = {0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

/* ---- Where the arrays are ---------------------------------------------------------------------------- */

typedef struct place {
    const mn_pickle_storage *storage;
    const uint8_t *data; /* NULL: not yet known */
} place;

typedef struct reader {
    mn_torch_state *state;
    mn_pickle pickle;
    place *places; /* of all storages, in the order of their keys */
    int32_t place_count;
    size_t stored;      /* elements in storages whose place is known */
    mn_archive archive; /* zip NULL: the older format */
    const char *folder;
    size_t folder_length;
} reader;

static mn_status out_of_memory(void) { return mn_fail_memory("the weights"); }

static int compare_places(const void *a, const void *b) {
    const place *p = a, *q = b;
    return strcmp(p->storage->key, q->storage->key);
}

/* Lists the storages of the pickle, each once. */
static mn_status list_places(reader *r) {
    const mn_pickle *p = &r->pickle;
    int32_t count = 0, kept = 0;
    r->places = mn_region_alloc(&r->state->region, (size_t)p->value_count, sizeof *r->places);
    if (!r->places) return out_of_memory();
    for (int32_t i = 0; i < p->value_count; i++) {
        if (p->values[i].kind == MN_PICKLE_STORAGE) r->places[count++].storage = p->values[i].as.storage;
    }
    if (count > 0) qsort(r->places, (size_t)count, sizeof *r->places, compare_places);
    for (int32_t i = 0; i < count; i++) {
        const mn_pickle_storage *storage = r->places[i].storage, *last = i > 0 ? r->places[kept - 1].storage : storage;
        bool same = i > 0 && strcmp(last->key, storage->key) == 0;
        if (same && (last->count != storage->count || last->type != storage->type)) {
            return mn_fail(MN_ERROR_FORMAT, "%s: storage '%.100s' has two types or lengths; the file is damaged",
                           r->state->file, storage->key);
        }
        if (!same) r->places[kept++] = r->places[i];
    }
    r->place_count = kept;
    return MN_OK;
}

/* NULL when there is no storage of that key. */
static place *find_place(const reader *r, const char *key) {
    mn_pickle_storage storage = {.key = key};
    place wanted = {.storage = &storage};
    if (r->place_count == 0) return NULL;
    return bsearch(&wanted, r->places, (size_t)r->place_count, sizeof wanted, compare_places);
}

static mn_status missing(const reader *r, const char *key) {
    return mn_fail(MN_ERROR_FORMAT,
                   "%s: storage '%.100s' in it is missing, packed or of another length; fetch it again", r->state->file,
                   key);
}

/* Copies the storage from the archive to the region. */
static mn_status copy_member(reader *r, place *to) {
    char member[512];
    const mn_pickle_storage *storage = to->storage;
    size_t bytes = storage->count * mn_array_type_size(storage->type);
    int length = snprintf(member, sizeof member, "%.*s/data/%s", (int)r->folder_length, r->folder, storage->key);
    if (length >= (int)sizeof member || mn_archive_stored_bytes(&r->archive, member) != bytes) {
        return missing(r, storage->key);
    }
    uint8_t *copy = mn_region_alloc(&r->state->region, bytes, 1);
    if (!copy) return out_of_memory();
    to->data = copy;
    r->stored += storage->count;
    return mn_archive_copy(&r->archive, member, copy, bytes);
}

static mn_status add_tensor(reader *r, const char *name, const mn_pickle_tensor *tensor) {
    mn_array array = tensor->array;
    place *from = find_place(r, tensor->storage->key);
    if (r->archive.zip && !from->data) MN_TRY(copy_member(r, from));
    if (!from->data) return missing(r, tensor->storage->key);
    array.name = mn_region_string(&r->state->region, name, strlen(name));
    array.data = from->data + tensor->offset * mn_array_type_size(array.type);
    return array.name ? mn_torch_state_add(r->state, &array) : out_of_memory();
}

/* ---- From a pickle to a state dict ------------------------------------------------------------------- */

static bool holds_tensors(const mn_pickle *p, const mn_pickle_value *dict) {
    for (int32_t i = dict->first; i >= 0; i = p->items[i].next) {
        if (p->values[p->items[i].value].kind == MN_PICKLE_TENSOR) return true;
    }
    return false;
}

/* The dict with the tensors: the root, or in a checkpoint of a training one of those that hold the model, the averaged
 * one first, as timm does. NULL when there is none. */
static const mn_pickle_value *find_dict(const mn_pickle *p) {
    static const char *const keys[] = {"state_dict_ema", "model_ema", "state_dict", "model"};
    const mn_pickle_value *dict = &p->values[p->root];
    for (int32_t depth = 0; dict->kind == MN_PICKLE_DICT && depth < MAX_NESTED; depth++) {
        if (holds_tensors(p, dict)) return dict;
        const mn_pickle_value *inner = NULL;
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            const mn_pickle_value *found = mn_pickle_get(p, dict, keys[k]);
            if (!inner && found && found->kind == MN_PICKLE_DICT) inner = found;
        }
        if (!inner) return NULL;
        dict = inner;
    }
    return NULL;
}

static mn_status add_tensors(reader *r) {
    const mn_pickle *p = &r->pickle;
    const mn_pickle_value *dict = find_dict(p);
    if (!dict) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: holds no state dict; save one with torch.save(model.state_dict(), FILE)", r->state->file);
    }
    for (int32_t i = dict->first; i >= 0; i = p->items[i].next) {
        const mn_pickle_value *key = &p->values[p->items[i].key], *value = &p->values[p->items[i].value];
        if (value->kind != MN_PICKLE_TENSOR) continue;
        if (key->kind != MN_PICKLE_TEXT) {
            return mn_fail(MN_ERROR_FORMAT, "%s: a tensor of its state dict has no name", r->state->file);
        }
        MN_TRY(add_tensor(r, key->as.text, value->as.tensor));
    }
    /* Arrays that share a storage are no more than it holds. */
    if (r->state->elements > r->stored) r->state->elements = r->stored;
    return mn_torch_state_finish(r->state);
}

/* ---- Zip --------------------------------------------------------------------------------------------- */

static mn_status read_archive(reader *r) {
    const char *name = mn_archive_find(&r->archive, pickle_name);
    uint8_t *pickle = NULL;
    size_t bytes = 0;
    if (!name) return mn_fail(MN_ERROR_FORMAT, "%s: does not contain exactly one data.pkl", r->state->file);
    r->folder = name;
    r->folder_length = strlen(name) + 1 - sizeof pickle_name;
    MN_TRY(mn_archive_read(&r->archive, name, MAX_PICKLE, &pickle, &bytes));
    mn_status status = mn_pickle_read(pickle, bytes, r->state->file, &r->pickle);
    if (status == MN_OK) status = list_places(r);
    if (status == MN_OK) status = add_tensors(r);
    free(pickle);
    return status;
}

static mn_status read_zip(reader *r, const uint8_t *data, size_t bytes) {
    MN_TRY(mn_archive_open(data, bytes, r->state->file, &r->archive));
    mn_status status = read_archive(r);
    mn_archive_close(&r->archive);
    return status;
}

/* ---- Before PyTorch 1.6 ------------------------------------------------------------------------------ */

/* Reads the pickle at *at and moves behind it. */
static mn_status next_pickle(const reader *r, const uint8_t *data, size_t bytes, size_t *at, mn_pickle *out) {
    mn_status status = mn_pickle_read(data + *at, bytes - *at, r->state->file, out);
    *at += out->bytes;
    return status;
}

/* The version of the format and the facts of the machine that wrote it. */
static mn_status check_facts(const reader *r, const uint8_t *data, size_t bytes, size_t *at) {
    mn_pickle version = {0}, facts = {0};
    mn_status status = next_pickle(r, data, bytes, at, &version);
    if (status == MN_OK) status = next_pickle(r, data, bytes, at, &facts);
    bool good = false;
    if (status == MN_OK) {
        const mn_pickle_value *number = &version.values[version.root];
        const mn_pickle_value *little = mn_pickle_get(&facts, &facts.values[facts.root], "little_endian");
        good = number->kind == MN_PICKLE_INTEGER && number->as.integer == 1001 && little &&
               little->kind == MN_PICKLE_INTEGER && little->as.integer == 1;
    }
    mn_pickle_free(&version);
    mn_pickle_free(&facts);
    if (status != MN_OK || good) return status;
    return mn_fail(
        MN_ERROR_UNSUPPORTED,
        "%s: was written by an unknown version of PyTorch, or on a big-endian machine; load it there and save "
        "it again",
        r->state->file);
}

/* The storages behind the pickles, in the order of `keys`. */
static mn_status locate_all(reader *r, const mn_pickle *keys, const uint8_t *data, size_t bytes, size_t at) {
    const mn_pickle_value *list = &keys->values[keys->root];
    for (int32_t i = list->kind == MN_PICKLE_LIST ? list->first : -1; i >= 0; i = keys->items[i].next) {
        const mn_pickle_value *key = &keys->values[keys->items[i].value];
        place *to = key->kind == MN_PICKLE_TEXT ? find_place(r, key->as.text) : NULL;
        uint64_t count;
        if (!to || bytes - at < sizeof count) return missing(r, to ? to->storage->key : "");
        memcpy(&count, data + at, sizeof count);
        at += sizeof count;
        size_t size = mn_array_type_size(to->storage->type);
        if (count != to->storage->count || count > (bytes - at) / size) return missing(r, to->storage->key);
        if (!to->data) r->stored += to->storage->count;
        to->data = data + at;
        at += (size_t)count * size;
    }
    return MN_OK;
}

static mn_status read_pickles(reader *r, const uint8_t *data, size_t bytes) {
    size_t at = sizeof magic;
    mn_pickle keys = {0};
    MN_TRY(check_facts(r, data, bytes, &at));
    MN_TRY(next_pickle(r, data, bytes, &at, &r->pickle));
    MN_TRY(list_places(r));
    mn_status status = next_pickle(r, data, bytes, &at, &keys);
    if (status == MN_OK) status = locate_all(r, &keys, data, bytes, at);
    mn_pickle_free(&keys);
    return status == MN_OK ? add_tensors(r) : status;
}

/* ---- The file ---------------------------------------------------------------------------------------- */

static bool is_zip(const uint8_t *data, size_t bytes) { return bytes > 4 && memcmp(data, "PK\x03\x04", 4) == 0; }

bool mn_pth_is(const uint8_t *data, size_t bytes) {
    mn_archive archive;
    if (bytes > sizeof magic && memcmp(data, magic, sizeof magic) == 0) return true;
    if (!is_zip(data, bytes) || mn_archive_open(data, bytes, "", &archive) != MN_OK) return false;
    bool found = mn_archive_find(&archive, pickle_name) != NULL;
    mn_archive_close(&archive);
    return found;
}

mn_status mn_pth_read(const uint8_t *data, size_t bytes, mn_torch_state *state) {
    reader r = {.state = state};
    bool zip = is_zip(data, bytes);
    state->format = zip ? "PyTorch weights" : "PyTorch weights of before 1.6";
    mn_status status = zip ? read_zip(&r, data, bytes) : read_pickles(&r, data, bytes);
    mn_pickle_free(&r.pickle);
    return status;
}
