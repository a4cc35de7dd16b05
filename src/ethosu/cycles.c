/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "ethosu/cycles.h"

#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/extremes.h"
#include "ethosu/registers.h"

/* What copies and operations wait for: those before, of which the NPU keeps some in flight. */
enum { FLIGHT = 64 };

typedef struct machine {
    const mn_ethosu_config *config;
    const mn_ethosu_system *system;
    mn_ethosu_registers registers;
    double now;                         /* when the next command is read */
    double copies[FLIGHT], ops[FLIGHT]; /* ends, those of the latest ones: number % FLIGHT */
    size_t copy_count, op_count;
} machine;

mn_ethosu_system mn_ethosu_usual_system(const mn_ethosu_config *config) {
    if (config->product == MN_ETHOSU_U65) {
        return (mn_ethosu_system){1e9, {{"DRAM", 12, 500}, {"SRAM", 16, 32}}, {0, 0, 1}};
    }
    return (mn_ethosu_system){500e6, {{"flash", 1, 64}, {"SRAM", 8, 32}}, {0, 1, 1}};
}

mn_ethosu_system mn_ethosu_imx93_system(void) {
    return (mn_ethosu_system){1e9, {{"DRAM", 7.466, 500}, {"SRAM", 16, 32}}, {0, 0, 1}};
}

/* ---- Shapes of operations -----------------------------------------------------------------------------------------
 */

/* One operation as its registers tell it. Sizes of maps are in elements. */
typedef struct shape {
    int32_t h, w, c, in_c;                /* output; channels of the input */
    int32_t block_h, block_w, block_c;    /* what is computed at a time */
    int32_t k_h, k_w, stride_h, stride_w; /* without dilation */
    int32_t reach_h, reach_w;             /* with it */
    int32_t in_bytes, out_bytes;          /* of an element */
    bool part_kernel;
} shape;

static double ceil_div(double a, double b) { return ceil(a / b); }

static shape shape_of(const mn_ethosu_registers *r) {
    const mn_npu_kernel_stride k = mn_npu_get_kernel_stride(r);
    const int32_t reach_h = mn_npu_size(r, MN_NPU_KERNEL_HEIGHT_M1), reach_w = mn_npu_size(r, MN_NPU_KERNEL_WIDTH_M1);
    return (shape){.h = mn_npu_size(r, MN_NPU_OFM_HEIGHT_M1),
                   .w = mn_npu_size(r, MN_NPU_OFM_WIDTH_M1),
                   .c = mn_npu_size(r, MN_NPU_OFM_DEPTH_M1),
                   .in_c = mn_npu_size(r, MN_NPU_IFM_DEPTH_M1),
                   .block_h = mn_npu_size(r, MN_NPU_OFM_BLK_HEIGHT_M1),
                   .block_w = mn_npu_size(r, MN_NPU_OFM_BLK_WIDTH_M1),
                   .block_c = mn_npu_size(r, MN_NPU_OFM_BLK_DEPTH_M1),
                   .k_h = (reach_h - 1) / k.dilation_h + 1,
                   .k_w = (reach_w - 1) / k.dilation_w + 1,
                   .stride_h = k.stride_h,
                   .stride_w = k.stride_w,
                   .reach_h = reach_h,
                   .reach_w = reach_w,
                   .in_bytes = 1 << (mn_npu_get(r, MN_NPU_IFM_PRECISION) >> 2 & 3),
                   .out_bytes = 1 << (mn_npu_get(r, MN_NPU_OFM_PRECISION) >> 1 & 3),
                   .part_kernel = k.part_kernel};
}

/* ---- Multipliers --------------------------------------------------------------------------------------------------
 */

/* Micro-blocks along `size`, which is cut into blocks and each of these into micro-blocks. */
static double micro_blocks(int32_t size, int32_t block, int32_t micro) {
    const int32_t whole = size / block, rest = size % block;
    return whole * ceil_div(block, micro) + ceil_div(rest, micro);
}

/* Steps of a filter on one micro-block of outputs: each is a group of weights in the order of their stream (weights.c),
 * its padding included. */
static double filter_steps(const shape *s, const mn_ethosu_config *config, bool depthwise) {
    const double elements = (double)s->k_h * s->k_w, together = s->in_bytes == 2 ? 2 : 4;
    if (depthwise) return 4 * ceil_div(elements, 4) * s->in_bytes;
    if (s->part_kernel) return together * ceil_div(elements, together) * ceil_div(s->in_c, config->micro_in);
    const double step = s->in_bytes == 2 ? 16 : 32;
    return elements * ceil_div(s->in_c, step) * step / config->micro_in;
}

