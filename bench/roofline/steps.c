/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { WARM_UP = 3, LEAST_RUNS = 5, MOST_RUNS = 2000 };

double step_bound(const step_report *step) { return step->mac_ns > step->memory_ns ? step->mac_ns : step->memory_ns; }

double model_bound(const model_report *report) {
    double sum = 0;
    for (int32_t s = 0; s < report->step_count; s++) sum += step_bound(&report->steps[s]);
    return sum;
}

/* ---- What a step has to do --------------------------------------------------------------------------- */

/* For each tensor the operator that reads it last; INT32_MAX for outputs of the model. */
static mn_status find_last_uses(const mn_model *model, int32_t *last_use) {
    for (int32_t i = 0; i < mn_model_tensor_count(model); i++) last_use[i] = -1;
    for (int32_t i = 0; i < mn_model_op_count(model); i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        MN_TRY(mn_model_op(model, i, &op));
        for (int32_t j = 0; j < op.input_count; j++) {
            if (op.inputs[j] >= 0) last_use[op.inputs[j]] = i;
        }
    }
    for (int32_t i = 0; i < mn_model_output_count(model); i++) last_use[mn_model_output(model, i)] = INT32_MAX;
    return MN_OK;
}

static bool lists(const int32_t *tensors, int32_t count, int32_t tensor) {
    for (int32_t i = 0; i < count; i++) {
        if (tensors[i] == tensor) return true;
    }
    return false;
}

/* True when an operator of the step before operator `before` reads or writes the tensor. */
static bool is_met(const mn_model *model, const step_report *step, int32_t before, int32_t tensor) {
    for (int32_t i = step->info.first_op; i < before; i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        if (mn_model_op(model, i, &op) != MN_OK) return false;
        if (lists(op.inputs, op.input_count, tensor) || lists(op.outputs, op.output_count, tensor)) return true;
    }
    return false;
}

static mn_status add_op(const mn_model *model, const mn_session *session, const int32_t *last_use, int32_t index,
                        step_report *step) {
    mn_op_info op = MN_INIT(mn_op_info);
    mn_tensor_info tensor = MN_INIT(mn_tensor_info);
    const int32_t end = step->info.first_op + step->info.op_count;
    MN_TRY(mn_model_op(model, index, &op));
    step->macs += op.macs;
    for (int32_t i = 0; i < op.input_count; i++) {
        if (op.inputs[i] < 0 || is_met(model, step, index, op.inputs[i])) continue;
        MN_TRY(mn_session_tensor(session, op.inputs[i], &tensor));
        *(tensor.data ? &step->weight_bytes : &step->in_bytes) += tensor.bytes;
    }
    for (int32_t i = 0; i < op.output_count; i++) {
        MN_TRY(mn_session_tensor(session, op.outputs[i], &tensor));
        if (last_use[op.outputs[i]] >= end) step->out_bytes += tensor.bytes;
        step->type = tensor.type == MN_FLOAT32 ? PEAK_FLOAT : PEAK_INT8;
    }
    return MN_OK;
}

/* A tensor is as far away as what was touched since it was last used: an activation as the step's tensors together,
 * a weight as a whole run. */
static void bound_step(const machine *m, size_t reuse_bytes, step_report *step) {
    if (strcmp(step->info.kernel, "alias") == 0) return;
    const int32_t near = bandwidth_point(step->in_bytes + step->out_bytes), far = bandwidth_point(reuse_bytes);
    step->mac_ns = (double)step->macs / m->peak[step->type] / m->threads;
    step->memory_ns = ((double)step->in_bytes / m->memory.read[near] + (double)step->out_bytes / m->memory.write[near] +
                       (double)step->weight_bytes / m->memory.read[far]) /
                      m->threads;
}

static mn_status describe_steps(const machine *m, const int32_t *last_use, model_report *report) {
    report->reuse_bytes = mn_model_weight_bytes(report->model) + mn_session_arena_bytes(report->session);
    for (int32_t s = 0; s < report->step_count; s++) {
        step_report *step = &report->steps[s];
        step->info = (mn_step_info)MN_INIT(mn_step_info);
        MN_TRY(mn_session_step(report->session, s, &step->info));
        for (int32_t i = 0; i < step->info.op_count; i++) {
            MN_TRY(add_op(report->model, report->session, last_use, step->info.first_op + i, step));
        }
        bound_step(m, report->reuse_bytes, step);
    }
    return MN_OK;
}

/* ---- How long it takes ------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(uint64_t *values, int32_t count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return (double)(count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2);
}

static mn_tensor_info input_info(const model_report *report, int32_t i) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    (void)mn_session_input_info(report->session, i, &info); /* cannot fail: there is such an input */
    return info;
}

/* Numbers in [-1, 1) or any bytes: the same ones for every run, from a linear congruential generator (the constants
 * are Knuth's MMIX). */
