/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* NAME.c: what a reader wants to know, the program as tables, and the functions of NAME.h. */
#include <inttypes.h>
#include <string.h>

#include "mcu/emit.h"
#include "mcu/emit_text.h"
#include "mcu/map.h"
#include "mcu/weights.h"

/* What is written for one step. */
typedef struct writer {
    const mn_mcu_model *model;
    const mn_mcu_program *program;
    FILE *out;
    uint32_t step;       /* that is written */
    uint32_t weight_end; /* of those before it */
} writer;

/* ---- What a reader wants to know ------------------------------------------------------------------------- */

static uint32_t pixels(const mn_mcu_tensor *t) { return (uint32_t)t->height * t->width; }

static uint32_t tensor_bytes(const mn_mcu_tensor *t) { return t->places * t->bytes; }

static void tell_steps(const writer *w) {
    const mn_mcu_program *p = w->program;
    uint64_t macs = 0;
    uint32_t chain = 0;
    fprintf(w->out, " * Steps, chain by chain; a chain runs depth first, in slices of so many pixels:\n *\n");
    fprintf(w->out, " *  chain  step  %-13s %-14s slice  %10s  layer\n", "kind", "output", "MACs");
    for (uint32_t s = 0; s < p->step_count; s++) {
        const mn_mcu_step *step = &p->steps[s];
        const mn_mcu_tensor *t = &p->tensors[step->output];
        char shape[32];
        if (s == p->chain_ends[chain]) chain++;
        macs += mn_mcu_macs(p, step);
        snprintf(shape, sizeof shape, "%ux%ux%" PRIu32, t->height, t->width, t->bytes);
        fprintf(w->out, " *  %5" PRIu32 "  %4" PRIu32 "  %-13s %-14s %5u  %10" PRIu64 "  ", chain, s,
                mn_mcu_kind_name(step->kind), shape, step->chunk, mn_mcu_macs(p, step));
        mn_emit_layer(w->model->step_names[s], w->out);
        fputc('\n', w->out);
    }
    fprintf(w->out, " *\n *  %" PRIu64 " multiply-accumulates in all.\n", macs);
}

static void tell_tensor(const writer *w, uint32_t tensor) {
    const mn_mcu_program *p = w->program;
    const mn_mcu_tensor *t = &p->tensors[tensor];
    int32_t maker = -1, last = -1;
    for (int32_t s = 0; s < p->step_count; s++) {
        const mn_mcu_step *step = &p->steps[s];
        if (step->output == (int32_t)tensor) maker = s;
        if (step->inputs[0] == (int32_t)tensor || step->inputs[1] == (int32_t)tensor) last = s;
    }
    char made[24] = "the caller", read[24] = "the caller";
    if (maker >= 0) snprintf(made, sizeof made, "step %" PRId32, maker);
    if (last >= 0) snprintf(read, sizeof read, "step %" PRId32, last);
    fprintf(w->out, " *  %8" PRIu32 " %8" PRIu32 "  %6" PRIu32 " of %6" PRIu32 " x %4" PRIu32 "  %-10s  %s\n",
            t->offset, t->offset + tensor_bytes(t), t->places, pixels(t), t->bytes, made, read);
}

/* In the order of addresses. */
static void tell_memory(const writer *w) {
    const mn_mcu_program *p = w->program;
    fprintf(w->out,
            " *\n * Memory map of the arena, %" PRIu32 " bytes; tensors that are not in use at once share it:\n *\n",
            p->arena_bytes);
    fprintf(w->out, " *     first      end  places    pixels   bytes  made by     last read by\n");
    int64_t last = -1; /* offset, then number */
    for (uint32_t i = 0; i < p->tensor_count; i++) {
        int64_t next = INT64_MAX;
        for (uint32_t t = 0; t < p->tensor_count; t++) {
            const int64_t key = (int64_t)p->tensors[t].offset << 16 | t;
            if (key > last && key < next) next = key;
        }
        tell_tensor(w, (uint32_t)(next & UINT16_MAX));
        last = next;
    }
}