/* Cycles of the multipliers, and whether the decoder of weights is slower: a group takes it as many cycles as there are
 * output channels in it. */
static double array_cycles(const shape *s, const mn_ethosu_config *config, bool depthwise, bool *by_weights) {
    const int32_t channels = (s->c + config->cores - 1) / config->cores;
    const int32_t block_c = mn_max_i32(1, (s->block_c + config->cores - 1) / config->cores);
    int32_t micro_h = config->micro_h, micro_w = config->micro_w;
    if (s->h == 1 && s->k_h == 1 && micro_h == 2 && s->w % 2 == 0) {
        micro_h = 1; /* rows of one line are taken four wide */
        micro_w = 4;
    }
    const double steps = filter_steps(s, config, depthwise) * micro_blocks(channels, block_c, config->micro_out);
    const double outputs = micro_blocks(s->h, s->block_h, micro_h) * micro_blocks(s->w, s->block_w, micro_w);
    const double blocks = ceil_div(s->h, s->block_h) * ceil_div(s->w, s->block_w);
    const double decoding = blocks * steps * config->micro_out;
    *by_weights = decoding > outputs * steps;
    return *by_weights ? decoding : outputs * steps;
}

static double pool_cycles(const shape *s, const mn_ethosu_config *config, int32_t mode) {
    const double outputs = micro_blocks(s->h, s->block_h, config->micro_h) *
                           micro_blocks(s->w, s->block_w, config->micro_w) *
                           micro_blocks(s->c, s->block_c, config->micro_out);
    if (mode == MN_NPU_POOL_REDUCE_SUM) return outputs * ceil_div(s->in_c, config->micro_in) * s->in_bytes;
    return outputs * mn_max_f64(4, (double)s->k_h * s->k_w) * (s->in_bytes == 2 ? 2 : 1) / config->cores;
}

/* ---- Output stage -------------------------------------------------------------------------------------------------
 */

/* Cycles of one element with 256 multipliers, as Vela's table of architectures has them; fewer take longer. */
static double output_cycles(const shape *s, const mn_ethosu_config *config, int32_t code, int32_t mode,
                            int32_t activation) {
    double each = 0.25;
    if (code == MN_NPU_OP_POOL && mode == MN_NPU_POOL_MAX) each = 0.125;
    if (code == MN_NPU_OP_ELEMENTWISE) {
        each = mode == MN_NPU_MUL ? 0.375 : mode == MN_NPU_ADD || mode == MN_NPU_SUB ? 0.75 : 0.25;
        if (s->in_bytes == 4) each = mode == MN_NPU_CLZ ? 1.125 : 0.625;
    }
    if (activation >= 3) each = mn_max_f64(each, 1); /* tables */
    return each * 256 / config->macs * s->h * s->w * s->c;
}

/* ---- Memories -----------------------------------------------------------------------------------------------------
 */

typedef struct traffic {
    double bytes[2]; /* of each port */
    double wait;     /* of the slowest that is read */
} traffic;

static const mn_ethosu_port *port_of(const machine *m, int32_t region, int32_t *number) {
    *number = m->system->port_of[region >= 0 && region < MN_ETHOSU_REGIONS ? region : MN_ETHOSU_FAST];
    return &m->system->ports[*number];
}

static void move(const machine *m, traffic *t, int32_t region_code, double bytes, bool reads) {
    int32_t number;
    const mn_ethosu_port *port = port_of(m, mn_npu_get(&m->registers, region_code), &number);
    t->bytes[number] += bytes;
    if (reads) t->wait = mn_max_f64(t->wait, port->wait);
}

/* Along one direction: input elements that all blocks read, those twice that two blocks need. */
static double read_along(int32_t size, int32_t block, int32_t stride, int32_t reach) {
    const int32_t whole = size / block, rest = size % block;
    return whole * ((block - 1.0) * stride + reach) + (rest > 0 ? (rest - 1.0) * stride + reach : 0);
}

static double stream_bytes(const machine *m, int32_t first, int32_t second) {
    const uint32_t more = m->config->cores > 1 ? m->registers.wide[second].low : 0;
    return (double)m->registers.wide[first].low + more;
}

