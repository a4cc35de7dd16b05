/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "mcu/draft.h"

#include "base/checked.h"

mn_status mn_draft_refuse(const mn_draft *draft, const mn_step *from, const char *what, const char *remedy) {
    return mn_graph_fail(draft->plan->graph, from->node->first_op, MN_ERROR_UNSUPPORTED,
                         "%s, which programs for microcontrollers have no step for; %s", what, remedy);
}

static const mn_graph *graph_of(const mn_draft *draft) { return draft->plan->graph; }

/* ---- Tensors --------------------------------------------------------------------------------------------- */

/* A shape as pixels: channels are last, rows and columns before them. False: there is more than that. */
static bool see_pixels(const mn_shape *shape, mn_draft_tensor *out) {
    int32_t dims[] = {1, 1, 1};
    for (int32_t i = 0; i < shape->rank; i++) {
        const int32_t from_end = shape->rank - 1 - i;
        if (from_end < 3) {
            dims[2 - from_end] = shape->dims[i];
        } else if (shape->dims[i] != 1) {
            return false;
        }
    }
    out->height = dims[0];
    out->width = dims[1];
    out->bytes = (size_t)dims[2];
    return dims[0] <= UINT16_MAX && dims[1] <= UINT16_MAX && dims[2] <= UINT16_MAX;
}

static bool same_pixels(const mn_draft_tensor *a, const mn_draft_tensor *b) {
    return a->height == b->height && a->width == b->width && a->bytes == b->bytes;
}

static int32_t add_tensor(mn_draft *draft, mn_draft_tensor tensor) {
    tensor.memory = tensor.memory < 0 ? draft->tensor_count : tensor.memory;
    draft->tensors[draft->tensor_count] = tensor;
    return draft->tensor_count++;
}

/* The draft tensor for what a step makes. */
static mn_status take_output(mn_draft *draft, const mn_step *from, int32_t tensor, int32_t *out) {
    mn_draft_tensor new = {.tensor = tensor, .memory = -1};
    if (!see_pixels(&draft->plan->shapes[tensor], &new)) {
        return mn_draft_refuse(draft, from,
                               "its result is not an image, or is one of several, or over 65,535 in a dimension",
                               "give the model inputs of one image each");
    }
    *out = draft->tensor_of[draft->plan->same_as[tensor]] = add_tensor(draft, new);
    return MN_OK;
}

/* The draft tensor for what a step reads: under another shape than it was made in it is another one in the same memory,
 * unless all of it is read at once. */
static mn_status take_input(mn_draft *draft, const mn_step *from, int32_t tensor, bool at_once, int32_t *out) {
    const int32_t memory = tensor < 0 ? -1 : draft->tensor_of[draft->plan->same_as[tensor]];
    if (memory < 0) {
        return mn_draft_refuse(draft, from, "one of its operands is a constant, or left out",
                               "let the converter fold it into the layer before");
    }
    mn_draft_tensor seen = {.tensor = tensor, .memory = memory};
    *out = memory;
    if (at_once) return MN_OK;
    if (!see_pixels(&draft->plan->shapes[tensor], &seen)) {
        return mn_draft_refuse(draft, from, "it reads several images, or one of over 65,535 in a dimension",
                               "give the model inputs of one image each");
    }
    if (!same_pixels(&seen, &draft->tensors[memory])) *out = add_tensor(draft, seen);
    return MN_OK;
}

/* ---- Steps ----------------------------------------------------------------------------------------------- */

mn_draft_step *mn_draft_add(mn_draft *draft, const mn_step *from, mn_mcu_kind kind) {
    mn_draft_step *to = &draft->steps[draft->step_count++];
    *to = (mn_draft_step){.kind = kind,
                          .inputs = {-1, -1},
                          .name = graph_of(draft)->tensors[from->node->outputs[0]].name,
                          .op = from->node->first_op};
    return to;
}

