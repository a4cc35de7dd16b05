/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "keras/hdf5.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

#define MAX_CHUNK_BYTES ((size_t)256 << 20)
#define LAST_OWN_FILTER 255 /* filters of the HDF5 library itself; greater ones are plugins */
#define CORE_INCREMENT ((size_t)1 << 20)
/* HDF5 wants a name even of a file in memory, and one that no file can have. */
#define IMAGE_NAME "/dev/null/image"

/* ---- Opening ----------------------------------------------------------------------------------------- */

static herr_t refuse_external_link(const char *parent_file, const char *parent_group, const char *child_file,
                                   /* NOLINTNEXTLINE(readability-non-const-parameter): the type is HDF5's */
                                   const char *child_object, unsigned *flags, hid_t access, void *data) {
    (void)parent_file, (void)parent_group, (void)child_file, (void)child_object, (void)flags, (void)access, (void)data;
    return -1;
}

static mn_status open_with(const char *path, hid_t driver, mn_h5 *h5) {
    h5->access = H5Pcreate(H5P_LINK_ACCESS);
    if (driver < 0 || h5->access < 0 || H5Pset_elink_cb(h5->access, refuse_external_link, NULL) < 0) {
        return mn_fail_memory("the HDF5 library");
    }
    h5->file = H5Fopen(path, H5F_ACC_RDONLY, driver);
    if (h5->file >= 0) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "%s: cannot be read as HDF5; it is damaged or cut short, fetch it again", h5->name);
}