/* Inputs are read for each block of output channels that needs them, weights for each block of rows and columns. */
static traffic windowed_traffic(const machine *m, const shape *s, int32_t code) {
    traffic t = {{0}, 0};
    const double across = ceil_div(s->c, s->block_c), blocks = ceil_div(s->h, s->block_h) * ceil_div(s->w, s->block_w);
    const double area = read_along(s->h, s->block_h, s->stride_h, s->reach_h) *
                        read_along(s->w, s->block_w, s->stride_w, s->reach_w) * s->in_bytes;
    move(m, &t, MN_NPU_IFM_REGION, code == MN_NPU_OP_CONV ? area * s->in_c * across : area * s->c, true);
    if (code != MN_NPU_OP_POOL) {
        move(m, &t, MN_NPU_WEIGHT_REGION, blocks * stream_bytes(m, MN_NPU_WEIGHT_LENGTH, MN_NPU_WEIGHT1_LENGTH), true);
        move(m, &t, MN_NPU_SCALE_REGION, blocks * stream_bytes(m, MN_NPU_SCALE_LENGTH, MN_NPU_SCALE1_LENGTH), true);
    }
    move(m, &t, MN_NPU_OFM_REGION, (double)s->h * s->w * s->c * s->out_bytes, false);
    return t;
}

static traffic elementwise_traffic(const machine *m, const shape *s, int32_t mode) {
    traffic t = {{0}, 0};
    const double elements = (double)s->h * s->w * s->c;
    const int32_t broadcast = mn_npu_get(&m->registers, MN_NPU_IFM2_BROADCAST);
    move(m, &t, MN_NPU_IFM_REGION, elements * s->in_bytes, true);
    if (!mn_npu_is_unary(mode) && !(broadcast & MN_NPU_SCALAR)) {
        const double repeated = (broadcast & MN_NPU_BROADCAST_H ? (double)s->h : 1) *
                                (broadcast & MN_NPU_BROADCAST_W ? s->w : 1) *
                                (broadcast & MN_NPU_BROADCAST_C ? s->c : 1);
        move(m, &t, MN_NPU_IFM2_REGION, elements / repeated * s->in_bytes, true);
    }
    move(m, &t, MN_NPU_OFM_REGION, elements * s->out_bytes, false);
    return t;
}

/* ---- One operation ------------------------------------------------------------------------------------------------
 */

/* Stages work on different blocks at the same time: the slowest sets the pace, the others add their first or last. */
static void set_busy(mn_ethosu_cost *cost, const machine *m, const shape *s, double array, double output,
                     const traffic *t) {
    const double blocks = ceil_div(s->h, s->block_h) * ceil_div(s->w, s->block_w) * ceil_div(s->c, s->block_c);
    const double memory = mn_max_f64(t->bytes[0] / m->system->ports[0].bytes, t->bytes[1] / m->system->ports[1].bytes);
    const double most = mn_max_f64(array, mn_max_f64(output, memory));
    cost->busy = t->wait + most + (array + output + memory - most) / blocks;
    cost->bytes = t->bytes[0] + t->bytes[1];
    if (most == output) cost->bound = MN_ETHOSU_BY_OUTPUT;
    if (most == memory || t->wait > most) cost->bound = MN_ETHOSU_BY_MEMORY;
}

static void cost_of_op(const machine *m, mn_ethosu_cost *cost) {
    const shape s = shape_of(&m->registers);
    const double elements = (double)s.h * s.w * s.c, taps = (double)s.k_h * s.k_w;
    const double output =
        output_cycles(&s, m->config, cost->code, cost->mode, mn_npu_get(&m->registers, MN_NPU_ACTIVATION) & 31);
    double array = 0;
    bool by_weights = false;
    traffic t;
    cost->h = s.h;
    cost->w = s.w;
    cost->c = s.c;
    cost->in_c = s.in_c;
    if (cost->code == MN_NPU_OP_ELEMENTWISE) {
        t = elementwise_traffic(m, &s, cost->mode);
        set_busy(cost, m, &s, array, output, &t);
        return;
    }
    cost->k_h = s.k_h;
    cost->k_w = s.k_w;
    if (cost->code == MN_NPU_OP_POOL) {
        array = pool_cycles(&s, m->config, cost->mode);
    } else {
        array = array_cycles(&s, m->config, cost->code == MN_NPU_OP_DEPTHWISE, &by_weights);
        cost->macs = elements * taps * (cost->code == MN_NPU_OP_CONV ? s.in_c : 1);
    }
    cost->bound = by_weights ? MN_ETHOSU_BY_WEIGHTS : MN_ETHOSU_BY_MACS;
    t = windowed_traffic(m, &s, cost->code);
    set_busy(cost, m, &s, array, output, &t);
}

