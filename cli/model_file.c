/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "model_file.h"

mn_status cli_file_read(const char *path, mn_map *out) {
    mn_map map;
    MN_TRY(mn_map_read(path, (size_t)INT32_MAX, &map));
    if (map.bytes == 0) {
        mn_map_close(&map);
        return mn_fail(MN_ERROR_IO, "%s: is empty; fetch or write the file again", path);
    }
    *out = map;
    return MN_OK;
}

mn_status cli_model_open(const char *path, mn_model **out) {
    mn_model_options options = MN_INIT(mn_model_options);
    options.read = true;
    return mn_model_open_with(path, &options, out);
}