static void begin(const char *name, mn_h5 *out) {
    H5E_auto2_t handler = NULL;
    *out = (mn_h5){.name = name, .muted = true, .file = -1, .access = -1};
    if (H5Eget_auto2(H5E_DEFAULT, &handler, &out->old_data) >= 0) out->old_handler = (void (*)(void))handler;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static mn_status finish(mn_status status, hid_t driver, mn_h5 *out) {
    if (driver >= 0) H5Pclose(driver);
    if (status != MN_OK) mn_h5_close(out);
    return status;
}

mn_status mn_h5_open(const char *path, const char *name, mn_h5 *out) {
    begin(name, out);
    hid_t driver = H5Pcreate(H5P_FILE_ACCESS);
    return finish(open_with(path, driver, out), driver, out);
}

mn_status mn_h5_open_memory(const void *data, size_t bytes, const char *name, mn_h5 *out) {
    begin(name, out);
    hid_t driver = H5Pcreate(H5P_FILE_ACCESS);
    /* The image is only copied from, whatever the type of the parameter says. */
    union {
        const void *in;
        void *out;
    } image = {.in = data};
    if (driver >= 0 &&
        (H5Pset_fapl_core(driver, CORE_INCREMENT, 0) < 0 || H5Pset_file_image(driver, image.out, bytes) < 0)) {
        return finish(mn_fail_memory("the HDF5 file"), driver, out);
    }
    return finish(open_with(IMAGE_NAME, driver, out), driver, out);
}

void mn_h5_close(mn_h5 *h5) {
    if (h5->file >= 0) H5Fclose(h5->file);
    if (h5->access >= 0) H5Pclose(h5->access);
    if (h5->muted) H5Eset_auto2(H5E_DEFAULT, (H5E_auto2_t)h5->old_handler, h5->old_data);
    h5->file = h5->access = -1;
    h5->muted = false;
}

bool mn_h5_exists(const mn_h5 *h5, const char *path) {
    hid_t object = H5Oopen(h5->file, path, h5->access);
    if (object < 0) return false;
    H5Oclose(object);
    return true;
}

/* ---- Text attributes --------------------------------------------------------------------------------- */

typedef struct attribute {
    const mn_h5 *h5;
    const char *path, *name;
    hid_t id, type, space;
    size_t count; /* strings */
    mn_region *region;
    mn_h5_list *out;
} attribute;

static mn_status damaged(const attribute *a) {
    return mn_fail(MN_ERROR_FORMAT, "%s: attribute '%s' of '%s' cannot be read; the file is damaged, fetch it again",
                   a->h5->name, a->name, a->path);
}

static mn_status add_string(attribute *a, const char *text, size_t length) {
    const char *copy = mn_region_string(a->region, text, length);
    if (!copy) return mn_fail_memory("text in the HDF5 file");
    a->out->item[a->out->count++] = copy;
    return MN_OK;
}

static mn_status too_long(const attribute *a) {
    return mn_fail(MN_ERROR_LIMIT, "%s: attribute '%s' of '%s' is longer than %zu MiB", a->h5->name, a->name, a->path,
                   MN_H5_MAX_TEXT >> 20);
}

/* Strings of one size, filled up with zeros. */
static mn_status read_fixed(attribute *a) {
    size_t size = H5Tget_size(a->type), bytes;
    if (size == 0) return damaged(a);
    if (!mn_mul_size(size, a->count, &bytes) || bytes > MN_H5_MAX_TEXT) return too_long(a);
    char *text = calloc(bytes, 1);
    if (!text) return mn_fail_memory("text in the HDF5 file");
    mn_status status = H5Aread(a->id, a->type, text) < 0 ? damaged(a) : MN_OK;
    for (size_t i = 0; status == MN_OK && i < a->count; i++) {
        const char *start = text + i * size, *end = memchr(start, '\0', size);
        status = add_string(a, start, end ? (size_t)(end - start) : size);
    }
    free(text);
    return status;
}

static mn_status read_variable(attribute *a) {
    char **text = calloc(a->count, sizeof *text);
    if (!text) return mn_fail_memory("text in the HDF5 file");
    mn_status status = H5Aread(a->id, a->type, text) < 0 ? damaged(a) : MN_OK;
    size_t total = 0;
    for (size_t i = 0; status == MN_OK && i < a->count; i++) {
        size_t length = text[i] ? strlen(text[i]) : 0;
        total += length;
        status = total > MN_H5_MAX_TEXT ? too_long(a) : add_string(a, text[i] ? text[i] : "", length);
    }
    H5Dvlen_reclaim(a->type, a->space, H5P_DEFAULT, text);
    free((void *)text);
    return status;
}

static mn_status read_attribute(attribute *a) {
    a->type = H5Aget_type(a->id);
    a->space = H5Aget_space(a->id);
    hssize_t count = a->space < 0 ? -1 : H5Sget_simple_extent_npoints(a->space);
    if (a->type < 0 || count < 0) return damaged(a);
    a->out->count = 0;
    if (count == 0) return MN_OK; /* whatever its type: Keras writes an empty list as floats */
    if (count > MN_H5_MAX_LIST) {
        return mn_fail(MN_ERROR_LIMIT, "%s: attribute '%s' of '%s' has more than %d entries", a->h5->name, a->name,
                       a->path, MN_H5_MAX_LIST);
    }
    if (H5Tget_class(a->type) != H5T_STRING) {
        return mn_fail(MN_ERROR_FORMAT, "%s: attribute '%s' of '%s' does not hold text", a->h5->name, a->name, a->path);
    }
    a->count = (size_t)count;
    a->out->item = mn_region_alloc(a->region, a->count, sizeof *a->out->item);
    if (!a->out->item) return mn_fail_memory("text in the HDF5 file");
    htri_t variable = H5Tis_variable_str(a->type);
    return variable < 0 ? damaged(a) : variable > 0 ? read_variable(a) : read_fixed(a);
}

mn_status mn_h5_strings(const mn_h5 *h5, const char *path, const char *name, mn_region *region, mn_h5_list *out) {
    attribute a = {
        .h5 = h5, .path = path, .name = name, .id = -1, .type = -1, .space = -1, .region = region, .out = out};
    out->count = -1;
    hid_t object = H5Oopen(h5->file, path, h5->access);
    if (object < 0) return MN_OK;
    mn_status status = MN_OK;
    htri_t exists = H5Aexists(object, name);
    if (exists < 0) status = damaged(&a);
    if (exists > 0) {
        a.id = H5Aopen(object, name, H5P_DEFAULT);
        status = a.id < 0 ? damaged(&a) : read_attribute(&a);
        if (a.type >= 0) H5Tclose(a.type);
        if (a.space >= 0) H5Sclose(a.space);
        if (a.id >= 0) H5Aclose(a.id);
    }
    H5Oclose(object);
    return status;
}

/* ---- Members ----------------------------------------------------------------------------------------- */

typedef struct collector {
    mn_region *region;
    mn_h5_list *out;
    int32_t room;
    mn_status status;
} collector;

static herr_t collect(hid_t group, const char *name, const H5L_info_t *info, void *data) {
    (void)group, (void)info;
    collector *c = data;
    if (c->out->count == c->room) return -1;
    const char *copy = mn_region_string(c->region, name, strlen(name));
    if (!copy) {
        c->status = mn_fail_memory("a name in the HDF5 file");
        return -1;
    }
    c->out->item[c->out->count++] = copy;
    return 0;
}

static mn_status list_members(const mn_h5 *h5, hid_t group, const char *path, collector *c) {
    H5G_info_t info;
    if (H5Gget_info(group, &info) < 0) info.nlinks = 0;
    if (info.nlinks > MN_H5_MAX_LIST) {
        return mn_fail(MN_ERROR_LIMIT, "%s: group '%s' has more than %d members", h5->name, path, MN_H5_MAX_LIST);
    }
    c->room = (int32_t)info.nlinks;
    c->out->item = mn_region_alloc(c->region, (size_t)c->room, sizeof *c->out->item);
    if (!c->out->item) return mn_fail_memory("a name in the HDF5 file");
    c->out->count = 0;
    herr_t failed = H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, collect, c);
    if (c->status != MN_OK) return c->status;
    if (failed < 0 || c->out->count != c->room) {
        return mn_fail(MN_ERROR_FORMAT, "%s: group '%s' cannot be read; the file is damaged, fetch it again", h5->name,
                       path);
    }
    return MN_OK;
}