/* A window of the runtime, which has bytes for it. */
static mn_status make_window(const mn_draft *draft, const mn_step *from, const mn_window *w, mn_draft_step *to) {
    const int32_t all[] = {w->k_h,        w->k_w,        w->stride_h, w->stride_w,
                           w->dilation_h, w->dilation_w, w->pad_top,  w->pad_left};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i] < 0 || all[i] > UINT8_MAX) {
            return mn_draft_refuse(draft, from, "its filter, stride, dilation or padding is over 255",
                                   "use a smaller one");
        }
    }
    if (w->k_h * w->k_w > MN_MCU_TAPS) {
        return mn_draft_refuse(draft, from, "its filter has over 96 cells", "use a smaller one");
    }
    to->window = mn_region_alloc(draft->region, 1, sizeof *to->window);
    if (!to->window) return mn_fail_memory("the program");
    *to->window = (mn_mcu_window){
        .k_h = (uint8_t)w->k_h,
        .k_w = (uint8_t)w->k_w,
        .stride_h = (uint8_t)w->stride_h,
        .stride_w = (uint8_t)w->stride_w,
        .dilation_h = (uint8_t)w->dilation_h,
        .dilation_w = (uint8_t)w->dilation_w,
        .pad_top = (uint8_t)w->pad_top,
        .pad_left = (uint8_t)w->pad_left,
    };
    return MN_OK;
}

/* ---- PAD in front of a filter ---------------------------------------------------------------------------- */

/* The step that alone reads `tensor`; NULL if several do, or the caller. */
static const mn_step *only_reader(const mn_draft *draft, int32_t tensor) {
    const mn_plan *plan = draft->plan;
    const mn_step *reader = NULL;
    int32_t readers = 0;
    for (int32_t s = 0; s < plan->step_count; s++) {
        const mn_node *node = plan->steps[s].node;
        for (int32_t i = 0; i < node->input_count; i++) {
            if (node->inputs[i] != tensor) continue;
            reader = &plan->steps[s];
            readers++;
        }
    }
    for (int32_t i = 0; i < plan->graph->output_count; i++) readers += plan->graph->outputs[i] == tensor;
    return readers == 1 ? reader : NULL;
}

/* Does a PAD add rows and columns alone, with the zero point, for a convolution that may as well pad itself? */
static bool pads_filter(const mn_draft *draft, const mn_step *pad) {
    enum { ROW = MN_MAX_RANK - 3, COLUMN, CHANNEL };
    const mn_pad_params *p = pad->node->params;
    if (pad->node->op != MN_K_PAD || p->element_bytes != 1) return false;
    const mn_step *reader = only_reader(draft, pad->node->outputs[0]);
    if (!reader || reader->node->is_alias || (reader->node->op != MN_K_CONV && reader->node->op != MN_K_DEPTHWISE)) {
        return false;
    }
    const mn_conv_params *conv = reader->node->params;
    const bool fits =
        p->before[ROW] + conv->window.pad_top <= UINT8_MAX && p->before[COLUMN] + conv->window.pad_left <= UINT8_MAX;
    for (int32_t d = 0; d < MN_MAX_RANK; d++) {
        if (d != ROW && d != COLUMN && p->in_dims[d] != p->out_dims[d]) return false;
    }
    return fits && (int8_t)p->value[0] == conv->in_zero && reader->node->inputs[0] == pad->node->outputs[0];
}

/* The PAD that is left out in front of a convolution, or NULL. */
static const mn_step *pad_before(const mn_draft *draft, const mn_step *conv) {
    const mn_plan *plan = draft->plan;
    for (const mn_step *s = plan->steps; s < plan->steps + plan->step_count; s++) {
        if (s->node->op != MN_K_PAD || s->node->is_alias) continue;
        if (s->node->outputs[0] == conv->node->inputs[0]) return pads_filter(draft, s) ? s : NULL;
    }
    return NULL;
}

/* ---- Operator by operator -------------------------------------------------------------------------------- */

/* A step of one input, another one, and an output, which `to` is for. */
static mn_status connect(mn_draft *draft, const mn_step *from, mn_draft_step *to, const int32_t inputs[2],
                         bool at_once) {
    for (int32_t i = 0; i < 2; i++) {
        if (i == 1 && inputs[i] < 0) continue;
        MN_TRY(take_input(draft, from, inputs[i], at_once, &to->inputs[i]));
    }
    return take_output(draft, from, from->node->outputs[0], &to->output);
}

