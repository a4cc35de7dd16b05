/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "classify/ending.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/extremes.h"
#include "base/status.h"
#include "classify/answer.h"
#include "graph/stored.h"

const char *mn_ending_name(mn_ending_kind kind) {
    static const char *const names[] = {"softmax", "scores", "sigmoid"};
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

/* ---- Finding ----------------------------------------------------------------------------------------- */

/* Operator that computes `tensor`, or NULL. */
static const mn_op *producer_of(const mn_graph *graph, int32_t tensor) {
    for (int32_t i = graph->op_count - 1; i >= 0; i--) {
        for (int32_t k = 0; k < graph->ops[i].output_count; k++) {
            if (graph->ops[i].outputs[k] == tensor) return &graph->ops[i];
        }
    }
    return NULL;
}

static bool is_readable(const mn_tensor *t) {
    return t->type == MN_FLOAT32 || (mn_is_stored(t->type) && t->quant.count == 1);
}

static int32_t element_count(const mn_tensor *t) { return (int32_t)(t->bytes / mn_type_size(t->type)); }

/* What a CUSTOM operator computes nobody says. But where TensorFlow Lite ends in a softmax or sigmoid of 8 bits, and
 * only there, the output has steps of 1/256 from the type's lowest value on. */
static bool holds_probabilities(const mn_tensor *t) {
    if ((t->type != MN_INT8 && t->type != MN_UINT8) || t->quant.count != 1) return false;
    return t->quant.scale[0] == 1.0f / 256 && t->quant.zero_point[0] == (t->type == MN_INT8 ? INT8_MIN : 0);
}

/* Looks through operators that keep the values. */
static void find_last(const mn_graph *graph, int32_t tensor, mn_ending *out) {
    out->kind = MN_ENDS_IN_SCORES;
    out->score_tensor = -1;
    out->beta = 1;
    for (const mn_op *op = producer_of(graph, tensor); op; tensor = op->inputs[0], op = producer_of(graph, tensor)) {
        if (op->kind == MN_OP_CUSTOM && holds_probabilities(&graph->tensors[tensor])) {
            out->kind = out->units == 1 ? MN_ENDS_IN_SIGMOID : MN_ENDS_IN_SOFTMAX;
            out->guessed = out->units > 1;
            return;
        }
        if (op->kind == MN_OP_SOFTMAX || op->kind == MN_OP_LOGISTIC) {
            out->kind = op->kind == MN_OP_SOFTMAX ? MN_ENDS_IN_SOFTMAX : MN_ENDS_IN_SIGMOID;
            out->scores = *mn_graph_input(graph, op, 0);
            if (op->kind == MN_OP_SOFTMAX) out->beta = (double)op->attr.beta;
            bool known = is_readable(&out->scores) && element_count(&out->scores) == out->units && !out->scores.data;
            if (known) out->score_tensor = op->inputs[0];
            return;
        }
        if (op->kind != MN_OP_QUANTIZE && op->kind != MN_OP_DEQUANTIZE && op->kind != MN_OP_RESHAPE &&
            op->kind != MN_OP_SQUEEZE) {
            return;
        }
    }
}

/* "; its outputs are 0 'a' and 1 'b' (--output)" for a sentence, or nothing for one output. */
static void list_outputs(const mn_graph *graph, char *text, size_t bytes) {
    text[0] = '\0';
    if (graph->output_count < 2) return;
    size_t used = (size_t)snprintf(text, bytes, "; --output chooses another:");
    for (int32_t i = 0; i < graph->output_count && used < bytes; i++) {
        used += (size_t)snprintf(text + used, bytes - used, "%s %d '%s'", i > 0 ? "," : "", i,
                                 graph->tensors[graph->outputs[i]].name);
    }
}

/* By number first: names such as "1" are nobody's. */
static mn_status choose(const mn_graph *graph, const char *wanted, int32_t *output) {
    char *end;
    char others[256];
    *output = 0;
    if (wanted == NULL) return MN_OK;
    long number = strtol(wanted, &end, 10);
    if (*wanted != '\0' && *end == '\0' && number >= 0 && number < graph->output_count) {
        *output = (int32_t)number;
        return MN_OK;
    }
    for (int32_t i = 0; i < graph->output_count; i++) {
        *output = i;
        if (strcmp(graph->tensors[graph->outputs[i]].name, wanted) == 0) return MN_OK;
    }
    list_outputs(graph, others, sizeof others);
    return mn_fail(MN_ERROR_ARGUMENT, "%s: has no output '%s'%s", graph->name, wanted,
                   others[0] != '\0' ? others : ", but one alone; leave --output out");
}

mn_status mn_ending_find(const mn_graph *graph, const char *wanted, mn_ending *out) {
    char others[256];
    *out = (mn_ending){0};
    MN_TRY(choose(graph, wanted, &out->output));
    list_outputs(graph, others, sizeof others);
    out->given = graph->tensors[graph->outputs[out->output]];
    out->units = out->given.rank > 0 ? out->given.dims[out->given.rank - 1] : 1;
    if (!is_readable(&out->given) || element_count(&out->given) != out->units) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: output %d '%s' is not one row of class scores, so the model is not an image classifier; "
                       "'mobilenet run' runs any model%s",
                       graph->name, out->output, out->given.name, others);
    }
    find_last(graph, graph->outputs[out->output], out);
    if (out->units == 1 && out->kind == MN_ENDS_IN_SOFTMAX) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: output %d '%s' is a softmax over one class, which is always 1; a model with one unit ends "
                       "in a sigmoid%s",
                       graph->name, out->output, out->given.name, others);
    }
    out->classes = out->units == 1 ? 2 : out->units;
    out->labels = out->kind == MN_ENDS_IN_SIGMOID && out->units > 1;
    return MN_OK;
}

/* ---- Reading ----------------------------------------------------------------------------------------- */

static float sigmoid(float score) { return (float)(1 / (1 + exp(-(double)score))); }

/* Scores that the probabilities of the output may come from. */
static void guess_scores(const mn_ending *e, const float *probabilities, float *out) {
    double floor = e->given.type == MN_FLOAT32 ? 1e-30 : (double)e->given.quant.scale[0] / 2;
    for (int32_t i = 0; i < e->units; i++) {
        double p = (double)probabilities[i], q = fmax(1 - p, floor);
        p = mn_max_f64(p, floor);
        out[i] = (float)(e->kind == MN_ENDS_IN_SIGMOID ? log(p / q) : log(p));
    }
}

/* One unit says how far the answer is from "not". */
static void make_two(const mn_ending *e, float *probabilities, float *scores) {
    float p = e->kind == MN_ENDS_IN_SCORES ? sigmoid(scores[0]) : probabilities[0];
    probabilities[0] = 1 - p;
    probabilities[1] = p;
    scores[1] = scores[0];
    scores[0] = 0;
}

void mn_ending_read(const mn_ending *e, const void *given, const void *scores, float *probabilities, float *result) {
    mn_answer_dequantise(&e->given, given, e->units, probabilities);
    if (e->kind == MN_ENDS_IN_SCORES) {
        memcpy(result, probabilities, (size_t)e->units * sizeof *result);
        if (e->units > 1) mn_answer_softmax(probabilities, e->units);
    } else if (scores) {
        mn_answer_dequantise(&e->scores, scores, e->units, result);
        for (int32_t i = 0; e->beta != 1 && i < e->units; i++) result[i] = (float)(e->beta * (double)result[i]);
    } else {
        guess_scores(e, probabilities, result);
    }
    if (e->units == 1) make_two(e, probabilities, result);
}
