/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "graph/meaning.h"

#include <string.h>

void mn_meaning_set_range(mn_meaning *meaning, double low, double high) {
    double deviation = 255 / (high - low);
    meaning->normalised = true;
    for (int32_t c = 0; c < MN_MEANING_CHANNELS; c++) {
        meaning->mean[c] = (float)(0 - low * deviation); /* not -0 */
        meaning->deviation[c] = (float)deviation;
    }
}

void mn_meaning_set_imagenet(mn_meaning *meaning) {
    static const double mean[] = {0.485, 0.456, 0.406}, deviation[] = {0.229, 0.224, 0.225};
    meaning->normalised = true;
    meaning->fit = MN_FIT_CROP;
    for (int32_t c = 0; c < MN_MEANING_CHANNELS; c++) {
        meaning->mean[c] = (float)(255 * mean[c]);
        meaning->deviation[c] = (float)(255 * deviation[c]);
    }
}

static mn_status copy_names(mn_region *region, const char *const *names, int32_t count, mn_class_names *out) {
    const char **copy = mn_region_alloc(region, (size_t)count, sizeof *copy);
    size_t bytes = 0;
    for (int32_t i = 0; i < count; i++) bytes += strlen(names[i]) + 1;
    char *text = mn_region_alloc(region, bytes, 1);
    if (!copy || !text) return mn_fail_memory("the names of the classes");
    for (int32_t i = 0; i < count; i++) {
        size_t length = strlen(names[i]) + 1;
        copy[i] = memcpy(text, names[i], length);
        text += length;
    }
    *out = (mn_class_names){.count = count, .name = copy};
    return MN_OK;
}

mn_status mn_meaning_set_classes(mn_meaning *meaning, mn_region *region, int32_t output, const char *const *names,
                                 int32_t count) {
    int32_t outputs = output < meaning->output_count ? meaning->output_count : output + 1;
    mn_class_names *classes = mn_region_alloc(region, (size_t)outputs, sizeof *classes);
    if (!classes) return mn_fail_memory("the names of the classes");
    for (int32_t i = 0; i < meaning->output_count; i++) classes[i] = meaning->classes[i];
    MN_TRY(copy_names(region, names, count, &classes[output]));
    meaning->classes = classes;
    meaning->output_count = outputs;
    return MN_OK;
}

mn_status mn_meaning_copy(const mn_meaning *from, mn_region *region, mn_meaning *to) {
    mn_meaning made = *from;
    made.output_count = 0;
    made.classes = NULL;
    for (int32_t i = 0; i < from->output_count; i++) {
        MN_TRY(mn_meaning_set_classes(&made, region, i, from->classes[i].name, from->classes[i].count));
    }
    *to = made;
    return MN_OK;
}

bool mn_meaning_known(const mn_meaning *meaning) {
    for (int32_t i = 0; i < meaning->output_count; i++) {
        if (meaning->classes[i].count > 0) return true;
    }
    return meaning->normalised || meaning->fit != MN_FIT_UNKNOWN;
}
