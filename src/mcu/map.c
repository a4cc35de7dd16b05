/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "mcu/map.h"

#include <string.h>

#include "chart/chart.h"
#include "mcu/emit_text.h"

const char *mn_mcu_kind_name(uint8_t kind) {
    static const char *const names[MN_MCU_KINDS] = {
        [MN_MCU_INPUT] = "INPUT",
        [MN_MCU_LOAD] = "LOAD",
        [MN_MCU_POINTWISE] = "POINTWISE",
        [MN_MCU_DENSE] = "DENSE",
        [MN_MCU_CONV] = "CONV",
        [MN_MCU_DEPTHWISE] = "DEPTHWISE",
        [MN_MCU_ADD] = "ADD",
        [MN_MCU_AVERAGE_POOL] = "AVERAGE_POOL",
        [MN_MCU_MAX_POOL] = "MAX_POOL",
        [MN_MCU_PAD] = "PAD",
        [MN_MCU_SUM] = "SUM",
        [MN_MCU_MEAN] = "MEAN",
        [MN_MCU_AVERAGE] = "AVERAGE",
        [MN_MCU_MAP] = "MAP",
        [MN_MCU_SOFTMAX] = "SOFTMAX",
    };
    return names[kind];
}

/* Memory of the arena, and steps that use it. */
typedef struct area {
    const char *name;
    uint32_t offset, bytes;
    int32_t first, last; /* -1: before the first step; the number of steps: behind the last */
} area;

static int32_t area_count(const mn_mcu_built *built) { return built->program.tensor_count + built->program.step_count; }

/* Tensors, then workspaces of steps. False: there is no memory of its own. */
static bool find_area(const mn_mcu_built *built, int32_t i, area *out) {
    const mn_mcu_program *p = &built->program;
    if (i < p->tensor_count) {
        const mn_mcu_tensor_report *report = &built->tensors[i];
        const mn_mcu_tensor *t = &p->tensors[i];
        *out = (area){report->name, t->offset, t->places * t->bytes, report->first, report->last};
        return !report->is_view && report->last >= report->first;
    }
    const int32_t s = i - p->tensor_count;
    *out = (area){"workspace", p->steps[s].workspace, (uint32_t)built->steps[s].workspace_bytes, s, s};
    return out->bytes > 0;
}

/* ---- Text ------------------------------------------------------------------------------------------------ */

/* Names of TensorFlow list all that was fused, in one line. */
enum { LONGEST = 60 };

static void print_name(const char *name, FILE *out) {
    char shown[LONGEST + 1];
    snprintf(shown, sizeof shown, "%.*s", (int)strcspn(name, ";"), name);
    fputs("  ", out);
    mn_emit_comment(shown, out);
    fputc('\n', out);
}

static void print_steps(const mn_mcu_built *built, FILE *out) {
    const mn_mcu_program *p = &built->program;
    fprintf(out, "%5s %-12s %7s %8s %10s %12s  layer\n", "step", "kind", "chunk", "slices", "weights", "read");
    for (int32_t s = 0, chain = 0; s < p->step_count; s++) {
        const mn_mcu_step_report *report = &built->steps[s];
        fprintf(out, "%5d %-12s %7u %8u %10zu %12lld", s, mn_mcu_kind_name(p->steps[s].kind), p->steps[s].chunk,
                report->slices, report->weight_bytes, (long long)report->read_bytes);
        print_name(report->name, out);
        if (s + 1 < p->chain_ends[chain]) continue;
        chain++;
        if (s + 1 < p->step_count) fputs("    -\n", out);
    }
}

static void print_areas(const mn_mcu_built *built, FILE *out) {
    const mn_mcu_program *p = &built->program;
    fprintf(out, "\n%8s %8s %7s %12s  %s\n", "from", "bytes", "pixels", "steps", "buffer");
    for (int32_t i = 0; i < area_count(built); i++) {
        area a;
        char pixels[16] = "", steps[24];
        if (!find_area(built, i, &a)) continue;
        if (i < p->tensor_count) snprintf(pixels, sizeof pixels, "%u", p->tensors[i].places);
        snprintf(steps, sizeof steps, "%d-%d", a.first < 0 ? 0 : a.first,
                 a.last < p->step_count ? a.last : p->step_count - 1);
        fprintf(out, "%8u %8u %7s %12s", a.offset, a.bytes, pixels, steps);
        print_name(a.name, out);
    }
}

void mn_mcu_map_text(const mn_mcu_built *built, double flash_speed, FILE *out) {
    print_steps(built, out);
    print_areas(built, out);
    fprintf(out, "\narena %u bytes; weights %zu bytes, of which %lld are read, %.2f times", built->program.arena_bytes,
            built->weight_bytes, (long long)built->read_bytes,
            (double)built->read_bytes / (double)(built->weight_bytes > 0 ? built->weight_bytes : 1));
    if (flash_speed > 0) {
        fprintf(out, ", in %.1f ms at %g MB/s", (double)built->read_bytes / flash_speed / 1000, flash_speed);
    }
    fputs("\n", out);
}

