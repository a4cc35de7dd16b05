/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "labels/numbered.h"
#include "tflite/metadata.h"
#include "tflite/metadata_schema.h"
#include "tflite/text.h"
#include "tflite/zip.h"

enum { MAX_OUTPUTS = 64 }; /* whose labels are looked for */

#define LABELS_BUDGET ((size_t)16 << 20) /* bytes of files that are looked at; lists of labels are short */

typedef struct span {
    const uint8_t *data;
    size_t bytes;
} span;

/* The metadata's own FlatBuffer, and the names of the label files that it gives to outputs. */
typedef struct metadata {
    mn_graph *graph;
    mn_fb fb;
    char file[512]; /* "m.tflite: metadata", for error sentences */
    span labels[MAX_OUTPUTS];
    size_t budget;
} metadata;

static bool is_text(const mn_fb_vector *bytes, const char *text) {
    return bytes->count == strlen(text) && memcmp(bytes->data, text, bytes->count) == 0;
}

/* ---- Pixels ------------------------------------------------------------------------------------------ */

/* One number for all channels, or one for each; false for anything else. */
static bool spread(const mn_fb_vector *list, float out[MN_MEANING_CHANNELS]) {
    if (list->count != 1 && list->count != MN_MEANING_CHANNELS) return false;
    for (uint32_t c = 0; c < MN_MEANING_CHANNELS; c++) {
        uint32_t bits = mn_le32(list->data + (list->count == 1 ? 0 : 4 * (size_t)c));
        memcpy(&out[c], &bits, sizeof bits);
        if (!isfinite(out[c])) return false;
    }
    return true;
}

static mn_status read_normalisation(metadata *m, const mn_fb_table *options) {
    mn_fb_vector mean, deviation;
    mn_meaning *meaning = &m->graph->meaning;
    MN_TRY(mn_fb_list(options, MN_M_NORMALISATION_MEAN, 4, &mean));
    MN_TRY(mn_fb_list(options, MN_M_NORMALISATION_DEVIATION, 4, &deviation));
    meaning->normalised = spread(&mean, meaning->mean) && spread(&deviation, meaning->deviation);
    for (int32_t c = 0; c < MN_MEANING_CHANNELS; c++) {
        meaning->normalised = meaning->normalised && meaning->deviation[c] > 0;
    }
    return MN_OK;
}

static mn_status read_input(metadata *m, const mn_fb_table *input) {
    mn_fb_vector units;
    MN_TRY(mn_fb_list(input, MN_M_TENSOR_PROCESS, 4, &units));
    for (uint32_t i = 0; i < units.count; i++) {
        mn_fb_table unit, options;
        uint8_t type;
        bool present;
        MN_TRY(mn_fb_item(&units, i, &unit));
        MN_TRY(mn_fb_u8(&unit, MN_M_PROCESS_TYPE, 0, &type));
        if (type != MN_TFM_PROCESS_NORMALISATION) continue;
        MN_TRY(mn_fb_child(&unit, MN_M_PROCESS, &options, &present));
        if (present) return read_normalisation(m, &options);
    }
    return MN_OK;
}

static mn_status read_custom(metadata *m, const mn_fb_table *subgraph) {
    mn_fb_vector list;
    MN_TRY(mn_fb_list(subgraph, MN_M_SUBGRAPH_CUSTOM, 4, &list));
    for (uint32_t i = 0; i < list.count; i++) {
        mn_fb_table custom;
        mn_fb_vector name, value;
        MN_TRY(mn_fb_item(&list, i, &custom));
        MN_TRY(mn_fb_string(&custom, MN_M_CUSTOM_NAME, &name));
        MN_TRY(mn_fb_list(&custom, MN_M_CUSTOM_DATA, 1, &value));
        if (!is_text(&name, MN_TFM_FIT)) continue;
        if (is_text(&value, MN_TFM_FIT_EXACT)) m->graph->meaning.fit = MN_FIT_EXACT;
        if (is_text(&value, MN_TFM_FIT_CROP)) m->graph->meaning.fit = MN_FIT_CROP;
    }
    return MN_OK;
}

/* ---- Which file names which classes ------------------------------------------------------------------ */

/* The first list of labels, or one that is for no language or for English. */
static mn_status read_output(const mn_fb_table *output, span *labels) {
    mn_fb_vector files;
    MN_TRY(mn_fb_list(output, MN_M_TENSOR_FILES, 4, &files));
    for (uint32_t i = 0; i < files.count; i++) {
        mn_fb_table file;
        mn_fb_vector name, locale;
        uint8_t type;
        MN_TRY(mn_fb_item(&files, i, &file));
        MN_TRY(mn_fb_u8(&file, MN_M_FILE_TYPE, 0, &type));
        MN_TRY(mn_fb_string(&file, MN_M_FILE_NAME, &name));
        MN_TRY(mn_fb_string(&file, MN_M_FILE_LOCALE, &locale));
        if (type != MN_TFM_FILE_AXIS_LABELS || name.count == 0) continue;
        bool ours = locale.count == 0 || (locale.count >= 2 && memcmp(locale.data, "en", 2) == 0);
        if (labels->bytes == 0 || ours) *labels = (span){name.data, name.count};
        if (ours) break;
    }
    return MN_OK;
}

