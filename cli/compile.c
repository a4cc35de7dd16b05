/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet compile: int8 models to C for microcontrollers. */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "commands.h"
#include "common/error.h"
#include "common/file.h"
#include "compile_check.h"
#include "compile_library.h"
#include "host/files.h"
#include "image_options.h"
#include "mcu/emit.h"
#include "mcu/files.h"
#include "mcu/map.h"
#include "mcu/program.h"
#include "mcu/weights.h"
#include "model_file.h"

enum { MOST_MODELS = 16, MOST_RUNTIME = 64, PATH_BYTES = 4096 };

typedef struct settings {
    cli_list models, names, checks;
    const char *output, *ram, *map;
    bool held, plan, library;
    cli_numbers flash_speed;
    cli_image_options image;
} settings;

static const cli_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .required = true,
     .offset = offsetof(settings, output),
     .value = "DIR",
     .help = "folder to write, which must be empty if it exists"},
    {.name = "name",
     .kind = CLI_LIST,
     .offset = offsetof(settings, names),
     .value = "NAME...",
     .help = "prefix of the functions and files of each model, a C identifier [the file's name]"},
    {.name = "library",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, library),
     .help = "make DIR a library for the Arduino IDE, PlatformIO, Zephyr and CMSIS-Pack: the same files in DIR/src, "
             "with the tools' own files and an example beside it"},
    {.name = "ram",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, ram),
     .value = "BYTES",
     .help = "memory limit for activations, such as 196608 or 192K, within which weights are read from flash as rarely "
             "as possible [the least memory]"},
    {.name = "held",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, held),
     .help = "the whole input is in memory when the network starts; otherwise its rows arrive one by one, and only the "
             "latest are kept"},
    {.name = "plan",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, plan),
     .help = "print steps with their slices and the weights that they read, and every buffer"},
    {.name = "flash-speed",
     .kind = CLI_NUMBERS,
     .offset = offsetof(settings, flash_speed),
     .value = "MB/S",
     .low = 1,
     .high = 1,
     .help = "read speed of the flash in megabytes per second, for choosing slices and copies of weights in RAM, and "
             "for times with --plan [40, as of quad SPI]"},
    {.name = "map",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, map),
     .value = "FILE.svg",
     .help = "draw the arena of one model, with steps from left to right and bytes upwards"},
    {.name = "check",
     .kind = CLI_LIST,
     .offset = offsetof(settings, checks),
     .value = "FILE...",
     .help = "before writing, run the programs on the host with photos, or raw inputs in files *.raw, and compare each "
             "score with the reference kernels"},
    CLI_IMAGE_OPTIONS(settings, image),
    {0},
};

const cli_command cli_compile_command = {
    .name = "compile",
    .usage = "MODEL... -o DIR [options]",
    .summary =
        "Writes int8 models as self-contained C for microcontrollers: weights and a plan as constants, one arena, "
        "no heap, no library.",
    .notes =
        "DIR gets NAME.h, NAME.c and NAME_weights.c of each model, and the files mn_mcu_*.[ch] that all of them "
        "share; all are C99 and valid C++. NAME_begin(), NAME_push_row() and NAME_finish() run the network as rows "
        "of the image arrive, NAME_run() on a whole one. Results have the same bytes as with 'mobilenet run'.",
    .options = options,
    .operands = true,
    .operand_offset = offsetof(settings, models),
};

/* A model and its program. */
typedef struct compiled {
    const char *path;
    char name[MN_MCU_MOST_NAME + 1];
    mn_model *model;
    mn_mcu_built built;
    const char **step_names;
    bool takes_pictures;
    mn_prepare of_model, of_program; /* inputs: as the model has it, and as the program does */
} compiled;

/* ---- What was asked for ---------------------------------------------------------------------------------- */

static bool parse_bytes(const char *text, size_t *out) {
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    const unsigned shift = *end == 'K' || *end == 'k' ? 10 : *end == 'M' || *end == 'm' ? 20 : 0;
    if (!isdigit((unsigned char)text[0]) || errno != 0 || end[shift > 0] != '\0') return false;
    if (number == 0 || number > (UINT32_MAX >> shift)) return false;
    *out = (size_t)number << shift;
    return true;
}