/* ---- Parameters ------------------------------------------------------------------------------------------ */

static void put_words(const writer *w, const char *what, const int32_t *values, uint32_t count) {
    fprintf(w->out, "static const int32_t %s_%" PRIu32 "[%" PRIu32 "] = {\n", what, w->step, count);
    mn_emit_words(values, count, w->out);
    fprintf(w->out, "};\n");
}

static void put_bytes(const writer *w, const char *what, const int8_t *values, uint32_t count) {
    fprintf(w->out, "static const int8_t %s_%" PRIu32 "[%" PRIu32 "] = {\n", what, w->step, count);
    mn_emit_bytes(values, count, count, w->out);
    fprintf(w->out, "};\n");
}

static void put_fine(const writer *w, const uint16_t *values, uint32_t count) {
    fprintf(w->out, "static const uint16_t fine_%" PRIu32 "[%" PRIu32 "] = {\n", w->step, count);
    for (uint32_t i = 0; i < count; i++)
        fprintf(w->out, "%s%u,%s", i % 16 ? "" : "    ", values[i], i % 16 == 15 ? "\n" : "");
    fprintf(w->out, "%s};\n", count % 16 ? "\n" : "");
}

/* Borders of all products with one zero point are one array, as long as the longest. */
static void put_borders(const writer *w) {
    const mn_mcu_product *longest[256] = {NULL};
    for (uint32_t s = 0; s < w->program->step_count; s++) {
        const mn_mcu_step *step = &w->program->steps[s];
        if (step->kind != MN_MCU_CONV && step->kind != MN_MCU_DEPTHWISE) continue;
        const mn_mcu_product *p = step->params;
        if (!p->border) continue;
        const mn_mcu_product **known = &longest[p->border[0] + 128];
        if (!*known || (*known)->depth < p->depth) *known = p;
    }
    for (int i = 0; i < 256; i++) {
        const mn_mcu_product *p = longest[i];
        if (!p) continue;
        fprintf(w->out, "\n/* A pixel of the zero point %d: what lies outside an image. */\n", i - 128);
        fprintf(w->out, "static const int8_t border_%d[%u] = {\n", i, p->depth);
        mn_emit_bytes(p->border, p->depth, p->depth, w->out);
        fprintf(w->out, "};\n");
    }
}

static void put_product(const writer *w, const mn_mcu_product *p, uint32_t offset) {
    put_words(w, "bias", p->bias, p->channels);
    put_words(w, "multiplier", p->multiplier, p->channels);
    if (p->fine) put_fine(w, p->fine, p->channels);
    put_bytes(w, "shift", p->shift, p->channels);
    fprintf(w->out, "static const mn_mcu_product params_%" PRIu32 " = {", w->step);
    if (p->weights) {
        fprintf(w->out, "%s_weights + %" PRIu32, w->model->name, offset);
    } else {
        fprintf(w->out, "NULL");
    }
    fprintf(w->out, ", bias_%" PRIu32 ", multiplier_%" PRIu32 ", ", w->step, w->step);
    if (p->fine) {
        fprintf(w->out, "fine_%" PRIu32 ", ", w->step);
    } else {
        fprintf(w->out, "NULL, ");
    }
    fprintf(w->out, "shift_%" PRIu32 ", ", w->step);
    if (p->border) {
        fprintf(w->out, "border_%d, ", p->border[0] + 128);
    } else {
        fprintf(w->out, "NULL, ");
    }
    fprintf(w->out, "%u, %u, %d, %d, %d, %u};\n", p->depth, p->channels, p->out_zero, p->low, p->high, p->tame);
}

static void put_add(const writer *w, const mn_mcu_add *p) {
    fprintf(w->out,
            "static const mn_mcu_add params_%" PRIu32 " = {{%" PRId32 ", %" PRId32 "}, %" PRId32
            ", {%d, %d}, %d, {%d, %d}, %d, %d, %d, %d};\n",
            w->step, p->multiplier[0], p->multiplier[1], p->out_multiplier, p->shift[0], p->shift[1], p->out_shift,
            p->zero[0], p->zero[1], p->out_zero, p->low, p->high, p->subtract);
}

