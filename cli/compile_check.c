/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "compile_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "common/error.h"
#include "common/file.h"

enum { GUARD = 64, CANARY = 0x5a };

/* Both sides: a session of reference kernels, and the program with memory of its own. */
typedef struct both {
    const cli_compile_check *check;
    mn_session *session;
    mn_mcu_run run;
    int8_t *memory; /* a guard, the arena, a guard */
    mn_mcu_cursor *cursors;
} both;

static bool ends_in_raw(const char *path) {
    const char *ending = strrchr(path, '.');
    return ending != NULL && strcmp(ending, ".raw") == 0;
}

static mn_status open_both(const cli_compile_check *check, both *b) {
    mn_session_options options = MN_INIT(mn_session_options);
    const mn_mcu_program *program = &check->built->program;
    options.cpu = "ref";
    options.keep_tensors = 1;
    *b = (both){.check = check};
    MN_TRY(mn_session_create(check->model, &options, &b->session));
    b->memory = mn_aligned_alloc(MN_MCU_ALIGNMENT, (size_t)program->arena_bytes + 2 * GUARD);
    b->cursors = calloc(program->longest, sizeof *b->cursors);
    return b->memory && b->cursors ? MN_OK : mn_fail_memory("the program");
}

static void close_both(both *b) {
    mn_session_close(&b->session);
    mn_aligned_free(b->memory);
    free(b->cursors);
}

/* False after a sentence. */
static bool fill_input(both *b, const char *path) {
    void *input = mn_session_input(b->session, 0);
    if (ends_in_raw(path)) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        const mn_status status = mn_session_tensor(b->session, mn_model_input(b->check->model, 0), &info);
        if (status == MN_OK) return cli_read_exact(path, input, info.bytes, "the model's input");
        cli_library_error(status);
        return false;
    }
    if (!b->check->prepare) {
        cli_error("%s: the model takes no pictures; give the bytes of its input in a file *.raw", path);
        return false;
    }
    mn_fill fill = {.prepare = b->check->prepare, .tensor = input};
    mn_fill *fills[] = {&fill};
    const mn_status status = cli_show_photo(path, &b->check->showing->opening, fills, 1);
    mn_fill_free(&fill);
    if (status != MN_OK) cli_library_error(status);
    return status == MN_OK;
}

/* NULL if the program wrote outside its arena. */
static const int8_t *run_program(both *b) {
    const mn_mcu_program *program = &b->check->built->program;
    const size_t bytes = program->arena_bytes;
    const int8_t *image = mn_session_tensor_data(b->session, b->check->built->input);
    memset(b->memory, CANARY, bytes + 2 * GUARD);
    const int8_t *output = mn_mcu_run_image(&b->run, program, b->memory + GUARD, b->cursors, image);
    for (size_t i = 0; i < GUARD; i++) {
        if (b->memory[i] != CANARY || b->memory[GUARD + bytes + i] != CANARY) return NULL;
    }
    return output;
}

/* False after a sentence. */
static bool compare(both *b, const char *path) {
    const mn_mcu_built *built = b->check->built;
    const mn_mcu_tensor *tensor = &built->program.tensors[built->program.output];
    const size_t bytes = (size_t)tensor->height * tensor->width * tensor->bytes;
    if (!fill_input(b, path)) return false;
    const mn_status status = mn_session_run(b->session);
    if (status != MN_OK) {
        cli_library_error(status);
        return false;
    }
    const int8_t *expected = mn_session_tensor_data(b->session, built->output), *found = run_program(b);
    if (!found) {
        cli_error("%s: the program writes outside its arena, which is a fault of this command", path);
        return false;
    }
    size_t wrong = 0;
    for (size_t i = 0; i < bytes; i++) wrong += found[i] != expected[i];
    if (wrong > 0) {
        cli_error("%s: %zu of %zu scores are not those of the reference kernels, which is a fault of this command",
                  path, wrong, bytes);
    }
    return wrong == 0;
}

bool cli_compile_check_run(const cli_compile_check *check) {
    both b;
    const mn_status status = open_both(check, &b);
    bool good = status == MN_OK;
    if (!good) cli_library_error(status);
    for (int32_t i = 0; good && i < check->files->count; i++) good = compare(&b, check->files->items[i]);
    close_both(&b);
    return good;
}
