/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "graph/pixels.h"

#include <math.h>

#include "base/extremes.h"
#include "graph/stored.h"

enum { CHANNELS = MN_MEANING_CHANNELS };

#define REMEDY                                                                                                         \
    "give what the model was trained with: the input range (--input-range), or mean and standard deviation (--mean "   \
    "and --std)"

const char *mn_pixel_source_name(mn_pixel_source source) {
    switch (source) {
    case MN_PIXELS_ASSUMED: return "assumed";
    case MN_PIXELS_METADATA: return "metadata";
    case MN_PIXELS_RESCALING: return "rescaling";
    case MN_PIXELS_QUANTISATION: return "quantisation";
    case MN_PIXELS_GIVEN: return "flag";
    }
    return "unknown";
}

static void set_range(mn_pixels *pixels, double low, double high) {
    for (int32_t c = 0; c < CHANNELS; c++) pixels->low[c] = low, pixels->high[c] = high;
}

/* ---- What the operators at the front say ---------------------------------------------------------------- */

/* The only operator that reads `tensor`; NULL when there are none or several. */
static const mn_op *only_reader(const mn_graph *graph, int32_t tensor) {
    const mn_op *found = NULL;
    for (int32_t i = 0; i < graph->op_count; i++) {
        for (int32_t k = 0; k < graph->ops[i].input_count; k++) {
            if (graph->ops[i].inputs[k] != tensor) continue;
            if (found) return NULL;
            found = &graph->ops[i];
        }
    }
    return found;
}

/* As only_reader, behind operators that move values without changing them. */
static const mn_op *only_user(const mn_graph *graph, int32_t tensor) {
    const mn_op *op = only_reader(graph, tensor);
    while (op && (op->kind == MN_OP_RESHAPE || op->kind == MN_OP_TRANSPOSE || op->kind == MN_OP_SQUEEZE)) {
        op = only_reader(graph, op->outputs[0]);
    }
    return op;
}

/* x -> scale * x + offset, by channel. */
typedef struct affine {
    double scale[CHANNELS], offset[CHANNELS];
} affine;

/* The one constant that `op` has for each channel, or for all; NULL where it has none. `last`: it is the second
 * operand. */
static const float *operand_of(const mn_graph *graph, const mn_op *op, bool *single, bool *last) {
    for (int32_t i = 0; i < 2 && op->input_count == 2; i++) {
        const mn_tensor *operand = mn_graph_input(graph, op, i);
        if (!operand || !operand->data || operand->type != MN_FLOAT32) continue;
        size_t count = operand->bytes / sizeof(float);
        *single = count == 1;
        *last = i == 1;
        return count == 1 || count == CHANNELS ? operand->data : NULL;
    }
    return NULL;
}

/* Puts an operator that multiplies by constants, or adds them, into `a`; false for any other. */
static bool rescales(const mn_graph *graph, const mn_op *op, affine *a) {
    bool single, last;
    bool linear = op->kind == MN_OP_MUL || op->kind == MN_OP_ADD || op->kind == MN_OP_SUB;
    if (!linear || op->attr.activation != MN_ACT_NONE) return false;
    const float *values = operand_of(graph, op, &single, &last);
    if (!values || (op->kind == MN_OP_SUB && !last)) return false;
    for (int32_t c = 0; c < CHANNELS; c++) {
        double value = (double)values[single ? 0 : c];
        if (op->kind == MN_OP_MUL) {
            a->scale[c] *= value;
            a->offset[c] *= value;
        } else {
            a->offset[c] += op->kind == MN_OP_ADD ? value : -value;
        }
    }
    return true;
}

/* The pixel 255 of a channel whose network was trained on [-1, 1] or [0, 1]: the darkest pixel is 0. 0 for neither. */
static double rescaled_high(double scale, double offset) {
    static const double trained_from[] = {-1, 0};
    for (int32_t i = 0; i < 2; i++) {
        double low = (trained_from[i] - offset) / scale, high = (1 - offset) / scale;
        if (fabs(low) <= 1e-4 * high) return round(high * 1000) / 1000;
    }
    return 0;
}

/* The same for (x - mean) / deviation, after which the values of photos lie around 0 with a deviation of about 1: those
 * of ImageNet reach from -2.1 to 2.6. */
static double normalised_high(double scale, double offset) {
    static const double known[] = {1, 255};
    for (int32_t i = 0; i < 2; i++) {
        double low = offset, high = scale * known[i] + offset;
        if (low > -4 && low < -0.8 && high > 0.8 && high < 4) return known[i];
    }
    return 0;
}

static double common_high(const affine *a, double (*high_of)(double scale, double offset)) {
    double high = a->scale[0] > 0 ? high_of(a->scale[0], a->offset[0]) : 0;
    for (int32_t c = 1; c < CHANNELS; c++) {
        if (!(a->scale[c] > 0) || high_of(a->scale[c], a->offset[c]) != high) return 0;
    }
    return high;
}