static void put_mean(const writer *w, const mn_mcu_mean *p) {
    fprintf(w->out,
            "static const mn_mcu_mean params_%" PRIu32 " = {%" PRId32 ", %" PRId32 ", %" PRId32 ", %" PRId32
            ", %" PRId32 ", %" PRId32 "};\n",
            w->step, p->multiplier, p->shift, p->in_zero, p->out_zero, p->low, p->high);
}

static void put_softmax(const writer *w, const mn_mcu_softmax *p) {
    fprintf(w->out, "static const mn_mcu_softmax params_%" PRIu32 " = {%" PRId32 ", %" PRId32 ", %" PRId32 "};\n",
            w->step, p->multiplier, p->shift, p->diff_min);
}

static void put_params(const writer *w, const mn_mcu_step *step, uint32_t weights) {
    const void *params = step->params;
    switch ((mn_mcu_kind)step->kind) {
    case MN_MCU_POINTWISE:
    case MN_MCU_DENSE:
    case MN_MCU_CONV:
    case MN_MCU_DEPTHWISE: put_product(w, params, weights); break;
    case MN_MCU_ADD: put_add(w, params); break;
    case MN_MCU_AVERAGE_POOL:
    case MN_MCU_MAX_POOL:
        fprintf(w->out, "static const mn_mcu_pool params_%" PRIu32 " = {%d, %d};\n", w->step,
                ((const mn_mcu_pool *)params)->low, ((const mn_mcu_pool *)params)->high);
        break;
    case MN_MCU_PAD:
        fprintf(w->out, "static const mn_mcu_pad params_%" PRIu32 " = {%d};\n", w->step,
                ((const mn_mcu_pad *)params)->border);
        break;
    case MN_MCU_MEAN:
    case MN_MCU_AVERAGE: put_mean(w, params); break;
    case MN_MCU_INPUT:
    case MN_MCU_MAP:
        if (params) put_bytes(w, "params", params, MN_MCU_MAP_BYTES);
        break;
    case MN_MCU_SOFTMAX: put_softmax(w, params); break;
    case MN_MCU_LOAD:
        fprintf(w->out, "static const mn_mcu_constants params_%" PRIu32 " = {%s_weights + %" PRIu32 "};\n", w->step,
                w->model->name, weights);
        break;
    case MN_MCU_SUM:
    case MN_MCU_KINDS: break;
    }
}

static void put_all_params(writer *w) {
    put_borders(w);
    for (w->step = 0; w->step < w->program->step_count; w->step++) {
        const mn_mcu_step *step = &w->program->steps[w->step];
        const mn_mcu_window *window = step->window;
        const mn_mcu_weights weights = mn_mcu_weights_of(w->program, step, &w->weight_end);
        if (!step->params && !window) continue;
        fprintf(w->out, "\n/* Step %" PRIu32 ": %s, ", w->step, mn_mcu_kind_name(step->kind));
        mn_emit_layer(w->model->step_names[w->step], w->out);
        fprintf(w->out, ". */\n");
        if (window) {
            fprintf(w->out, "static const mn_mcu_window window_%" PRIu32 " = {%u, %u, %u, %u, %u, %u, %u, %u};\n",
                    w->step, window->k_h, window->k_w, window->stride_h, window->stride_w, window->dilation_h,
                    window->dilation_w, window->pad_top, window->pad_left);
        }
        put_params(w, step, weights.offset);
    }
}

/* ---- The program ----------------------------------------------------------------------------------------- */

static void put_tensors(const writer *w) {
    fprintf(w->out,
            "\n/* offset, places, bytes of a pixel, height, width */\nstatic const mn_mcu_tensor tensors[%u] = {\n",
            w->program->tensor_count);
    for (uint32_t i = 0; i < w->program->tensor_count; i++) {
        const mn_mcu_tensor *t = &w->program->tensors[i];
        fprintf(w->out, "    {%" PRIu32 ", %" PRIu32 ", %" PRIu32 ", %u, %u}, /* %" PRIu32 " */\n", t->offset,
                t->places, t->bytes, t->height, t->width, i);
    }
    fprintf(w->out, "};\n");
}

