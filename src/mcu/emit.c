/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "mcu/emit.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "mcu/emit_text.h"
#include "mcu/weights.h"

/* ---- Names ----------------------------------------------------------------------------------------------- */

static bool is_keyword(const char *name) {
    static const char *const words[] = {
        "alignas",   "alignof",   "and",      "asm",      "auto",    "bitand",  "bitor",     "bool",     "break",
        "case",      "catch",     "char",     "class",    "compl",   "const",   "constexpr", "continue", "decltype",
        "default",   "delete",    "do",       "double",   "else",    "enum",    "explicit",  "export",   "extern",
        "false",     "float",     "for",      "friend",   "goto",    "if",      "inline",    "int",      "long",
        "mutable",   "namespace", "new",      "noexcept", "not",     "nullptr", "operator",  "or",       "private",
        "protected", "public",    "register", "restrict", "return",  "short",   "signed",    "sizeof",   "static",
        "struct",    "switch",    "template", "this",     "throw",   "true",    "try",       "typedef",  "typeid",
        "typename",  "union",     "unsigned", "using",    "virtual", "void",    "volatile",  "while",    "xor",
        "main",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(name, words[i]) == 0) return true;
    }
    return false;
}

bool mn_mcu_is_name(const char *name) {
    const size_t length = strlen(name);
    if (length == 0 || length > MN_MCU_MOST_NAME || !isalpha((unsigned char)name[0]) || is_keyword(name)) return false;
    if (tolower((unsigned char)name[0]) == 'm' && tolower((unsigned char)name[1]) == 'n' &&
        (name[2] == '_' || name[2] == '\0')) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)name[i]) && name[i] != '_') return false;
    }
    return true;
}

/* ---- The header ------------------------------------------------------------------------------------------ */

static void emit_constants(const mn_mcu_model *m, const char *upper, FILE *out) {
    const mn_mcu_tensor *input = &m->program->tensors[m->program->input];
    const mn_mcu_tensor *output = &m->program->tensors[m->program->output];
    const bool held = mn_mcu_is_held(m->program);
    fprintf(out, "/** The input: rows of bytes, row by row from the top; real = scale * (byte - zero point). */\n");
    fprintf(out, "#define %s_HEIGHT %u\n#define %s_WIDTH %u\n", upper, input->height, upper, input->width);
    fprintf(out, "#define %s_CHANNELS %" PRIu32 "\n", upper, input->bytes);
    fprintf(out, "#define %s_ROW_BYTES %" PRIu32 "\n", upper, input->width * input->bytes);
    fprintf(out, "#define %s_INPUT_SCALE %.9gf\n", upper, (double)m->in_scale);
    fprintf(out, "#define %s_INPUT_ZERO (%" PRId32 ")\n\n", upper, m->in_zero);
    fprintf(out, "/** The output. */\n");
    fprintf(out, "#define %s_SCORES %" PRIu32 "\n", upper, output->height * output->width * output->bytes);
    fprintf(out, "#define %s_SCORE_SCALE %.9gf\n", upper, (double)m->out_scale);
    fprintf(out, "#define %s_SCORE_ZERO (%" PRId32 ")\n\n", upper, m->out_zero);
    fprintf(out, "/** Memory: activations, %s, in one static array; and weights, which stay where they are. */\n",
            held ? "the whole input among them" : "while rows of the input arrive");
    fprintf(out, "#define %s_ARENA_BYTES %" PRIu32 "\n", upper, m->program->arena_bytes);
    fprintf(out, "#define %s_WEIGHT_BYTES %" PRIu32 "\n", upper, mn_mcu_weight_bytes(m->program));
    fprintf(out, "#define %s_STEPS %u\n\n", upper, m->program->step_count);
}

static void emit_running(const mn_mcu_model *m, const char *upper, FILE *out) {
    const char *name = m->name;
    fprintf(out, "/** Begins with a new image; one that is half done is dropped. */\n");
    fprintf(out, "void %s_begin(void);\n\n", name);
    fprintf(out, "/** The next row, from the top: %s_ROW_BYTES bytes, which are not needed any more on return.\n",
            upper);
    fprintf(out, " *  Computes as far as that goes. 0; -1 if the image has no more rows, or was not begun. */\n");
    fprintf(out, "int %s_push_row(const int8_t *row);\n\n", name);
    fprintf(out, "/** Computes what is left, and fills %s_SCORES bytes. 0; -1 if rows are missing. */\n", upper);
    fprintf(out, "int %s_finish(int8_t *scores);\n\n", name);
    fprintf(out, "/** All of it, of an image of %s_HEIGHT rows. */\n", upper);
    fprintf(out, "void %s_run(const int8_t *image, int8_t *scores);\n\n", name);
    if (mn_mcu_is_held(m->program)) {
        fprintf(out,
                "/** Where the input lies in the arena: an image that is written there after %s_begin() needs no\n",
                name);
        fprintf(out, " *  %s_push_row(). It is overwritten by %s_finish(). */\n", name, name);
        fprintf(out, "int8_t *%s_input(void);\n\n", name);
    }
    fprintf(out,
            "/** Calls `tell` after each slice of each step, for profiles, watchdogs, or letting others run; NULL:\n");
    fprintf(out, " *  nobody. Steps are numbered from 0 to %s_STEPS - 1. */\n", upper);
    fprintf(out, "void %s_on_step(mn_mcu_tell tell, void *context);\n\n", name);
    fprintf(out, "/** What the layer of a step is called. */\n");
    fprintf(out, "const char *%s_step_name(uint32_t step);\n\n", name);
}

