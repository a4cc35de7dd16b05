/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "keras/keras.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "archive/archive.h"
#include "base/kind.h"
#include "base/map.h"
#include "keras/assign.h"
#include "keras/child.h"
#include "keras/config.h"
#include "keras/match.h"
#include "keras/meaning.h"
#include "keras/ranges.h"
#include "keras/weights.h"
#include "keras/wire.h"
#include "net/mobilenet_v2.h"

#define MAX_CONFIG_BYTES ((size_t)16 << 20)
#define MAX_WEIGHTS_BYTES ((size_t)1 << 30)
#define DEFAULT_SIZE 224
/* A configuration may ask for this many times the weights of its file before it is refused without naming the array
 * that is too small. */
#define SLACK 4

const char *mn_keras_format_text(mn_keras_format format) {
    static const char *const texts[MN_KERAS_FORMATS] = {
        [MN_KERAS_WEIGHTS_2] = "Keras weights",
        [MN_KERAS_WEIGHTS_3] = "Keras 3 weights",
        [MN_KERAS_MODEL] = "whole Keras model in HDF5",
        [MN_KERAS_ARCHIVE] = "Keras 3 archive",
    };
    return texts[format];
}

/* One file being read. */
typedef struct source {
    const char *name;
    const mn_keras_options *options;
    mn_keras_weights weights;
    mn_net net;
    mn_keras_info info;
} source;

/* The size in "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5": behind "_WIDTH_". 0 for none. */
static int32_t size_in_name(const char *path) {
    const char *slash = strrchr(path, '/'), *at = slash ? slash + 1 : path;
    for (; (at = strchr(at, '_')); at++) {
        int used = 0;
        int32_t size = 0;
        /* %*1d.%*2d would take signs and blanks. */
        const char *width = at + 1, *rest = width + strspn(width, "0123456789.");
        if (rest == width || *rest != '_' || !memchr(width, '.', (size_t)(rest - width))) continue;
        if (sscanf(rest, "_%3d%n", &size, &used) == 1 && size >= 32 && (rest[used] == '.' || rest[used] == '_')) {
            return size;
        }
    }
    return 0;
}

static int32_t open_size(const source *s) {
    if (s->options->size > 0) return s->options->size;
    int32_t size = size_in_name(s->name);
    return size > 0 ? size : DEFAULT_SIZE;
}

/* ---- Two kinds of files ------------------------------------------------------------------------------ */

/* A whole model leaves less to be said. */
static mn_status check_options(const source *s) {
    const mn_layer *input = &s->net.layers[0];
    if (s->options->no_softmax) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: is a whole model, which already says how it ends; leave out --scores",
                       s->name);
    }
    int32_t size = s->options->size;
    if (size == 0 || (input->h == size && input->w == size)) return MN_OK;
    return mn_fail(MN_ERROR_ARGUMENT, "%s: the model's input is %dx%d, so --size %d cannot be applied", s->name,
                   input->h, input->w, size);
}

static mn_status read_model(source *s, const char *text, size_t bytes, bool keras_2) {
    mn_keras_config config = {.text = text,
                              .bytes = bytes,
                              .file = s->name,
                              .v3 = s->weights.v3,
                              .keras_2 = keras_2,
                              .size = open_size(s),
                              .elements = SLACK * s->weights.elements};
    MN_TRY(mn_keras_config_read(&config, &s->net));
    s->info.assumed_size = config.open_size;
    MN_TRY(check_options(s));
    MN_TRY(mn_keras_assign(&s->weights, config.sources, &s->net));
    return mn_keras_width_of(&s->net, &s->info.family, &s->info.width);
}

/* What training from PyTorch's weights left. */
static mn_status read_style(source *s, mn_net_spec *spec) {
    mn_h5_list text;
    MN_TRY(mn_h5_strings(&s->weights.h5, "/", MN_KERAS_STYLE, &s->weights.region, &text));
    if (text.count == 1 && strcmp(text.item[0], "pytorch") == 0) spec->style = MN_V2_TORCH;
    return MN_OK;
}

static mn_status read_bare_weights(source *s) {
    mn_net_spec spec;
    mn_net_spec_defaults(&spec);
    int32_t height, width;
    MN_TRY(mn_keras_meaning_size(&s->weights, &height, &width));
    bool open = height == 0 || s->options->size > 0;
    spec.height = open ? open_size(s) : height;
    spec.width_px = open ? spec.height : width;
    spec.softmax = !s->options->no_softmax;
    MN_TRY(read_style(s, &spec));
    MN_TRY(mn_keras_match(&s->weights, &spec, &s->info.family, &s->net));
    s->net.name = s->name;
    MN_TRY(mn_keras_assign(&s->weights, NULL, &s->net));
    MN_TRY(mn_keras_ranges_assign(&s->weights, &s->net));
    MN_TRY(mn_keras_meaning_assign(&s->weights, &s->net));
    s->info.width = spec.width;
    s->info.assumed_size = open;
    s->info.assumed_softmax = spec.classes > 0;
    return MN_OK;
}

static mn_status read_hdf5(source *s) {
    mn_h5_list text;
    MN_TRY(mn_keras_weights_list(&s->weights));
    MN_TRY(mn_h5_strings(&s->weights.h5, "/", "model_config", &s->weights.region, &text));
    if (text.count != 1) {
        s->info.format = s->weights.v3 ? MN_KERAS_WEIGHTS_3 : MN_KERAS_WEIGHTS_2;
        return read_bare_weights(s);
    }
    s->info.format = MN_KERAS_MODEL;
    mn_h5_list version;
    MN_TRY(mn_h5_strings(&s->weights.h5, "/", "keras_version", &s->weights.region, &version));
    bool keras_2 = version.count != 1 || version.item[0][0] < '3'; /* old files do not say it */
    return read_model(s, text.item[0], strlen(text.item[0]), keras_2);
}