static void invent(const mn_tensor_info *info, uint64_t *state, uint8_t *out) {
    const size_t each = info->type == MN_FLOAT32 ? sizeof(float) : 1;
    for (size_t i = 0; i < info->bytes; i += each) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        const float number = (float)(int32_t)(*state >> 32) / 2147483648.0f;
        const uint8_t byte = (uint8_t)(*state >> 56);
        memcpy(out + i, each > 1 ? (const void *)&number : &byte, each);
    }
}

/* All inputs, one behind the other; NULL: out of memory. */
static uint8_t *invent_inputs(const model_report *report) {
    const int32_t count = mn_model_input_count(report->model);
    uint64_t state = 1;
    size_t bytes = 1, at = 0;
    for (int32_t i = 0; i < count; i++) bytes += input_info(report, i).bytes;
    uint8_t *inputs = malloc(bytes);
    for (int32_t i = 0; i < count && inputs; i++) {
        const mn_tensor_info info = input_info(report, i);
        invent(&info, &state, inputs + at);
        at += info.bytes;
    }
    return inputs;
}

/* Runs may write over their inputs. A copy takes so little time that the session's threads are still awake, as they are
 * when runs follow each other. */
static void fill_inputs(const model_report *report, const uint8_t *inputs) {
    for (int32_t i = 0; i < mn_model_input_count(report->model); i++) {
        const size_t bytes = input_info(report, i).bytes;
        memcpy(mn_session_input(report->session, i), inputs, bytes);
        inputs += bytes;
    }
}

/* Runs with and without a clock between the steps take turns, so that a slow moment meets both alike. */
static mn_status time_steps(int32_t milliseconds, const uint8_t *inputs, uint64_t *times, model_report *report) {
    mn_session *session = report->session;
    uint64_t *whole = times + (size_t)report->step_count * MOST_RUNS;
    const uint64_t end = mn_clock_ns() + (uint64_t)milliseconds * 1000000;
    int32_t runs = -WARM_UP;
    for (; runs < LEAST_RUNS || (runs < MOST_RUNS && mn_clock_ns() < end); runs++) {
        const int32_t slot = runs < 0 ? 0 : runs;
        mn_session_profile(session, false);
        fill_inputs(report, inputs);
        uint64_t start = mn_clock_ns();
        MN_TRY(mn_session_run(session));
        whole[slot] = mn_clock_ns() - start;
        mn_session_profile(session, true);
        fill_inputs(report, inputs);
        MN_TRY(mn_session_run(session));
        for (int32_t s = 0; s < report->step_count; s++) {
            mn_step_info info = MN_INIT(mn_step_info);
            MN_TRY(mn_session_step(session, s, &info));
            times[(size_t)s * MOST_RUNS + (size_t)slot] = info.last_ns;
        }
    }
    report->runs = runs;
    report->ns = median(whole, runs);
    for (int32_t s = 0; s < report->step_count; s++) {
        report->steps[s].ns = median(times + (size_t)s * MOST_RUNS, runs);
    }
    return MN_OK;
}

/* ---- Together ---------------------------------------------------------------------------------------- */

static mn_status open_session(const machine *m, const char *cpu, model_report *report) {
    mn_session_options options = MN_INIT(mn_session_options);
    options.threads = m->threads;
    options.cpu = cpu;
    MN_TRY(mn_model_open(report->path, &report->model));
    MN_TRY(mn_session_create(report->model, &options, &report->session));
    report->step_count = mn_session_step_count(report->session);
    report->steps = calloc((size_t)report->step_count + 1, sizeof *report->steps);
    return report->steps ? MN_OK : mn_fail_memory("the report of the steps");
}

static mn_status measure_session(const machine *m, int32_t milliseconds, model_report *report) {
    uint64_t *times = calloc(((size_t)report->step_count + 1) * MOST_RUNS, sizeof *times);
    int32_t *last_use = calloc((size_t)mn_model_tensor_count(report->model) + 1, sizeof *last_use);
    uint8_t *inputs = invent_inputs(report);
    mn_status status = times && last_use && inputs ? MN_OK : mn_fail_memory("the times of the steps");
    if (status == MN_OK) status = find_last_uses(report->model, last_use);
    if (status == MN_OK) status = describe_steps(m, last_use, report);
    if (status == MN_OK) status = time_steps(milliseconds, inputs, times, report);
    free(inputs);
    free(times);
    free(last_use);
    return status;
}

mn_status model_report_make(const char *path, const machine *m, const char *cpu, int32_t milliseconds,
                            model_report *out) {
    *out = (model_report){.path = path};
    mn_status status = open_session(m, cpu, out);
    if (status == MN_OK) status = measure_session(m, milliseconds, out);
    if (status != MN_OK) model_report_free(out);
    return status;
}

void model_report_free(model_report *report) {
    mn_session_close(&report->session);
    mn_model_close(&report->model);
    free(report->steps);
    report->steps = NULL;
}