static void put_steps(const writer *w) {
    fprintf(w->out,
            "\n/* parameters, window, workspace, inputs, output, slice, kind, whole */\n"
            "static const mn_mcu_step steps[%u] = {\n",
            w->program->step_count);
    for (uint32_t s = 0; s < w->program->step_count; s++) {
        const mn_mcu_step *step = &w->program->steps[s];
        char params[24] = "NULL", window[24] = "NULL";
        if (step->params) {
            snprintf(params, sizeof params, "%sparams_%" PRIu32, step->kind == MN_MCU_MAP ? "" : "&", s);
        }
        if (step->window) snprintf(window, sizeof window, "&window_%" PRIu32, s);
        fprintf(w->out, "    {%s, %s, %" PRIu32 ", {%d, %d}, %d, %u, MN_MCU_%s, %u}, /* %" PRIu32 " */\n", params,
                window, step->workspace, step->inputs[0], step->inputs[1], step->output, step->chunk,
                mn_mcu_kind_name(step->kind), step->whole, s);
    }
    fprintf(w->out, "};\n\nstatic const uint16_t chain_ends[%u] = {", w->program->chain_count);
    for (uint32_t i = 0; i < w->program->chain_count; i++) {
        fprintf(w->out, "%s%u", i > 0 ? ", " : "", w->program->chain_ends[i]);
    }
    fprintf(w->out, "};\n");
}

static void put_program(const writer *w) {
    const mn_mcu_program *p = w->program;
    put_tensors(w);
    put_steps(w);
    fprintf(w->out,
            "\nconst mn_mcu_program %s_program = {tensors, steps, chain_ends, %u, %u, %u, %u, %d, %d, %" PRIu32 "};\n",
            w->model->name, p->tensor_count, p->step_count, p->chain_count, p->longest, p->input, p->output,
            p->arena_bytes);
    fprintf(w->out, "\nstatic const char *const step_names[%u] = {\n", p->step_count);
    for (uint32_t s = 0; s < p->step_count; s++) {
        fprintf(w->out, "    \"");
        mn_emit_layer(w->model->step_names[s], w->out);
        fprintf(w->out, "\",\n");
    }
    fprintf(w->out, "};\n");
}

/* ---- Functions ------------------------------------------------------------------------------------------- */

static void put_functions(const writer *w, const char *upper) {
    const char *name = w->model->name;
    FILE *out = w->out;
    fprintf(out, "\n#ifndef MN_MCU_ARENA\n#define MN_MCU_ARENA\n#endif\n\n");
    fprintf(out, "MN_MCU_ALIGNED MN_MCU_ARENA static int8_t arena[%s_ARENA_BYTES];\n", upper);
    fprintf(out, "static mn_mcu_cursor cursors[%u];\nstatic mn_mcu_run run;\n\n", w->program->longest);
    fprintf(out, "void %s_begin(void) { mn_mcu_begin(&run, &%s_program, arena, cursors); }\n\n", name, name);
    fprintf(out, "int %s_push_row(const int8_t *row) { return mn_mcu_push_row(&run, row); }\n\n", name);
    fprintf(out,
            "int %s_finish(int8_t *scores) {\n"
            "    const int8_t *output = mn_mcu_finish(&run);\n"
            "    if (output == NULL) return -1;\n"
            "    mn_mcu_copy(scores, output, %s_SCORES);\n"
            "    return 0;\n}\n\n",
            name, upper);
    fprintf(out,
            "void %s_run(const int8_t *image, int8_t *scores) {\n"
            "    mn_mcu_copy(scores, mn_mcu_run_image(&run, &%s_program, arena, cursors, image), %s_SCORES);\n}\n\n",
            name, name, upper);
    if (mn_mcu_is_held(w->program)) {
        fprintf(out, "int8_t *%s_input(void) { return mn_mcu_held_input(&run); }\n\n", name);
    }
    fprintf(
        out,
        "void %s_on_step(mn_mcu_tell tell, void *context) {\n    run.tell = tell;\n    run.context = context;\n}\n\n",
        name);
    fprintf(out, "const char *%s_step_name(uint32_t step) { return step_names[step]; }\n", name);
}

