/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "tflite/builder.h"
#include "tflite/metadata.h"
#include "tflite/metadata_schema.h"
#include "tflite/zip.h"

enum { FILE_NAME = 24, CUSTOM_ALIGNMENT = 16 }; /* force_align of CustomMetadata.data */

static int32_t labelled(const mn_graph *graph, int32_t output) {
    return output < graph->meaning.output_count ? graph->meaning.classes[output].count : 0;
}

/* "labels.txt", and "labels_1.txt" for the second output. */
static void file_name(int32_t output, char name[FILE_NAME]) {
    if (output == 0) {
        snprintf(name, FILE_NAME, "labels.txt");
    } else {
        snprintf(name, FILE_NAME, "labels_%d.txt", output);
    }
}

/* ---- The FlatBuffer ---------------------------------------------------------------------------------- */

static mn_fbb_ref write_content(mn_fbb *b, uint8_t type, uint8_t colours) {
    mn_fbb_table_begin(b);
    mn_fbb_add_u8(b, MN_M_IMAGE_COLOURS, colours, 0);
    mn_fbb_ref properties = mn_fbb_table_end(b);
    mn_fbb_table_begin(b);
    mn_fbb_add_u8(b, MN_M_CONTENT_TYPE, type, 0);
    mn_fbb_add_ref(b, MN_M_CONTENT, properties);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref write_normalisation(mn_fbb *b, const mn_meaning *meaning, size_t channels) {
    if (!meaning->normalised) return 0;
    bool alike = true;
    for (size_t c = 1; c < channels; c++) {
        alike = alike && meaning->mean[c] == meaning->mean[0] && meaning->deviation[c] == meaning->deviation[0];
    }
    mn_fbb_ref deviation = mn_fbb_vector(b, meaning->deviation, alike ? 1 : channels, sizeof(float));
    mn_fbb_ref mean = mn_fbb_vector(b, meaning->mean, alike ? 1 : channels, sizeof(float));
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_M_NORMALISATION_MEAN, mean);
    mn_fbb_add_ref(b, MN_M_NORMALISATION_DEVIATION, deviation);
    mn_fbb_ref options = mn_fbb_table_end(b);
    mn_fbb_table_begin(b);
    mn_fbb_add_u8(b, MN_M_PROCESS_TYPE, MN_TFM_PROCESS_NORMALISATION, 0);
    mn_fbb_add_ref(b, MN_M_PROCESS, options);
    mn_fbb_ref unit = mn_fbb_table_end(b);
    return mn_fbb_refs(b, &unit, 1);
}

static mn_fbb_ref write_input(mn_fbb *b, const mn_graph *graph, int32_t i) {
    const mn_tensor *input = &graph->tensors[graph->inputs[i]];
    bool gray = input->rank == 4 && input->dims[3] == 1;
    mn_fbb_ref process = i == 0 ? write_normalisation(b, &graph->meaning, gray ? 1 : MN_MEANING_CHANNELS) : 0;
    mn_fbb_ref content =
        i == 0 ? write_content(b, MN_TFM_CONTENT_IMAGE, gray ? MN_TFM_COLOURS_GRAY : MN_TFM_COLOURS_RGB) : 0;
    mn_fbb_ref name = mn_fbb_string(b, input->name);
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_M_TENSOR_NAME, name);
    mn_fbb_add_ref(b, MN_M_TENSOR_CONTENT, content);
    mn_fbb_add_ref(b, MN_M_TENSOR_PROCESS, process);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref write_label_file(mn_fbb *b, int32_t output) {
    char text[FILE_NAME];
    file_name(output, text);
    mn_fbb_ref name = mn_fbb_string(b, text);
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_M_FILE_NAME, name);
    mn_fbb_add_u8(b, MN_M_FILE_TYPE, MN_TFM_FILE_AXIS_LABELS, 0);
    mn_fbb_ref file = mn_fbb_table_end(b);
    return mn_fbb_refs(b, &file, 1);
}