/* The file's name without folder and ending, other characters as underscores. */
static void name_of_file(const char *path, char name[MN_MCU_MOST_NAME + 1]) {
    const char *slash = strrchr(path, '/'), *stem = slash ? slash + 1 : path, *dot = strrchr(stem, '.');
    const size_t length = dot && dot > stem ? (size_t)(dot - stem) : strlen(stem);
    size_t i = 0;
    for (; i < length && i < MN_MCU_MOST_NAME; i++) name[i] = isalnum((unsigned char)stem[i]) ? stem[i] : '_';
    name[i] = '\0';
}

/* False after a sentence. */
static bool take_name(const settings *s, int32_t i, compiled *c) {
    const bool given = s->names.count > 0;
    if (given && strlen(s->names.items[i]) <= MN_MCU_MOST_NAME)
        snprintf(c->name, sizeof c->name, "%s", s->names.items[i]);
    if (!given) name_of_file(c->path, c->name);
    if (mn_mcu_is_name(c->name)) return true;
    if (given) {
        cli_error(
            "--name: '%s' is not a name for functions in C; give letters, digits and underscores, %d at most, that "
            "begin with a letter, and neither a word of C or C++ nor mn_...",
            s->names.items[i], MN_MCU_MOST_NAME);
    } else {
        cli_error("%s: its name makes no name for functions in C; give one with --name", c->path);
    }
    return false;
}

/* Names must differ whatever the case: files, and constants in capitals. False after a sentence. */
static bool take_names(const settings *s, compiled *models) {
    if (s->models.count == 0 || s->models.count > MOST_MODELS) {
        cli_error("compile: give 1 to %d models", MOST_MODELS);
        return false;
    }
    if (s->names.count > 0 && s->names.count != s->models.count) {
        cli_error("--name: %d names for %d models; give one for each", s->names.count, s->models.count);
        return false;
    }
    for (int32_t i = 0; i < s->models.count; i++) {
        models[i].path = s->models.items[i];
        if (!take_name(s, i, &models[i])) return false;
        for (int32_t k = 0; k < i; k++) {
            if (strcasecmp(models[i].name, models[k].name) != 0) continue;
            cli_error("%s and %s would both be called %s; give names that differ with --name", models[k].path,
                      models[i].path, models[i].name);
            return false;
        }
    }
    return true;
}

/* May files be written into a folder of this name? False after a sentence. */
static bool suits_folder(const char *path) {
    mn_folder *folder = mn_folder_open(path);
    if (!folder && errno == ENOENT) return true;
    if (!folder) {
        cli_error("%s: cannot be the folder that is written: %s", path, strerror(errno));
        return false;
    }
    const bool empty = mn_folder_next(folder) == NULL;
    mn_folder_close(folder);
    if (!empty) cli_error("%s: is there already and not empty; name a new folder, or empty this one", path);
    return empty;
}

/* ---- Programs -------------------------------------------------------------------------------------------- */

static const mn_tensor *tensor_of(const compiled *c, int32_t tensor) { return &c->model->graph.tensors[tensor]; }

/* What a camera's pixels become, if the input is a picture. False after a sentence. */
static bool find_pixels(const cli_showing *showing, compiled *c) {
    const mn_preprocess_options *how = &showing->preprocess;
    mn_pixels pixels = MN_INIT(mn_pixels);
    const bool known = mn_prepare_given(how) || mn_model_pixels(c->model, &pixels) == MN_OK;
    const mn_pixels *from = mn_prepare_given(how) ? NULL : &pixels;
    c->takes_pictures = known &&
                        mn_prepare_init(tensor_of(c, c->model->graph.inputs[0]), from, how, &c->of_model) == MN_OK &&
                        mn_prepare_init(tensor_of(c, c->built.input), from, how, &c->of_program) == MN_OK &&
                        c->of_program.layout == MN_CHANNELS_LAST;
    if (c->takes_pictures || !mn_prepare_given(how)) return true;
    cli_error("%s: takes no pictures, so leave out what pixels mean", c->path);
    return false;
}