static void put_levels(const writer *w, const mn_prepare *prepare) {
    for (int32_t c = 0; c < prepare->channels; c++) {
        int8_t level[256];
        for (int32_t i = 0; i < 256; i++) level[i] = (int8_t)(uint8_t)prepare->stored[c][i];
        fprintf(w->out, "\nstatic const int8_t level_%" PRId32 "[256] = {\n", c);
        mn_emit_bytes(level, 256, 256, w->out);
        fprintf(w->out, "};\n");
        if (memcmp(prepare->stored[0], prepare->stored[prepare->channels - 1], sizeof prepare->stored[0]) == 0 &&
            memcmp(prepare->stored[0], prepare->stored[prepare->channels / 2], sizeof prepare->stored[0]) == 0) {
            return;
        }
    }
}

/* A row of gray, or of colours: the index of the table of each channel is 0 where there is only one. */
static void put_camera(const writer *w, const char *upper) {
    const mn_prepare *prepare = w->model->prepare;
    const char *name = w->model->name;
    if (!prepare) return;
    fprintf(w->out, "\n/* What the network gets for the values of a camera. */");
    put_levels(w, prepare);
    if (prepare->channels == 1) {
        fprintf(w->out,
                "\nvoid %s_row_of_gray(const uint8_t *gray, int8_t *row) {\n"
                "    for (uint32_t x = 0; x < %s_WIDTH; x++) row[x] = level_0[gray[x]];\n}\n",
                name, upper);
        return;
    }
    const bool same = memcmp(prepare->stored[0], prepare->stored[1], sizeof prepare->stored[0]) == 0 &&
                      memcmp(prepare->stored[0], prepare->stored[2], sizeof prepare->stored[0]) == 0;
    const int second = same ? 0 : 1, third = same ? 0 : 2;
    fprintf(w->out,
            "\nvoid %s_row_of_rgb888(const uint8_t *rgb, int8_t *row) {\n"
            "    for (uint32_t x = 0; x < %s_WIDTH; x++, rgb += 3) {\n"
            "        const uint8_t red = rgb[0], green = rgb[1], blue = rgb[2];\n"
            "        *row++ = level_0[red];\n        *row++ = level_%d[green];\n        *row++ = level_%d[blue];\n    "
            "}\n}\n",
            name, upper, second, third);
    fprintf(w->out,
            "\nvoid %s_row_of_rgb565(const uint16_t *pixels, int8_t *row) {\n"
            "    for (uint32_t x = 0; x < %s_WIDTH; x++) {\n"
            "        const uint32_t p = pixels[x];\n"
            "        *row++ = level_0[(p >> 8 & 0xf8u) | p >> 13];\n"
            "        *row++ = level_%d[(p >> 3 & 0xfcu) | (p >> 9 & 3u)];\n"
            "        *row++ = level_%d[(p << 3 & 0xf8u) | (p >> 2 & 7u)];\n    }\n}\n",
            name, upper, second, third);
}

void mn_mcu_emit_source(const mn_mcu_model *m, FILE *out) {
    char upper[MN_MCU_MOST_NAME + 1];
    writer w = {.model = m, .program = m->program, .out = out};
    mn_emit_upper(m->name, upper);
    fprintf(out, "/* ");
    mn_emit_comment(m->file, out);
    fprintf(out, " as C, written by `mobilenet compile`.\n *\n");
    tell_steps(&w);
    tell_memory(&w);
    fprintf(out, " */\n#include \"%s.h\"\n", m->name);
    put_all_params(&w);
    put_program(&w);
    put_functions(&w, upper);
    put_camera(&w, upper);
}
