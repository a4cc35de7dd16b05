/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "vela.h"

#include <string.h>

#include "ethosu/stream.h"

/* ---- Operators -------------------------------------------------------------------------------------------- */

/* Which versions take an operator at all, as bits: 1 << CLI_VELA_3, 1 << CLI_VELA_5. */
static int versions_with(mn_op_kind kind) {
    enum { OLD = 1 << CLI_VELA_3, NEW = 1 << CLI_VELA_5 };
    switch (kind) {
    case MN_OP_DEQUANTIZE:
    case MN_OP_CUSTOM:
    case MN_OP_GATHER:
    case MN_OP_BATCH_TO_SPACE_ND:
    case MN_OP_SPACE_TO_BATCH_ND:
    case MN_OP_DIV:
    case MN_OP_LOG_SOFTMAX:
    case MN_OP_L2_NORMALIZATION:
    case MN_OP_CAST:
    case MN_OP_REDUCE_PROD:
    case MN_OP_SQUARE: return 0;
    case MN_OP_SHAPE: return OLD;
    case MN_OP_TILE:
    case MN_OP_SUM:
    case MN_OP_REDUCE_MAX:
    case MN_OP_ELU:
    case MN_OP_RELU_0_TO_1: return NEW;
    default: return OLD | NEW;
    }
}

static const char *check_kind(mn_op_kind kind, cli_vela version) {
    if (versions_with(kind) & 1 << version) return NULL;
    return versions_with(kind) ? "this version of Vela does not have the operator" : "Vela does not have the operator";
}

/* ---- Tensors ---------------------------------------------------------------------------------------------- */

static bool takes_int32(mn_op_kind kind, cli_vela version) {
    switch (kind) {
    case MN_OP_ADD:
    case MN_OP_SUB:
    case MN_OP_MUL:
    case MN_OP_SHAPE:
    case MN_OP_TRANSPOSE: return true;
    case MN_OP_RESHAPE:
    case MN_OP_EXPAND_DIMS:
    case MN_OP_SQUEEZE:
    case MN_OP_MAXIMUM:
    case MN_OP_MINIMUM: return version == CLI_VELA_5;
    default: return false;
    }
}

static const char *check_type(const mn_op *op, mn_type type, cli_vela version) {
    switch (type) {
    case MN_FLOAT32:
    case MN_FLOAT16:
        if (op->kind == MN_OP_QUANTIZE || op->kind == MN_OP_DEQUANTIZE) {
            return "it turns floats into integers or back, and the NPU has no floats: 'mobilenet quantize --io int8'";
        }
        return "its tensors are floats, and the NPU has none: 'mobilenet quantize'";
    case MN_INT64: return "its tensors are int64, and the NPU has 8, 16 and 32 bits";
    case MN_INT32:
        return takes_int32(op->kind, version) ? NULL : "its tensors are int32, which Vela takes of few operators";
    default: return NULL;
    }
}

static const char *check_tensor(const mn_op *op, const mn_tensor *tensor, cli_vela version) {
    enum { OLD_RANK = 4 };
    if (tensor->rank > OLD_RANK && version == CLI_VELA_3) return "its tensors have more than four dimensions";
    return check_type(op, tensor->type, version);
}

static const char *check_tensors(const mn_graph *graph, const mn_op *op, cli_vela version) {
    for (int32_t i = 0; i < op->input_count; i++) {
        const mn_tensor *tensor = mn_graph_input(graph, op, i);
        const char *reason = tensor && !tensor->data ? check_tensor(op, tensor, version) : NULL;
        if (reason) return reason;
    }
    for (int32_t i = 0; i < op->output_count; i++) {
        const char *reason = check_tensor(op, mn_graph_output(graph, op, i), version);
        if (reason) return reason;
    }
    return NULL;
}

static bool takes_batches(mn_op_kind kind) {
    switch (kind) {
    case MN_OP_FULLY_CONNECTED:
    case MN_OP_RESHAPE:
    case MN_OP_SHAPE:
    case MN_OP_SLICE:
    case MN_OP_SOFTMAX:
    case MN_OP_SPLIT:
    case MN_OP_SPLIT_V:
    case MN_OP_SQUEEZE:
    case MN_OP_STRIDED_SLICE:
    case MN_OP_UNPACK: return true;
    default: return false;
    }
}

static const char *check_batch(const mn_graph *graph, const mn_op *op, cli_vela version) {
    if (takes_batches(op->kind) || (version == CLI_VELA_5 && op->kind != MN_OP_MEAN)) return NULL;
    for (int32_t i = 0; i < op->input_count; i++) {
        const mn_tensor *in = mn_graph_input(graph, op, i);
        if (in && !in->data && in->rank == 4 && in->dims[0] != 1) {
            return "it computes a batch: compile the model for one picture at a time";
        }
    }
    return NULL;
}

/* ---- Operators with conditions of their own --------------------------------------------------------------- */