static mn_status read_subgraph(metadata *m, const mn_fb_table *subgraph) {
    mn_fb_vector inputs, outputs;
    mn_fb_table table;
    MN_TRY(mn_fb_list(subgraph, MN_M_SUBGRAPH_INPUTS, 4, &inputs));
    MN_TRY(mn_fb_list(subgraph, MN_M_SUBGRAPH_OUTPUTS, 4, &outputs));
    if (inputs.count > 0) {
        MN_TRY(mn_fb_item(&inputs, 0, &table));
        MN_TRY(read_input(m, &table));
    }
    for (uint32_t i = 0; i < outputs.count && i < MAX_OUTPUTS; i++) {
        MN_TRY(mn_fb_item(&outputs, i, &table));
        MN_TRY(read_output(&table, &m->labels[i]));
    }
    return read_custom(m, subgraph);
}

/* One entry of the model's list: the buffer called TFLITE_METADATA goes to *ours, the first of them; what the writer
 * makes itself is left out; everything else is kept as it is. */
static mn_status read_entry(mn_tfl_reader *reader, const mn_fb_table *entry, span *ours) {
    mn_graph *graph = reader->graph;
    mn_fb_table buffer;
    mn_fb_vector name;
    uint32_t number;
    span contents;
    MN_TRY(mn_fb_string(entry, MN_F_METADATA_NAME, &name));
    MN_TRY(mn_fb_u32(entry, MN_F_METADATA_BUFFER, 0, &number));
    if (number >= reader->buffers.count || is_text(&name, MN_TFL_METADATA_RUNTIME)) return MN_OK;
    MN_TRY(mn_fb_item(&reader->buffers, number, &buffer));
    MN_TRY(mn_tfl_read_buffer(reader, &buffer, &contents.data, &contents.bytes));
    if (is_text(&name, MN_TFM_BUFFER)) {
        if (ours->bytes == 0) *ours = contents;
        return MN_OK;
    }
    if (graph->metadata_count == MN_TFL_MAX_METADATA) return MN_OK;
    mn_metadata *kept = &graph->metadata[graph->metadata_count];
    MN_TRY(mn_tfl_read_text(reader, entry, MN_F_METADATA_NAME, &kept->name));
    kept->data = contents.data;
    kept->bytes = contents.bytes;
    graph->metadata_count++;
    return MN_OK;
}

static mn_status read_entries(mn_tfl_reader *reader, const mn_fb_table *model, span *ours) {
    mn_graph *graph = reader->graph;
    mn_fb_vector list;
    *ours = (span){0};
    MN_TRY(mn_fb_list(model, MN_F_MODEL_METADATA, 4, &list));
    graph->metadata = mn_region_alloc(&graph->region, MN_TFL_MAX_METADATA, sizeof *graph->metadata);
    if (!graph->metadata) return mn_fail_memory("the model's metadata");
    for (uint32_t i = 0; i < list.count; i++) {
        mn_fb_table entry;
        MN_TRY(mn_fb_item(&list, i, &entry));
        MN_TRY(read_entry(reader, &entry, ours));
    }
    return MN_OK;
}

static mn_status read_buffer(metadata *m, span buffer) {
    mn_fb_table root, subgraph;
    mn_fb_vector subgraphs;
    /* Another identifier is another schema, of which nothing is known. */
    if (buffer.bytes < 8 || memcmp(buffer.data + 4, MN_TFM_IDENTIFIER, 4) != 0) return MN_OK;
    MN_TRY(mn_fb_open(buffer.data, buffer.bytes, m->file, MN_TFM_IDENTIFIER, &m->fb, &root));
    MN_TRY(mn_fb_list(&root, MN_M_MODEL_SUBGRAPHS, 4, &subgraphs));
    if (subgraphs.count == 0) return MN_OK;
    MN_TRY(mn_fb_item(&subgraphs, 0, &subgraph));
    return read_subgraph(m, &subgraph);
}

/* ---- The labels themselves --------------------------------------------------------------------------- */