static mn_status draft_convolution(mn_draft *draft, const mn_step *from) {
    const mn_conv_params *conv = from->node->params;
    const mn_step *pad = pad_before(draft, from);
    mn_window w = conv->window;
    int32_t inputs[2] = {from->node->inputs[0], -1};
    if (pad) {
        const mn_pad_params *p = pad->node->params;
        w.pad_top += p->before[MN_MAX_RANK - 3];
        w.pad_left += p->before[MN_MAX_RANK - 2];
        inputs[0] = pad->node->inputs[0];
    }
    const bool pointwise = from->node->op == MN_K_CONV && mn_window_is_pointwise(&w) && !pad;
    const mn_mcu_kind kind = from->node->op == MN_K_DEPTHWISE ? MN_MCU_DEPTHWISE
                             : pointwise                      ? MN_MCU_POINTWISE
                                                              : MN_MCU_CONV;
    mn_draft_step *to = mn_draft_add(draft, from, kind);
    if (!pointwise) MN_TRY(make_window(draft, from, &w, to));
    MN_TRY(connect(draft, from, to, inputs, false));
    return mn_draft_convolution(draft, from, to);
}

static mn_status draft_fully_connected(mn_draft *draft, const mn_step *from) {
    const mn_fully_connected_params *p = from->node->params;
    const int32_t tensor = from->node->inputs[0];
    mn_draft_tensor seen = {.tensor = tensor};
    const bool pixels = tensor >= 0 && see_pixels(&draft->plan->shapes[tensor], &seen) &&
                        seen.height * seen.width == p->rows && seen.bytes == (size_t)p->in_c;
    if (!pixels && (p->rows != 1 || p->in_c > UINT16_MAX)) {
        return mn_draft_refuse(draft, from, "it multiplies rows that are not pixels, or of over 65,535 bytes",
                               "use a pooling layer before it");
    }
    mn_draft_step *to = mn_draft_add(draft, from, pixels ? MN_MCU_POINTWISE : MN_MCU_DENSE);
    MN_TRY(connect(draft, from, to, (int32_t[]){tensor, -1}, !pixels));
    return mn_draft_fully_connected(draft, from, to);
}

static mn_status draft_add(mn_draft *draft, const mn_step *from) {
    const mn_binary_params *p = from->node->params;
    if (!p->same_shape) {
        return mn_draft_refuse(draft, from, "its operands have different shapes", "add tensors of the same shape");
    }
    mn_draft_step *to = mn_draft_add(draft, from, MN_MCU_ADD);
    MN_TRY(connect(draft, from, to, from->node->inputs, false));
    return mn_draft_add_params(draft, from, to);
}

/* Sums over all pixels of the first operand, and what becomes of them. */
static mn_status draft_sums(mn_draft *draft, const mn_step *from, mn_mcu_kind kind) {
    mn_draft_step *sum = mn_draft_add(draft, from, MN_MCU_SUM);
    MN_TRY(take_input(draft, from, from->node->inputs[0], false, &sum->inputs[0]));
    mn_draft_tensor sums = draft->tensors[sum->inputs[0]];
    sums.tensor = sums.memory = -1;
    sums.bytes *= sizeof(int32_t);
    sums.is_sum = true;
    mn_draft_step *to = mn_draft_add(draft, from, kind);
    to->inputs[0] = sum->output = add_tensor(draft, sums);
    MN_TRY(take_output(draft, from, from->node->outputs[0], &to->output));
    return mn_draft_mean_params(draft, from, to);
}

/* Does a window see the whole image? */
static bool sees_all(const mn_window *w) {
    return w->out_h == 1 && w->out_w == 1 && w->k_h - w->pad_top >= w->in_h && w->k_w - w->pad_left >= w->in_w;
}