/* False after a sentence. */
static bool make_program(const settings *s, size_t ram, const cli_showing *showing, compiled *c) {
    const mn_mcu_options how = {.held = s->held, .ram = ram, .flash_speed = s->flash_speed.value[0]};
    mn_status status = cli_model_open(c->path, &c->model);
    if (status == MN_OK) status = mn_mcu_build(c->model, &how, &c->built);
    if (status == MN_OK) {
        c->step_names = calloc(c->built.program.step_count, sizeof *c->step_names);
        if (!c->step_names) status = mn_fail_memory("the program");
    }
    if (status != MN_OK) {
        cli_library_error(status);
        return false;
    }
    for (int32_t i = 0; i < c->built.program.step_count; i++) c->step_names[i] = c->built.steps[i].name;
    if (!find_pixels(showing, c)) return false;
    const cli_compile_check check = {.model = c->model,
                                     .built = &c->built,
                                     .files = &s->checks,
                                     .prepare = c->takes_pictures ? &c->of_model : NULL,
                                     .showing = showing};
    return cli_compile_check_run(&check);
}

static void close_program(compiled *c) {
    free(c->step_names);
    mn_mcu_built_free(&c->built);
    mn_model_close(&c->model);
}

/* ---- Files ----------------------------------------------------------------------------------------------- */

typedef void emit_fn(const mn_mcu_model *model, FILE *out);

static bool make_path(char path[PATH_BYTES], const char *folder, const char *name, const char *ending) {
    const int length = snprintf(path, PATH_BYTES, "%s/%s%s", folder, name, ending);
    if (length > 0 && length < PATH_BYTES) return true;
    cli_error("%s: the name is too long", folder);
    return false;
}

/* What each model has, and who writes it. */
static const struct {
    const char *ending;
    emit_fn *emit;
} model_files[] = {{".h", mn_mcu_emit_header}, {".c", mn_mcu_emit_source}, {"_weights.c", mn_mcu_emit_weights}};
enum { MODEL_FILES = sizeof model_files / sizeof model_files[0] };

static bool write_model(const compiled *c, const char *folder) {
    const mn_tensor *input = tensor_of(c, c->built.input), *output = tensor_of(c, c->built.output);
    const char *slash = strrchr(c->path, '/');
    const mn_mcu_model model = {.name = c->name,
                                .file = slash ? slash + 1 : c->path,
                                .program = &c->built.program,
                                .step_names = c->step_names,
                                .prepare = c->takes_pictures ? &c->of_program : NULL,
                                .in_scale = input->quant.scale[0],
                                .out_scale = output->quant.scale[0],
                                .in_zero = input->quant.zero_point[0],
                                .out_zero = output->quant.zero_point[0]};
    char path[PATH_BYTES];
    for (int i = 0; i < MODEL_FILES; i++) {
        cli_output file = {0};
        if (!make_path(path, folder, c->name, model_files[i].ending) || !cli_output_open(&file, path)) return false;
        model_files[i].emit(&model, file.file);
        if (!cli_output_commit(&file)) return false;
    }
    return true;
}

static bool write_runtime(const char *folder) {
    char path[PATH_BYTES];
    for (int32_t i = 0; i < mn_mcu_file_count; i++) {
        if (!make_path(path, folder, mn_mcu_files[i].name, "")) return false;
        if (!cli_write_file(path, mn_mcu_files[i].text, mn_mcu_files[i].bytes)) return false;
    }
    return true;
}

/* After a failure: nothing stays half-written. */
static void remove_files(const settings *s, const compiled *models, const char *folder) {
    char path[PATH_BYTES];
    for (int32_t k = 0; k < s->models.count * MODEL_FILES; k++) {
        const char *name = models[k / MODEL_FILES].name, *ending = model_files[k % MODEL_FILES].ending;
        if (make_path(path, folder, name, ending)) mn_files_remove(path);
    }
    for (int32_t i = 0; i < mn_mcu_file_count; i++) {
        if (make_path(path, folder, mn_mcu_files[i].name, "")) mn_files_remove(path);
    }
}

/* What makes a library of the folder. False after a sentence. */
static bool write_library(const settings *s, const compiled *models) {
    char names[2 * MOST_MODELS][MN_MCU_MOST_NAME + 16];
    const char *sources[2 * MOST_MODELS + MOST_RUNTIME];
    mn_mcu_library library = {.name = models[0].name, .sources = sources};
    for (int32_t i = 0; i < 2 * s->models.count; i++) {
        snprintf(names[i], sizeof names[i], "%s%s.c", models[i / 2].name, i % 2 ? "_weights" : "");
        sources[library.source_count++] = names[i];
    }
    for (int32_t i = 0; i < mn_mcu_file_count && i < MOST_RUNTIME; i++) {
        const char *ending = strrchr(mn_mcu_files[i].name, '.');
        if (strcmp(ending, ".c") == 0) sources[library.source_count++] = mn_mcu_files[i].name;
    }
    return cli_compile_library_write(&library, s->output);
}