static mn_status from_rescaling(const mn_graph *graph, bool *found, mn_pixels *out) {
    affine a = {{1, 1, 1}, {0, 0, 0}};
    const mn_op *op = only_user(graph, graph->inputs[0]);
    *found = false;
    for (; op && rescales(graph, op, &a); op = only_user(graph, op->outputs[0])) *found = true;
    if (!*found) return MN_OK;
    double high = common_high(&a, rescaled_high);
    if (high <= 0) high = common_high(&a, normalised_high);
    if (high <= 0) {
        return mn_fail(
            MN_ERROR_UNSUPPORTED,
            "input \"%s\" is rescaled by %g and %g inside the model, which does not tell what pixels are; " REMEDY,
            graph->tensors[graph->inputs[0]].name, a.scale[0], a.offset[0]);
    }
    out->source = MN_PIXELS_RESCALING;
    set_range(out, 0, high);
    return MN_OK;
}

/* ---- What 8 bits say ------------------------------------------------------------------------------------ */

/* The values that the input's 8 bits (or 16, where they tell) can store, or those of the QUANTIZE behind a float input.
 */
static bool storable(const mn_graph *graph, double *low, double *high) {
    const mn_tensor *stored = &graph->tensors[graph->inputs[0]];
    if (stored->type == MN_FLOAT32) {
        const mn_op *op = only_user(graph, graph->inputs[0]);
        if (!op || op->kind != MN_OP_QUANTIZE) return false;
        stored = mn_graph_output(graph, op, 0);
    }
    if (!mn_is_stored(stored->type) || stored->quant.count != 1) return false;
    const double scale = (double)stored->quant.scale[0];
    *low = scale * (mn_stored_lowest(stored->type) - stored->quant.zero_point[0]);
    *high = scale * (mn_stored_highest(stored->type) - stored->quant.zero_point[0]);
    if (stored->type != MN_INT16) return true;
    /* int16 reaches as far below zero as above: of -1..1 and 0..1 it does not tell which, but 255 is the last pixel. */
    *low = 0;
    return fabs(*high - 255) <= 25.5;
}

/* The ranges that pixels are trained in: TensorFlow's classifiers -1..1, others 0..1, and models that scale inside
 * 0..255. What can be stored is taken for the one that its ends come within a tenth of. */
static mn_status from_storage(const mn_graph *graph, double low, double high, mn_pixels *out) {
    static const double known[][2] = {{-1, 1}, {0, 1}, {0, 255}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        double tolerance = 0.1 * (known[i][1] - known[i][0]);
        if (fabs(low - known[i][0]) > tolerance || fabs(high - known[i][1]) > tolerance) continue;
        out->source = MN_PIXELS_QUANTISATION;
        set_range(out, known[i][0], known[i][1]);
        return MN_OK;
    }
    return mn_fail(MN_ERROR_UNSUPPORTED,
                   "input \"%s\" can hold %g..%g, which is none of -1..1, 0..1 and 0..255; " REMEDY,
                   graph->tensors[graph->inputs[0]].name, low, high);
}

/* ---- What the file says --------------------------------------------------------------------------------- */

static bool from_metadata(const mn_graph *graph, mn_pixels *out) {
    const mn_meaning *meaning = &graph->meaning;
    if (!meaning->normalised) return false;
    out->source = MN_PIXELS_METADATA;
    for (int32_t c = 0; c < CHANNELS; c++) {
        out->low[c] = (0 - (double)meaning->mean[c]) / (double)meaning->deviation[c];
        out->high[c] = (255 - (double)meaning->mean[c]) / (double)meaning->deviation[c];
    }
    return true;
}

/* Writers of metadata sometimes mean the float model that a quantised one was made from. */
static bool contradicts(const mn_pixels *pixels, double low, double high) {
    double from = pixels->low[0], to = pixels->high[0], tolerance = 0.1 * (high - low);
    for (int32_t c = 1; c < CHANNELS; c++) {
        from = mn_min_f64(from, pixels->low[c]);
        to = mn_max_f64(to, pixels->high[c]);
    }
    return from < low - tolerance || to > high + tolerance || to - from < 0.4 * (high - low);
}

mn_status mn_graph_pixels(const mn_graph *graph, mn_pixels *out) {
    mn_pixels made = {
        .struct_bytes = sizeof made, .source = MN_PIXELS_ASSUMED, .central_crop = graph->meaning.fit == MN_FIT_CROP};
    double low = 0, high = 0;
    bool found = false;
    set_range(&made, -1, 1);
    if (graph->input_count < 1) return mn_fail(MN_ERROR_UNSUPPORTED, "%s: has no inputs", graph->name);
    bool stored = storable(graph, &low, &high);
    mn_pixels said = made;
    if (from_metadata(graph, &said) && !(stored && contradicts(&said, low, high))) {
        *out = said;
        return MN_OK;
    }
    MN_TRY(from_rescaling(graph, &found, &made));
    if (!found && stored) MN_TRY(from_storage(graph, low, high, &made));
    *out = made;
    return MN_OK;
}

void mn_meaning_set_pixels(mn_meaning *meaning, const mn_pixels *pixels) {
    meaning->normalised = true;
    for (int32_t c = 0; c < CHANNELS; c++) {
        double deviation = 255 / (pixels->high[c] - pixels->low[c]);
        meaning->mean[c] = (float)(0 - pixels->low[c] * deviation); /* not -0 */
        meaning->deviation[c] = (float)deviation;
    }
}