mn_status mn_h5_members(const mn_h5 *h5, const char *path, mn_region *region, mn_h5_list *out) {
    collector c = {.region = region, .out = out};
    out->count = -1;
    hid_t group = H5Oopen(h5->file, path, h5->access);
    if (group < 0) return MN_OK;
    mn_status status = H5Iget_type(group) == H5I_GROUP ? list_members(h5, group, path, &c) : MN_OK;
    H5Oclose(group);
    return status;
}

/* ---- Arrays ------------------------------------------------------------------------------------------ */

/* NULL for floats of a size that Keras writes; else the elements in words. */
static const char *type_words(hid_t type) {
    switch (H5Tget_class(type)) {
    case H5T_FLOAT: {
        size_t size = H5Tget_size(type);
        return size == 2 || size == 4 || size == 8 ? NULL : "floats of an unknown size";
    }
    case H5T_INTEGER: return "integers";
    case H5T_STRING: return "text";
    case H5T_ENUM: return "truth values";
    default: return "elements of an unknown type";
    }
}

static mn_status check_storage(const mn_h5 *h5, const char *path, hid_t dataset, hid_t plan) {
    H5D_layout_t layout = H5Pget_layout(plan);
    if (layout == H5D_VIRTUAL || (layout == H5D_CONTIGUOUS && H5Pget_external_count(plan) != 0)) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: '%s' lies in another file; save the weights into one file", h5->name,
                       path);
    }
    int filters = layout == H5D_CHUNKED ? H5Pget_nfilters(plan) : 0;
    for (int i = 0; i < filters; i++) {
        size_t values = 0;
        H5Z_filter_t filter = H5Pget_filter2(plan, (unsigned)i, NULL, &values, NULL, 0, NULL, NULL);
        if (filter >= 0 && filter <= LAST_OWN_FILTER) continue;
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: '%s' is compressed with filter %d of a plugin; save it with gzip",
                       h5->name, path, (int)filter);
    }
    hsize_t chunk[H5S_MAX_RANK];
    int rank = layout == H5D_CHUNKED ? H5Pget_chunk(plan, H5S_MAX_RANK, chunk) : 0;
    size_t bytes = 8;
    for (int i = 0; i < rank; i++) {
        if (mn_mul_size(bytes, (size_t)chunk[i], &bytes) && bytes <= MAX_CHUNK_BYTES) continue;
        return mn_fail(MN_ERROR_LIMIT, "%s: '%s' has chunks of more than %zu MiB", h5->name, path,
                       MAX_CHUNK_BYTES >> 20);
    }
    if (H5Dget_storage_size(dataset) == 0) {
        return mn_fail(MN_ERROR_FORMAT, "%s: '%s' has a shape but no contents", h5->name, path);
    }
    return MN_OK;
}