/* ---- Picture --------------------------------------------------------------------------------------------- */

enum { LEFT = 64, TOP = 44, PLOT = 480, BOTTOM = 40, RIGHT = 16, LEAST_STEP = 12, MOST_WIDTH = 1600, LETTER = 6 };

typedef struct picture {
    FILE *out;
    double step, byte; /* widths */
    int32_t steps;
} picture;

static double x_of(const picture *p, int32_t step) { return LEFT + p->step * step; }

static double y_of(const picture *p, uint32_t offset) { return TOP + PLOT - p->byte * offset; }

/* Of a path of layers as much of its end as there is room for, but its last part at least. */
static const char *end_of_name(const char *name, size_t room) {
    while (strcspn(name, ";") > room) {
        const size_t part = strcspn(name, "/;");
        if (name[part] != '/') break;
        name += part + 1;
    }
    return name;
}

static void draw_area(const picture *p, const area *a, const char *colour) {
    const int32_t first = a->first < 0 ? 0 : a->first, end = a->last < p->steps ? a->last + 1 : p->steps;
    const double x = x_of(p, first), width = x_of(p, end) - x, height = p->byte * a->bytes;
    if (end <= first) return;
    mn_chart_bar(p->out, x + 0.5, y_of(p, a->offset) - height + 0.5, width - 1, height > 1.5 ? height - 1 : 0.5,
                 colour);
    if (height < MN_CHART_LETTERS || width < 4 * LETTER) return;
    const size_t room = (size_t)(width / LETTER) - 1;
    const char *name = end_of_name(a->name, room);
    const size_t letters = strcspn(name, ";");
    const mn_chart_style style = {.colour = "#fff", .longest = (int)(letters < room ? letters : room)};
    if (letters > 0) mn_chart_text(p->out, x + 3, y_of(p, a->offset) - height / 2 + 4, style, name);
}

static void draw_axes(const picture *p, uint32_t bytes) {
    const double every = mn_chart_step(bytes);
    for (double at = 0; at <= bytes; at += every) {
        char text[32];
        const double y = TOP + PLOT - p->byte * at;
        snprintf(text, sizeof text, "%.0f", at);
        mn_chart_grid(p->out, LEFT, y, x_of(p, p->steps), y);
        mn_chart_text(p->out, LEFT - 6, y + 4, (mn_chart_style){.anchor = "end"}, text);
    }
    for (int32_t s = 0; s < p->steps; s += 5) {
        char text[16];
        snprintf(text, sizeof text, "%d", s);
        mn_chart_text(p->out, x_of(p, s) + p->step / 2, TOP + PLOT + 16, (mn_chart_style){.anchor = "middle"}, text);
    }
    mn_chart_text(p->out, LEFT, TOP + PLOT + 34, (mn_chart_style){0}, "step");
}

/* Weights that are copied are RED, workspace grey, everything else NAVY or a lighter blue in turns. */
void mn_mcu_map_svg(const mn_mcu_built *built, FILE *out) {
    static const char *const blues[] = {MN_CHART_NAVY, "#4f94cd", "#0f4c75"};
    const mn_mcu_program *program = &built->program;
    picture p = {.out = out, .steps = program->step_count};
    p.step = (double)MOST_WIDTH / p.steps < LEAST_STEP ? (double)MOST_WIDTH / p.steps : LEAST_STEP;
    if (p.step * p.steps < PLOT) p.step = (double)PLOT / p.steps;
    p.byte = (double)PLOT / (program->arena_bytes > 0 ? program->arena_bytes : 1);
    char title[64];
    snprintf(title, sizeof title, "Arena: %u bytes", program->arena_bytes);
    mn_chart_open(out, (int)(LEFT + p.step * p.steps + RIGHT), TOP + PLOT + BOTTOM);
    mn_chart_title(out, title);
    mn_chart_text(out, LEFT + p.step * p.steps, 24, (mn_chart_style){.anchor = "end", .colour = MN_CHART_RED},
                  "weights copied from flash");
    draw_axes(&p, program->arena_bytes);
    for (int32_t i = 0; i < area_count(built); i++) {
        area a;
        if (!find_area(built, i, &a)) continue;
        const bool is_tensor = i < program->tensor_count, is_load = is_tensor && built->tensors[i].is_load;
        draw_area(&p, &a, !is_tensor ? "#888" : is_load ? MN_CHART_RED : blues[i % 3]);
    }
    mn_chart_close(out);
}