static const char *check_convolution(const mn_graph *graph, const mn_op *op, cli_vela version) {
    enum { MAX_STRIDE = 3, OLD_HEIGHT = 64, OLD_AREA = 4096 };
    const mn_tensor *weights = mn_graph_input(graph, op, 1);
    const mn_op_attr *a = &op->attr;
    const bool depthwise = op->kind == MN_OP_DEPTHWISE_CONV_2D;
    const int64_t height = (int64_t)(weights->dims[1] - 1) * a->dilation_h + 1;
    const int64_t width = (int64_t)(weights->dims[2] - 1) * a->dilation_w + 1;
    if (a->stride_h > MAX_STRIDE || a->stride_w > MAX_STRIDE) {
        const bool cut = !depthwise && a->dilation_h == 1 && a->dilation_w == 1 && a->padding == MN_PAD_VALID;
        if (version == CLI_VELA_3 || !cut) return "its stride is above 3";
    }
    if (version == CLI_VELA_5) return NULL;
    if (height > OLD_HEIGHT || height * width > OLD_AREA) return "its filter is larger than 64 rows or 4096 places";
    if (depthwise && a->depth_multiplier > 1 && mn_graph_input(graph, op, 0)->dims[3] != 1) {
        return "it makes several channels of each: only one channel may come in then";
    }
    return NULL;
}

static const char *check_dense(const mn_graph *graph, const mn_op *op, cli_vela version) {
    const mn_tensor *weights = mn_graph_input(graph, op, 1);
    if (version == CLI_VELA_3 && weights->quant.count > 1) {
        return "its weights have a scale for each channel, which Vela 3.x takes of convolutions alone: 'mobilenet "
               "quantize --dense per-tensor'";
    }
    return NULL;
}

static const char *check_pool(const mn_op *op) {
    enum { SAME_MOST = 8, VALID_HEIGHT = 256, VALID_AREA = 65536 };
    const mn_op_attr *a = &op->attr;
    const bool same = a->padding == MN_PAD_SAME && op->kind == MN_OP_AVERAGE_POOL_2D;
    if (same && (a->filter_h > SAME_MOST || a->filter_w > SAME_MOST)) return "its window with padding is above 8x8";
    if (a->filter_h > VALID_HEIGHT || (int64_t)a->filter_h * a->filter_w > VALID_AREA) {
        return "its window is higher than 256 or has more than 65536 places";
    }
    return NULL;
}

static const char *check_own(const mn_graph *graph, const mn_op *op, cli_vela version) {
    switch (op->kind) {
    case MN_OP_CONV_2D:
    case MN_OP_DEPTHWISE_CONV_2D: return check_convolution(graph, op, version);
    case MN_OP_FULLY_CONNECTED: return check_dense(graph, op, version);
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D: return check_pool(op);
    default: return NULL;
    }
}

const char *cli_vela_leaves(const mn_graph *graph, int32_t index, cli_vela version) {
    const mn_op *op = &graph->ops[index];
    const char *reason = check_tensors(graph, op, version);
    if (!reason) reason = check_kind(op->kind, version);
    if (!reason) reason = check_batch(graph, op, version);
    return reason ? reason : check_own(graph, op, version);
}

bool cli_vela_depends(mn_op_kind kind) {
    switch (kind) {
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR:
    case MN_OP_STRIDED_SLICE:
    case MN_OP_TRANSPOSE:
    case MN_OP_PACK:
    case MN_OP_UNPACK:
    case MN_OP_PAD: return true;
    default: return false;
    }
}

/* ---- Channels --------------------------------------------------------------------------------------------- */

bool cli_vela_accelerator(const char *name, int32_t *outputs) {
    mn_ethosu_config config;
    if (!mn_ethosu_accelerator(name, &config)) return false;
    *outputs = config.micro_out * config.cores;
    return true;
}

static int32_t padded(int32_t channels, int32_t to) { return (channels + to - 1) / to * to; }

/* An output takes 32 products in four cycles: of 32 channels at one place of the filter, or of 8 at four places, and
 * Vela chooses for each convolution. `*places`: as they are multiplied. */
static int32_t padded_inputs(int32_t channels, int64_t *places) {
    enum { DEEP = 32, SHALLOW = 8, SHALLOW_PLACES = 4 };
    const int32_t deep = padded(channels, DEEP), shallow = padded(channels, SHALLOW);
    const int64_t rounded = (*places + SHALLOW_PLACES - 1) / SHALLOW_PLACES * SHALLOW_PLACES;
    if (deep * *places <= shallow * rounded) return deep;
    *places = rounded;
    return shallow;
}

bool cli_vela_lanes(const mn_graph *graph, int32_t index, int32_t outputs, cli_lanes *lanes) {
    const mn_op *op = &graph->ops[index];
    const mn_tensor *weights = mn_graph_input(graph, op, 1);
    int64_t places = 1;
    *lanes = (cli_lanes){.in = 1, .padded_in = 1};
    switch (op->kind) {
    case MN_OP_CONV_2D:
        places = (int64_t)weights->dims[1] * weights->dims[2];
        lanes->in = weights->dims[3];
        lanes->out = weights->dims[0];
        break;
    case MN_OP_FULLY_CONNECTED:
        lanes->in = weights->dims[1];
        lanes->out = weights->dims[0];
        break;
    case MN_OP_DEPTHWISE_CONV_2D: lanes->out = weights->dims[3]; break;
    default: return false;
    }
    double useful = (double)lanes->in * (double)places * lanes->out;
    if (op->kind != MN_OP_DEPTHWISE_CONV_2D) lanes->padded_in = padded_inputs(lanes->in, &places);
    lanes->padded_out = padded(lanes->out, outputs);
    lanes->idle = 1 - useful / ((double)lanes->padded_in * (double)places * lanes->padded_out);
    return true;
}
