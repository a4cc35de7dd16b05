/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net_file.h"

#include <string.h>

#include "keras/keras.h"
#include "model_file.h"
#include "onnx/onnx.h"
#include "torch/torch.h"

/* HDF5's signature (file format specification, III.A), and that of a zip archive's first member. */
static const char hdf5_signature[] = "\x89HDF\r\n\x1a\n", zip_signature[] = "PK\x03\x04";

static bool starts_with(const mn_map *map, const char *signature) {
    size_t length = strlen(signature);
    return map->bytes >= length && memcmp(map->data, signature, length) == 0;
}

bool cli_net_is(const mn_map *map) {
    return starts_with(map, hdf5_signature) || starts_with(map, zip_signature) || mn_torch_is(map->data, map->bytes) ||
           mn_onnx_is(map->data, map->bytes);
}

static mn_status open_keras(const char *path, const mn_origin_options *options, mn_net *out, mn_origin *origin) {
    mn_keras_info info;
    mn_keras_options wanted = {.size = options->size, .no_softmax = options->no_softmax};
    MN_TRY(mn_keras_open(path, &wanted, out, &info));
    *origin = (mn_origin){.format = mn_keras_format_text(info.format),
                          .network = info.family >= 0 ? mn_net_families[info.family].name : NULL,
                          .width = info.width,
                          .assumed_size = info.assumed_size,
                          .assumed_pixels = !out->meaning.normalised &&
                                            (info.format == MN_KERAS_WEIGHTS_2 || info.format == MN_KERAS_WEIGHTS_3),
                          .assumed_softmax = info.assumed_softmax};
    return MN_OK;
}

mn_status cli_net_open(const char *path, const mn_origin_options *options, mn_net *out, mn_origin *origin) {
    static const mn_origin_options defaults = {0};
    mn_map map;
    if (!options) options = &defaults;
    MN_TRY(cli_file_read(path, &map));
    bool torch = mn_torch_is(map.data, map.bytes), onnx = !torch && mn_onnx_is(map.data, map.bytes);
    mn_status status = MN_OK;
    if (torch) status = mn_torch_read(map.data, map.bytes, path, options, out, origin);
    if (onnx) status = mn_onnx_read(map.data, map.bytes, path, path, options, out, origin);
    mn_map_close(&map);
    return torch || onnx ? status : open_keras(path, options, out, origin);
}