/* Lines of a text; `line` is [limit]. Returns how many there are without empty ones at the end, or limit + 1. */
static int32_t split(const mn_zip_file *file, int32_t limit, span *line) {
    const uint8_t *at = file->data, *end = file->data + file->bytes;
    int32_t count = 0, filled = 0;
    if (file->bytes >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) at += 3; /* byte order mark */
    while (at < end) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        size_t bytes = (size_t)((stop ? stop : end) - at);
        span found = {.data = at, .bytes = bytes};
        while (found.bytes > 0 && (at[found.bytes - 1] == '\r' || at[found.bytes - 1] == ' ')) found.bytes--;
        if (found.bytes > 0 && count >= limit) return limit + 1;
        if (count < limit) line[count] = found;
        count++;
        if (found.bytes > 0) filled = count;
        at += bytes + (stop != NULL);
    }
    return filled;
}

static size_t number_bytes(const span *line, int32_t index) {
    return line->bytes > 0 ? mn_label_number_bytes((const char *)line->data, line->bytes, index) : 0;
}

/* Where every line begins with its number, as in Coral's lists, the number is not part of the name. */
static void drop_numbers(span *line, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (number_bytes(&line[i], i) == 0) return;
    }
    for (int32_t i = 0; i < count; i++) {
        size_t number = number_bytes(&line[i], i);
        line[i].data += number;
        line[i].bytes -= number;
    }
}

/* Classes of output `i`: the size of its last dimension. */
static int32_t class_count(const mn_graph *graph, int32_t i) {
    const mn_tensor *output = &graph->tensors[graph->outputs[i]];
    return output->rank > 0 ? output->dims[output->rank - 1] : 1;
}

/* Takes the lines as names of the output's classes, if they are as many. One unit tells two classes apart. */
static mn_status take_labels(mn_graph *graph, int32_t output, const mn_zip_file *file, bool *taken) {
    const int32_t classes = class_count(graph, output);
    const int32_t room = classes == 1 ? 2 : classes;
    *taken = false;
    if ((size_t)classes > file->bytes + 1) return MN_OK; /* before memory is taken for a number that a file claims */
    mn_region temporary = {0};
    span *line = mn_region_alloc(&temporary, (size_t)room, sizeof *line);
    const char **name = mn_region_alloc(&temporary, (size_t)room, sizeof *name);
    mn_status status = line && name ? MN_OK : mn_fail_memory("the names of the classes");
    int32_t lines = status == MN_OK ? split(file, room, line) : 0;
    *taken = (lines == classes || lines == room) && lines > 0 && mn_zip_intact(file);
    if (*taken) drop_numbers(line, lines);
    for (int32_t i = 0; *taken && i < lines && status == MN_OK; i++) {
        name[i] = mn_tfl_text(&temporary, line[i].bytes > 0 ? line[i].data : (const uint8_t *)"", line[i].bytes);
        if (!name[i]) status = mn_fail_memory("the names of the classes");
    }
    if (*taken && status == MN_OK) {
        status = mn_meaning_set_classes(&graph->meaning, &graph->region, output, name, lines);
    }
    mn_region_free(&temporary);
    return status;
}

static bool ends_in_txt(const mn_zip_file *file) {
    return file->bytes > 0 && file->name_bytes > 4 && memcmp(file->name + file->name_bytes - 4, ".txt", 4) == 0;
}

/* The labels of an output: in the file that the metadata names, or, where it names none, in the first text of as many
 * lines as there are classes. */
static mn_status find_labels(metadata *m, const mn_zip *files, int32_t output) {
    const span *wanted = &m->labels[output];
    mn_zip zip = *files;
    mn_zip_file file;
    bool taken = false;
    while (!taken && mn_zip_next(&zip, &file)) {
        bool named = wanted->bytes == file.name_bytes && memcmp(wanted->data, file.name, file.name_bytes) == 0;
        if (!file.data || !(wanted->bytes > 0 ? named : ends_in_txt(&file))) continue;
        if (file.bytes > m->budget) return MN_OK;
        m->budget -= file.bytes;
        MN_TRY(take_labels(m->graph, output, &file, &taken));
    }
    return MN_OK;
}

mn_status mn_tfl_read_metadata(mn_tfl_reader *reader, const mn_fb_table *model, const void *data, size_t bytes) {
    metadata m = {.graph = reader->graph, .budget = LABELS_BUDGET};
    span buffer;
    mn_zip zip;
    snprintf(m.file, sizeof m.file, "%s: metadata", reader->graph->name);
    MN_TRY(read_entries(reader, model, &buffer));
    MN_TRY(read_buffer(&m, buffer));
    if (!mn_zip_open(data, bytes, &zip)) return MN_OK;
    for (int32_t i = 0; i < m.graph->output_count && i < MAX_OUTPUTS; i++) MN_TRY(find_labels(&m, &zip, i));
    return MN_OK;
}