static void cost_of_copy(const machine *m, mn_ethosu_cost *cost) {
    const mn_ethosu_registers *r = &m->registers;
    int32_t number;
    const mn_ethosu_port *from = port_of(m, mn_npu_get(r, MN_NPU_DMA0_SRC_REGION), &number);
    const mn_ethosu_port *to = port_of(m, mn_npu_get(r, MN_NPU_DMA0_DST_REGION), &number);
    cost->bytes = (double)mn_npu_address(r, MN_NPU_DMA0_LEN);
    cost->busy = from->wait + cost->bytes / mn_min_f64(from->bytes, to->bytes);
    cost->bound = MN_ETHOSU_BY_MEMORY;
}

/* ---- Timeline -----------------------------------------------------------------------------------------------------
 */

/* When at most `kept` of the latest are still running. */
static double wait_for(const double *ends, size_t count, size_t kept) {
    return count > kept && kept < FLIGHT ? ends[(count - 1 - kept) % FLIGHT] : 0;
}

/* Operations run one after another, and copies do, but one of each at the same time. */
static void start(machine *m, mn_ethosu_cost *cost) {
    const bool copies = cost->code == MN_NPU_OP_DMA_START;
    double *ends = copies ? m->copies : m->ops;
    size_t *count = copies ? &m->copy_count : &m->op_count;
    cost->begin = mn_max_f64(m->now, wait_for(ends, *count, 0));
    cost->end = cost->begin + cost->busy;
    ends[(*count)++ % FLIGHT] = cost->end;
}

static mn_ethosu_cost *add(mn_ethosu_estimate *e) {
    if ((e->count & (e->count - 1)) == 0) { /* room doubles */
        mn_ethosu_cost *costs = realloc(e->costs, (size_t)(e->count ? 2 * e->count : 1) * sizeof *costs);
        if (!costs) return NULL;
        e->costs = costs;
    }
    e->costs[e->count] = (mn_ethosu_cost){0};
    return &e->costs[e->count++];
}

static mn_status execute(machine *m, const mn_ethosu_command *command, size_t number, mn_ethosu_estimate *e) {
    if (command->code == MN_NPU_OP_DMA_WAIT) {
        m->now = mn_max_f64(m->now, wait_for(m->copies, m->copy_count, command->param));
    } else if (command->code == MN_NPU_OP_KERNEL_WAIT) {
        m->now = mn_max_f64(m->now, wait_for(m->ops, m->op_count, command->param));
    }
    if (!mn_npu_starts(command)) return MN_OK;
    mn_ethosu_cost *cost = add(e);
    if (!cost) return mn_fail_memory("the estimate of an Ethos-U's program");
    cost->code = command->code;
    cost->mode = command->param;
    cost->command = number;
    if (command->code == MN_NPU_OP_DMA_START) cost_of_copy(m, cost);
    if (command->code != MN_NPU_OP_DMA_START) cost_of_op(m, cost);
    start(m, cost);
    e->cycles = mn_max_f64(e->cycles, cost->end);
    return MN_OK;
}

mn_status mn_ethosu_estimate_make(const mn_ethosu_stream *stream, const mn_ethosu_system *system,
                                  mn_ethosu_estimate *out) {
    *out = (mn_ethosu_estimate){0};
    machine *m = calloc(1, sizeof *m);
    if (!m) return mn_fail_memory("the estimate of an Ethos-U's program");
    m->config = &stream->config;
    m->system = system;
    mn_status status = MN_OK;
    mn_ethosu_command command;
    size_t number = 0;
    for (size_t at = 0; status == MN_OK && mn_ethosu_stream_next(stream, &at, &command); number++) {
        if (command.is_long || command.code >= MN_ETHOSU_FIRST_SET) {
            mn_npu_set(&m->registers, &command);
        } else {
            status = execute(m, &command, number, out);
        }
    }
    free(m);
    if (status != MN_OK) mn_ethosu_estimate_free(out);
    return status;
}

void mn_ethosu_estimate_free(mn_ethosu_estimate *estimate) {
    free(estimate->costs);
    *estimate = (mn_ethosu_estimate){0};
}