static bool make_folder(const char *path, bool *made) {
    *made = mn_file_make_folder(path);
    if (*made || errno == EEXIST) return true;
    cli_error("%s: folder cannot be made: %s", path, strerror(errno));
    return false;
}

/* False after a sentence. */
static bool write_folder(const settings *s, const compiled *models) {
    char folder[PATH_BYTES];
    bool made, made_sources = false;
    const int length = snprintf(folder, PATH_BYTES, "%s%s", s->output, s->library ? "/" MN_MCU_LIBRARY_SOURCES : "");
    if (length >= PATH_BYTES) cli_error("%s: the name is too long", s->output);
    if (length >= PATH_BYTES || !make_folder(s->output, &made)) return false;
    bool good = !s->library || make_folder(folder, &made_sources);
    for (int32_t i = 0; good && i < s->models.count; i++) good = write_model(&models[i], folder);
    good = good && write_runtime(folder) && (!s->library || write_library(s, models));
    if (!good) remove_files(s, models, folder);
    if (!good && made_sources) mn_files_remove_folder(folder);
    if (!good && made) mn_files_remove_folder(s->output);
    return good;
}

/* ---- All of it ------------------------------------------------------------------------------------------- */

static bool write_map(const settings *s, const compiled *c) {
    cli_output file = {0};
    if (!s->map) return true;
    if (!cli_output_open(&file, s->map)) return false;
    mn_mcu_map_svg(&c->built, file.file);
    return cli_output_commit(&file);
}

static void report(const settings *s, const compiled *c) {
    const mn_mcu_program *p = &c->built.program;
    uint64_t macs = 0;
    for (int32_t i = 0; i < p->step_count; i++) macs += mn_mcu_macs(p, &p->steps[i]);
    printf("%s%s/%s.h: %u steps, %" PRIu64 " MACs\n", s->output, s->library ? "/" MN_MCU_LIBRARY_SOURCES : "", c->name,
           p->step_count, macs);
    printf("  activations %" PRIu32 " bytes, %s\n", p->arena_bytes,
           mn_mcu_is_held(p) ? "the whole input among them" : "while rows of the input arrive");
    printf("  weights     %zu bytes, of which a run reads %" PRId64 "\n", c->built.weight_bytes, c->built.read_bytes);
    printf("  constants   %zu bytes beside\n", c->built.constant_bytes - c->built.weight_bytes);
    if (s->checks.count > 0)
        printf("  checked     %d inputs, the same bytes as the reference kernels\n", s->checks.count);
    if (s->plan) mn_mcu_map_text(&c->built, s->flash_speed.value[0], stdout);
}

static int compile(const settings *s) {
    compiled models[MOST_MODELS] = {0};
    cli_showing showing;
    size_t ram = 0;
    if (s->ram && !parse_bytes(s->ram, &ram)) {
        cli_error("--ram: '%s' is not a number of bytes such as 196608, 192K or 1M", s->ram);
        return CLI_USAGE;
    }
    if (s->map && s->models.count > 1) {
        cli_error("--map: %d models make as many maps; compile one of them alone", s->models.count);
        return CLI_USAGE;
    }
    if (s->flash_speed.count > 0 && !(s->flash_speed.value[0] > 0)) {
        cli_error("--flash-speed: give megabytes a second, more than 0");
        return CLI_USAGE;
    }
    if (!take_names(s, models) || !cli_image_resolve(&s->image, &showing)) return CLI_USAGE;
    bool good = suits_folder(s->output);
    for (int32_t i = 0; good && i < s->models.count; i++) good = make_program(s, ram, &showing, &models[i]);
    good = good && write_folder(s, models) && write_map(s, models);
    for (int32_t i = 0; i < s->models.count; i++) {
        if (good) report(s, &models[i]);
        close_program(&models[i]);
    }
    return good ? CLI_OK : CLI_FAILURE;
}

int cli_compile(int count, char *const *arguments) {
    settings s = {.image = CLI_IMAGE_DEFAULTS};
    cli_parsed parsed = cli_parse(&cli_compile_command, count, arguments, &s);
    int code = parsed == CLI_PARSED ? compile(&s) : cli_parsed_code(parsed);
    cli_list_free(&s.models);
    cli_list_free(&s.names);
    cli_list_free(&s.checks);
    return code;
}