/* ---- Containers -------------------------------------------------------------------------------------- */

/* {"keras_version": "2.15.0", ...} in the archive's metadata.json, which may be missing. */
static bool is_keras_2(const mn_archive *archive) {
    uint8_t *text = NULL;
    size_t bytes = 0;
    if (!mn_archive_has(archive, "metadata.json")) return false;
    if (mn_archive_read(archive, "metadata.json", MAX_CONFIG_BYTES, &text, &bytes) != MN_OK) return false;
    cJSON *root = cJSON_ParseWithLength((const char *)text, bytes);
    const char *version = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "keras_version"));
    bool old = version && version[0] < '3';
    cJSON_Delete(root);
    free(text);
    return old;
}

static mn_status read_unpacked(source *s, const char *config, size_t config_bytes, bool keras_2, const void *weights,
                               size_t weight_bytes) {
    s->info.format = MN_KERAS_ARCHIVE;
    MN_TRY(mn_h5_open_memory(weights, weight_bytes, s->name, &s->weights.h5));
    MN_TRY(mn_keras_weights_list(&s->weights));
    return read_model(s, config, config_bytes, keras_2);
}

static mn_status unpack(source *s, const mn_archive *archive) {
    static const char config_name[] = "config.json", weights_name[] = "model.weights.h5";
    uint8_t *config = NULL, *weights = NULL;
    size_t config_bytes = 0, weight_bytes = 0;
    if (!mn_archive_has(archive, weights_name) && mn_archive_has(archive, config_name)) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: has no %s in it; save the model with weights, in one HDF5 file",
                       s->name, weights_name);
    }
    mn_status status = mn_archive_read(archive, config_name, MAX_CONFIG_BYTES, &config, &config_bytes);
    if (status == MN_OK) {
        status = mn_archive_read(archive, weights_name, MAX_WEIGHTS_BYTES, &weights, &weight_bytes);
    }
    if (status == MN_OK)
        status = read_unpacked(s, (const char *)config, config_bytes, is_keras_2(archive), weights, weight_bytes);
    free(config);
    free(weights);
    return status;
}

static mn_status read_archive(source *s, const void *data, size_t bytes) {
    mn_archive archive;
    MN_TRY(mn_archive_open(data, bytes, s->name, &archive));
    mn_status status = unpack(s, &archive);
    mn_archive_close(&archive);
    return status;
}

/* HDF5 may begin behind a user block, at 512 bytes times a power of two. */
static bool is_hdf5(const uint8_t *data, size_t bytes) {
    static const uint8_t signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    for (size_t at = 0; at < bytes && bytes - at >= sizeof signature; at = at ? 2 * at : 512) {
        if (memcmp(data + at, signature, sizeof signature) == 0) return true;
    }
    return false;
}

/* `path` is NULL for what is only in memory. */
static mn_status read_any(source *s, const char *path, const void *data, size_t bytes) {
    if (is_hdf5(data, bytes)) {
        MN_TRY(path ? mn_h5_open(path, s->name, &s->weights.h5)
                    : mn_h5_open_memory(data, bytes, s->name, &s->weights.h5));
        return read_hdf5(s);
    }
    if (bytes >= 2 && memcmp(data, "PK", 2) == 0) return read_archive(s, data, bytes);
    return mn_kind_refuse(MN_WANT_WEIGHTS, s->name, data, bytes);
}

static mn_status read_source(const char *path, const char *name, const void *data, size_t bytes,
                             const mn_keras_options *options, mn_net *out, mn_keras_info *info) {
    static const mn_keras_options defaults = {0};
    source s = {.name = name, .options = options ? options : &defaults};
    s.weights.h5.file = s.weights.h5.access = -1;
    s.net.name = name;
    mn_status status = read_any(&s, path, data, bytes);
    mn_keras_weights_free(&s.weights);
    if (status != MN_OK) {
        mn_net_free(&s.net);
        return status;
    }
    *out = s.net;
    *info = s.info;
    return MN_OK;
}

mn_status mn_keras_read(const void *data, size_t bytes, const char *name, const mn_keras_options *options, mn_net *out,
                        mn_keras_info *info) {
    return read_source(NULL, name, data, bytes, options, out, info);
}

/* What the child process reads. */
typedef struct attempt {
    const char *path;
    const mn_map *map;
    const mn_keras_options *options;
} attempt;

static void read_and_send(void *data, int to) {
    const attempt *a = data;
    mn_net net = {0};
    mn_keras_info info = {0};
    mn_wire_send(to, read_source(a->path, a->path, a->map->data, a->map->bytes, a->options, &net, &info), &net, &info);
}

mn_status mn_keras_open(const char *path, const mn_keras_options *options, mn_net *out, mn_keras_info *info) {
    mn_map map;
    mn_child child;
    MN_TRY(mn_map_open(path, &map));
    attempt a = {.path = path, .map = &map, .options = options};
    mn_status status = mn_child_start(&child, read_and_send, &a, map.bytes, options ? options->seconds : 0, path);
    mn_map_close(&map);
    if (status != MN_OK) return status;
    mn_net net = {.name = path};
    bool complete;
    status = mn_wire_receive(&child, &net, info, &complete);
    mn_status ended = mn_child_end(&child, complete);
    if (status == MN_OK) status = ended;
    if (status != MN_OK) {
        mn_net_free(&net);
        return status;
    }
    *out = net;
    return MN_OK;
}