static mn_status draft_pool(mn_draft *draft, const mn_step *from) {
    mn_window w = ((const mn_pool_params *)from->node->params)->window;
    if (from->node->op == MN_K_AVERAGE_POOL && sees_all(&w)) return draft_sums(draft, from, MN_MCU_AVERAGE);
    w.dilation_h = w.dilation_w = 1;
    mn_draft_step *to =
        mn_draft_add(draft, from, from->node->op == MN_K_MAX_POOL ? MN_MCU_MAX_POOL : MN_MCU_AVERAGE_POOL);
    MN_TRY(make_window(draft, from, &w, to));
    MN_TRY(connect(draft, from, to, (int32_t[]){from->node->inputs[0], -1}, false));
    return mn_draft_pool_params(draft, from, to);
}

/* Rows and columns go, channels stay. */
static mn_status draft_mean(mn_draft *draft, const mn_step *from) {
    const mn_mean_params *p = from->node->params;
    for (int32_t d = 0; d < p->rank; d++) {
        const bool wanted = d == p->rank - 1 ? !p->reduced[d] : p->reduced[d] || p->dims[d] == 1;
        if (!wanted)
            return mn_draft_refuse(draft, from, "it is not a mean over an image", "use GlobalAveragePooling2D");
    }
    return draft_sums(draft, from, MN_MCU_MEAN);
}

static mn_status draft_pad(mn_draft *draft, const mn_step *from) {
    const mn_pad_params *p = from->node->params;
    if (pads_filter(draft, from)) return MN_OK; /* the convolution does it */
    if (p->in_dims[MN_MAX_RANK - 1] != p->out_dims[MN_MAX_RANK - 1]) {
        return mn_draft_refuse(draft, from, "it pads channels", "pad rows and columns alone");
    }
    const mn_window w = {.k_h = 1,
                         .k_w = 1,
                         .stride_h = 1,
                         .stride_w = 1,
                         .dilation_h = 1,
                         .dilation_w = 1,
                         .pad_top = p->before[MN_MAX_RANK - 3],
                         .pad_left = p->before[MN_MAX_RANK - 2]};
    mn_draft_step *to = mn_draft_add(draft, from, MN_MCU_PAD);
    MN_TRY(make_window(draft, from, &w, to));
    MN_TRY(connect(draft, from, to, (int32_t[]){from->node->inputs[0], -1}, false));
    return mn_draft_pad_params(draft, from, to);
}

static mn_status draft_flat(mn_draft *draft, const mn_step *from, mn_mcu_kind kind) {
    mn_draft_step *to = mn_draft_add(draft, from, kind);
    MN_TRY(connect(draft, from, to, (int32_t[]){from->node->inputs[0], -1}, false));
    return kind == MN_MCU_SOFTMAX ? mn_draft_softmax_params(draft, from, to) : mn_draft_map_params(draft, from, to);
}

static bool has_8_bits(mn_type type) { return type == MN_INT8 || type == MN_UINT8; }

/* Only functions of each byte take or give uint8. */
static mn_status check_types(const mn_draft *draft, const mn_step *from) {
    const mn_node *node = from->node;
    const bool map = node->op == MN_K_QUANTIZE || node->op == MN_K_CLAMP || node->op == MN_K_UNARY;
    if (node->in == MN_INT8 && node->out == MN_INT8) return MN_OK;
    if (map && has_8_bits(node->in) && has_8_bits(node->out)) return MN_OK;
    if (node->in == MN_UINT8 || node->out == MN_UINT8) {
        return mn_draft_refuse(draft, from, "it computes in uint8", "quantise the model to int8: mobilenet quantize");
    }
    return mn_draft_refuse(draft, from, "it does not compute in int8",
                           "quantise the model to int8: mobilenet quantize");
}

static mn_status draft_step(mn_draft *draft, const mn_step *from) {
    MN_TRY(check_types(draft, from));
    switch (from->node->op) {
    case MN_K_CONV:
    case MN_K_DEPTHWISE: return draft_convolution(draft, from);
    case MN_K_FULLY_CONNECTED: return draft_fully_connected(draft, from);
    case MN_K_ADD: return draft_add(draft, from);
    case MN_K_AVERAGE_POOL:
    case MN_K_MAX_POOL: return draft_pool(draft, from);
    case MN_K_MEAN: return draft_mean(draft, from);
    case MN_K_PAD: return draft_pad(draft, from);
    case MN_K_SOFTMAX: return draft_flat(draft, from, MN_MCU_SOFTMAX);
    case MN_K_QUANTIZE:
    case MN_K_CLAMP:
    case MN_K_UNARY: return draft_flat(draft, from, MN_MCU_MAP);
    default: return mn_draft_refuse(draft, from, "it is another operator", "build the model without it");
    }
}