static mn_fbb_ref write_output(mn_fbb *b, const mn_graph *graph, int32_t i) {
    mn_fbb_ref files = labelled(graph, i) > 0 ? write_label_file(b, i) : 0;
    mn_fbb_ref content = write_content(b, MN_TFM_CONTENT_FEATURE, 0);
    mn_fbb_ref name = mn_fbb_string(b, graph->tensors[graph->outputs[i]].name);
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_M_TENSOR_NAME, name);
    mn_fbb_add_ref(b, MN_M_TENSOR_CONTENT, content);
    mn_fbb_add_ref(b, MN_M_TENSOR_FILES, files);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref write_fit(mn_fbb *b, mn_fit fit) {
    if (fit == MN_FIT_UNKNOWN) return 0;
    const char *text = fit == MN_FIT_CROP ? MN_TFM_FIT_CROP : MN_TFM_FIT_EXACT;
    mn_fbb_ref data = mn_fbb_bytes(b, text, strlen(text), 1, CUSTOM_ALIGNMENT);
    mn_fbb_ref name = mn_fbb_string(b, MN_TFM_FIT);
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_M_CUSTOM_NAME, name);
    mn_fbb_add_ref(b, MN_M_CUSTOM_DATA, data);
    mn_fbb_ref custom = mn_fbb_table_end(b);
    return mn_fbb_refs(b, &custom, 1);
}

static mn_fbb_ref write_root(mn_fbb *b, const mn_graph *graph, mn_fbb_ref *refs) {
    mn_fbb_ref custom = write_fit(b, graph->meaning.fit);
    for (int32_t i = 0; i < graph->output_count; i++) refs[i] = write_output(b, graph, i);
    mn_fbb_ref outputs = mn_fbb_refs(b, refs, (size_t)graph->output_count);
    for (int32_t i = 0; i < graph->input_count; i++) refs[i] = write_input(b, graph, i);
    mn_fbb_ref inputs = mn_fbb_refs(b, refs, (size_t)graph->input_count);
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_M_SUBGRAPH_INPUTS, inputs);
    mn_fbb_add_ref(b, MN_M_SUBGRAPH_OUTPUTS, outputs);
    mn_fbb_add_ref(b, MN_M_SUBGRAPH_CUSTOM, custom);
    refs[0] = mn_fbb_table_end(b);
    mn_fbb_ref subgraphs = mn_fbb_refs(b, refs, 1);
    mn_fbb_ref version = mn_fbb_string(b, custom ? MN_TFM_VERSION_CUSTOM : MN_TFM_VERSION);
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_M_MODEL_SUBGRAPHS, subgraphs);
    mn_fbb_add_ref(b, MN_M_MODEL_VERSION, version);
    return mn_fbb_table_end(b);
}

mn_status mn_tfl_make_metadata(const mn_graph *graph, uint8_t **data, size_t *bytes) {
    mn_fbb b = {0};
    size_t longest = (size_t)mn_max_i32(graph->input_count, graph->output_count);
    mn_fbb_ref *refs = calloc(longest + 1, sizeof *refs);
    mn_status status = refs ? mn_fbb_finish(&b, write_root(&b, graph, refs), MN_TFM_IDENTIFIER, data, bytes)
                            : mn_fail_memory("the metadata");
    mn_fbb_free(&b);
    free(refs);
    return status;
}

/* ---- The files --------------------------------------------------------------------------------------- */

/* One name a line; what would end a line becomes a blank. NULL when out of memory. */
static uint8_t *make_lines(mn_region *region, const mn_class_names *classes, size_t *bytes) {
    *bytes = 0;
    for (int32_t i = 0; i < classes->count; i++) *bytes += strlen(classes->name[i]) + 1;
    uint8_t *text = mn_region_alloc(region, *bytes, 1), *to = text;
    for (int32_t i = 0; text && i < classes->count; i++) {
        for (const char *from = classes->name[i]; *from; from++) {
            *to++ = (uint8_t)(*from == '\n' || *from == '\r' ? ' ' : *from);
        }
        *to++ = '\n';
    }
    return text;
}

static mn_status list_files(const mn_graph *graph, mn_region *region, mn_zip_file *files, int32_t *count) {
    for (int32_t i = 0; i < graph->output_count; i++) {
        if (labelled(graph, i) == 0) continue;
        char *name = mn_region_alloc(region, FILE_NAME, 1);
        mn_zip_file *file = &files[(*count)++];
        file->data = make_lines(region, &graph->meaning.classes[i], &file->bytes);
        if (!name || !file->data) return mn_fail_memory("the names of the classes");
        file_name(i, name);
        file->name = (const uint8_t *)name;
        file->name_bytes = strlen(name);
    }
    return MN_OK;
}

mn_status mn_tfl_append_files(const mn_graph *graph, uint8_t **data, size_t *bytes) {
    mn_region region = {0};
    int32_t count = 0;
    mn_zip_file *files = mn_region_alloc(&region, (size_t)graph->output_count, sizeof *files);
    mn_status status = files ? list_files(graph, &region, files, &count) : mn_fail_memory("the names of the classes");
    if (status == MN_OK && count > 0) status = mn_zip_append(files, count, data, bytes);
    mn_region_free(&region);
    return status;
}
