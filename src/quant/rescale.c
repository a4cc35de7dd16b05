/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/rescale.h"

#include <string.h>

#include "quant/equalise_groups.h"

typedef struct rescaling {
    mn_graph *graph;
    mn_channels *channels;
    double *const *factor, *const *moved;
} rescaling;

static double factor_of(const rescaling *r, int32_t tensor, int32_t channel) {
    return r->factor[tensor] ? r->factor[tensor][channel] : 1;
}

static double move_of(const rescaling *r, int32_t tensor, int32_t channel) {
    return r->moved[tensor] ? r->moved[tensor][channel] : 0;
}

/* weights'[o][i] = weights[o][i] factor[o] / factor[i]; bias'[o] = (bias[o] + weights[o] moved - moved[o]) factor[o] */
static void change_output(const rescaling *r, const mn_op *op, const mn_weights *w, int32_t o, float *values,
                          float *bias) {
    int32_t in = op->inputs[0], out = op->outputs[0];
    int32_t first = w->depthwise ? o : 0, end = w->depthwise ? o + 1 : w->inputs;
    double factor = factor_of(r, out, o), given_back = -move_of(r, out, o);
    for (int32_t tap = 0; tap < w->taps; tap++) {
        for (int32_t c = first; c < end; c++) {
            size_t at = mn_weights_at(w, o, tap, c);
            given_back += (double)w->values[at] * move_of(r, in, c);
            values[at] = (float)((double)w->values[at] * factor / factor_of(r, in, c));
        }
    }
    if (bias) bias[o] = (float)(((double)w->bias[o] + given_back) * factor);
}

static mn_status change_op(const rescaling *r, int32_t index) {
    const mn_op *op = &r->graph->ops[index];
    mn_weights w;
    if (!mn_weights_of(r->graph, index, &w)) return MN_OK;
    int32_t in = op->inputs[0], out = op->outputs[0];
    if (!r->factor[in] && !r->factor[out] && !r->moved[in] && !r->moved[out]) return MN_OK;
    mn_tensor *weights = &r->graph->tensors[op->inputs[1]];
    float *values = mn_region_alloc(&r->graph->region, weights->bytes, 1);
    float *bias = mn_region_alloc(&r->graph->region, (size_t)w.outputs, sizeof *bias);
    if (!values || !bias) return mn_fail_memory("the rescaled weights");
    for (int32_t o = 0; o < w.outputs; o++) change_output(r, op, &w, o, values, w.bias ? bias : NULL);
    weights->data = values;
    if (w.bias) r->graph->tensors[op->inputs[2]].data = bias;
    return MN_OK;
}

/* ---- Names ---------------------------------------------------------------------------------------------- */

static const char suffix[] = "_rescaled";

bool mn_is_rescaled(const char *name) {
    size_t length = strlen(name), end = sizeof suffix - 1;
    return length > end && strcmp(name + length - end, suffix) == 0;
}

mn_status mn_rescale_name(mn_graph *graph, int32_t index) {
    mn_tensor *tensor = &graph->tensors[index];
    if (mn_is_rescaled(tensor->name)) return MN_OK;
    size_t length = strlen(tensor->name);
    char *name = mn_region_alloc(&graph->region, length + sizeof suffix, 1);
    if (!name) return mn_fail_memory("the rescaled tensors");
    memcpy(name, tensor->name, length);
    memcpy(name + length, suffix, sizeof suffix);
    tensor->name = name;
    return MN_OK;
}

static mn_status change_tensor(const rescaling *r, int32_t tensor) {
    mn_channels *x = &r->channels[tensor];
    if (!r->factor[tensor] && !r->moved[tensor]) return MN_OK;
    MN_TRY(mn_rescale_name(r->graph, tensor));
    for (int32_t c = 0; c < x->count; c++) {
        float factor = (float)factor_of(r, tensor, c);
        x->of[c].low *= factor;
        x->of[c].high *= factor;
        x->of[c].mean *= factor;
        x->of[c].variance *= factor * factor;
    }
    return MN_OK;
}

/* ---- All ------------------------------------------------------------------------------------------------ */

mn_status mn_rescale(mn_graph *graph, mn_channels *channels, double *const *factor, double *const *moved) {
    const rescaling r = {graph, channels, factor, moved};
    for (int32_t i = 0; i < graph->op_count; i++) MN_TRY(change_op(&r, i));
    for (int32_t i = 0; i < graph->tensor_count; i++) MN_TRY(change_tensor(&r, i));
    return MN_OK;
}