/* ---- The whole ------------------------------------------------------------------------------------------- */

/* At either end of a network, what only goes from float32 to int8 or back is the caller's. */
static bool is_left_out(const mn_draft *draft, const mn_step *from) {
    const mn_graph *graph = graph_of(draft);
    const mn_node *node = from->node;
    if (node->is_alias) return false;
    if (node->op == MN_K_QUANTIZE && node->in == MN_FLOAT32) return node->inputs[0] == graph->inputs[0];
    return node->op == MN_K_DEQUANTIZE && node->outputs[0] == graph->outputs[0];
}

/* The tensor that is the program's input: in the shape in which most of the network sees it. */
static mn_status take_first(mn_draft *draft) {
    const mn_graph *graph = graph_of(draft);
    const mn_plan *plan = draft->plan;
    if (graph->input_count != 1 || graph->output_count != 1) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: it has %d inputs and %d outputs; programs for microcontrollers have one of each",
                       graph->name, graph->input_count, graph->output_count);
    }
    int32_t first = graph->inputs[0];
    for (int32_t s = 0; s < plan->step_count; s++) {
        const mn_node *node = plan->steps[s].node;
        if (is_left_out(draft, &plan->steps[s]) && node->op == MN_K_QUANTIZE) first = node->outputs[0];
        if (node->is_alias || plan->same_as[node->inputs[0]] != plan->same_as[first]) continue;
        first = node->inputs[0];
        break;
    }
    mn_draft_tensor input = {.tensor = plan->same_as[first], .memory = -1};
    if (!has_8_bits(graph->tensors[first].type) || !see_pixels(&plan->shapes[first], &input)) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: its input is not one image of int8; quantise the model to int8: mobilenet quantize",
                       graph->name);
    }
    draft->input = draft->tensor_of[plan->same_as[first]] = add_tensor(draft, input);
    return MN_OK;
}

static mn_status take_last(mn_draft *draft) {
    const mn_plan *plan = draft->plan;
    int32_t last = graph_of(draft)->outputs[0];
    for (int32_t s = 0; s < plan->step_count; s++) {
        if (is_left_out(draft, &plan->steps[s]) && plan->steps[s].node->op == MN_K_DEQUANTIZE) {
            last = plan->steps[s].node->inputs[0];
        }
    }
    draft->output = draft->tensor_of[plan->same_as[last]];
    if (draft->output >= 0 && draft->output != draft->input) return MN_OK;
    return mn_fail(MN_ERROR_UNSUPPORTED, "%s: its output is a constant or its input; there is nothing to compute",
                   graph_of(draft)->name);
}

mn_status mn_draft_make(const mn_plan *plan, mn_region *region, mn_draft *out) {
    const size_t steps = 2 * (size_t)plan->step_count, tensors = (size_t)plan->graph->tensor_count;
    *out = (mn_draft){.region = region, .plan = plan};
    out->steps = mn_region_alloc(region, steps, sizeof *out->steps);
    out->tensors = mn_region_alloc(region, 3 * steps + 1, sizeof *out->tensors);
    out->tensor_of = mn_region_alloc(region, tensors, sizeof *out->tensor_of);
    if (!out->steps || !out->tensors || !out->tensor_of) return mn_fail_memory("the program");
    for (size_t i = 0; i < tensors; i++) out->tensor_of[i] = -1;
    MN_TRY(take_first(out));
    for (int32_t s = 0; s < plan->step_count; s++) {
        const mn_step *from = &plan->steps[s];
        if (from->node->is_alias || is_left_out(out, from)) continue;
        MN_TRY(draft_step(out, from));
    }
    return take_last(out);
}