static mn_status read_shape(const mn_h5 *h5, hid_t space, mn_h5_array *out) {
    hsize_t dims[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0 || rank > MN_H5_MAX_RANK || H5Sget_simple_extent_dims(space, dims, NULL) < 0) {
        return mn_fail(MN_ERROR_FORMAT, "%s: '%s' has %d dimensions, at most %d were expected", h5->name, out->path,
                       rank, MN_H5_MAX_RANK);
    }
    out->rank = rank;
    out->count = 1;
    for (int i = 0; i < rank; i++) {
        if (dims[i] == 0) return mn_fail(MN_ERROR_FORMAT, "%s: '%s' is empty", h5->name, out->path);
        if (dims[i] > MN_H5_MAX_ELEMENTS || !mn_mul_size(out->count, (size_t)dims[i], &out->count) ||
            out->count > MN_H5_MAX_ELEMENTS) {
            return mn_fail(MN_ERROR_LIMIT, "%s: '%s' has more than %zu elements", h5->name, out->path,
                           MN_H5_MAX_ELEMENTS);
        }
        out->dims[i] = (int32_t)dims[i];
    }
    return MN_OK;
}

static mn_status look(const mn_h5 *h5, hid_t dataset, mn_h5_array *out) {
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset), plan = H5Dget_create_plist(dataset);
    mn_status status;
    if (type < 0 || space < 0 || plan < 0) {
        status = mn_fail(MN_ERROR_FORMAT, "%s: '%s' cannot be read; the file is damaged, fetch it again", h5->name,
                         out->path);
    } else {
        out->type = type_words(type);
        status = read_shape(h5, space, out);
        if (status == MN_OK) status = check_storage(h5, out->path, dataset, plan);
    }
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    if (plan >= 0) H5Pclose(plan);
    return status;
}

mn_status mn_h5_array_info(const mn_h5 *h5, const char *path, mn_h5_array *out) {
    *out = (mn_h5_array){.path = path};
    hid_t object = H5Oopen(h5->file, path, h5->access);
    mn_status status = object >= 0 && H5Iget_type(object) == H5I_DATASET
                           ? look(h5, object, out)
                           : mn_fail(MN_ERROR_FORMAT, "%s: the array '%s' is missing or damaged", h5->name, path);
    if (object >= 0) H5Oclose(object);
    return status;
}

mn_status mn_h5_array_read(const mn_h5 *h5, const mn_h5_array *array, float *out) {
    hid_t dataset = H5Oopen(h5->file, array->path, h5->access);
    herr_t failed = -1;
    if (dataset >= 0) {
        failed = H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
        H5Oclose(dataset);
    }
    if (failed >= 0) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "%s: '%s' cannot be read; the file is damaged or cut short, fetch it again",
                   h5->name, array->path);
}
