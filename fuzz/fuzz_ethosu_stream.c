/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Programs for Ethos-U. What is read can be walked through: as many commands as were counted, each with a name. Its
 * time can be estimated, whatever it is. */
#include <math.h>
#include <stdlib.h>

#include "ethosu/cycles.h"

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
    const mn_ethosu_system system = mn_ethosu_usual_system(&stream.config);
    mn_ethosu_estimate estimate;
    if (mn_ethosu_estimate_make(&stream, &system, &estimate) != MN_OK) return 0;
    if (!isfinite(estimate.cycles) || estimate.cycles < 0) abort();
    mn_ethosu_estimate_free(&estimate);
    return 0;
}