static void emit_camera(const mn_mcu_model *m, const char *upper, FILE *out) {
    const char *name = m->name;
    if (!m->prepare) return;
    fprintf(out, "/** Rows of a camera as the network wants them: %s_WIDTH pixels to %s_ROW_BYTES bytes.\n", upper,
            upper);
    fprintf(out, " *  ");
    mn_emit_comment(m->prepare->text, out);
    fprintf(out, ". */\n");
    if (m->prepare->channels == 1) {
        fprintf(out, "void %s_row_of_gray(const uint8_t *gray, int8_t *row); /* in place, too */\n\n", name);
        return;
    }
    fprintf(out, "void %s_row_of_rgb888(const uint8_t *rgb, int8_t *row); /* red first; in place, too */\n", name);
    fprintf(out, "void %s_row_of_rgb565(const uint16_t *pixels, int8_t *row); /* red in the upper bits */\n\n", name);
}

void mn_mcu_emit_header(const mn_mcu_model *m, FILE *out) {
    char upper[MN_MCU_MOST_NAME + 1];
    mn_emit_upper(m->name, upper);
    fprintf(out, "/* ");
    mn_emit_comment(m->file, out);
    fprintf(out, " as C, written by `mobilenet compile`.\n *\n");
    fprintf(out,
            " * Compile %s.c, %s_weights.c and mn_mcu_*.c, and call %s_run(), or for rows that arrive one by one\n",
            m->name, m->name, m->name);
    fprintf(out, " * %s_begin(), %s_push_row() for each and %s_finish(). No heap, no library; not reentrant. */\n",
            m->name, m->name, m->name);
    fprintf(out, "#ifndef %s_H\n#define %s_H\n\n#include \"mn_mcu.h\"\n\n", upper, upper);
    fprintf(out, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    emit_constants(m, upper, out);
    emit_running(m, upper, out);
    emit_camera(m, upper, out);
    fprintf(out, "/** Weights of all layers, and the network as data. */\n");
    fprintf(out, "extern const int8_t %s_weights[%s_WEIGHT_BYTES];\n", m->name, upper);
    fprintf(out, "extern const mn_mcu_program %s_program;\n\n", m->name);
    fprintf(out, "#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}

/* ---- Weights --------------------------------------------------------------------------------------------- */

void mn_mcu_emit_weights(const mn_mcu_model *m, FILE *out) {
    const mn_mcu_program *program = m->program;
    uint32_t end = 0;
    fprintf(out, "/* Weights of ");
    mn_emit_comment(m->file, out);
    fprintf(out, ", in its layouts: [channels][height][width][depth], depthwise [height][width][channels].\n");
    fprintf(out, " * They are read where they lie. To put them into a section of flash, compile with\n");
    fprintf(out, " * -DMN_MCU_WEIGHTS='__attribute__((section(\".name\")))'. */\n");
    fprintf(out, "#include \"%s.h\"\n\n", m->name);
    fprintf(out, "#ifndef MN_MCU_WEIGHTS\n#define MN_MCU_WEIGHTS\n#endif\n\n");
    char upper[MN_MCU_MOST_NAME + 1];
    mn_emit_upper(m->name, upper);
    fprintf(out, "MN_MCU_ALIGNED MN_MCU_WEIGHTS const int8_t %s_weights[%s_WEIGHT_BYTES] = {\n", m->name, upper);
    for (uint32_t s = 0; s < program->step_count; s++) {
        const mn_mcu_weights w = mn_mcu_weights_of(program, &program->steps[s], &end);
        if (!w.from) continue;
        fprintf(out, "    /* %" PRIu32 ": step %" PRIu32 ", ", w.offset, s);
        mn_emit_layer(m->step_names[s], out);
        fprintf(out, " */\n");
        mn_emit_bytes(w.from, w.bytes, end - w.offset, out);
    }
    if (end == 0) fprintf(out, "    0,\n");
    fprintf(out, "};\n");
}
