/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Programs for Ethos-U. What is read can be walked through: as many commands as were counted, each with a name. */
#include <stdlib.h>

#include "ethosu/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mn_ethosu_stream stream;
    if (mn_ethosu_stream_read(data, size, &stream) != MN_OK) return 0;
    mn_ethosu_command command = {0};
    size_t at = 0, count = 0;
    while (mn_ethosu_stream_next(&stream, &at, &command)) {
        if (mn_ethosu_command_name(command.is_long, command.code) == NULL) abort();
        count++;
    }
    if (count != stream.command_count || command.is_long || command.code != 0) abort();
    return 0;
}
