/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* usage: drive MODEL [TIER [THREADS]]
 *        drive --tiers                  prints their names
 *        drive --steps MODEL TIER N     prints the steps of a session with N threads, and runs nothing
 * One inference of a model between the marks of marks.h, after one to warm up; each step is a part of its own. Prints
 *   output HASH
 *   step PART UNITS GRAIN MACS KERNEL   for each step that does something */
#define _GNU_SOURCE /* syscall */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "marks.h"
#include "mobilenet.h"
#include "mobilenet_inspect.h"

/* The library asks for the time before and after each step that it measures, so a clock of our own, which the linker
 * takes before the system's, marks where steps begin and end: while `clock_on`, call k ends part k. It returns
 * k (k + 1) / 2, so that the step between calls k - 1 and k took k. */
static bool clock_on;
static uint32_t clock_calls;

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!clock_on) return (int)syscall(SYS_clock_gettime, clock, now);
    syscall(SYS_getpriority, MARK, MARK_PART);
    now->tv_sec = 0;
    now->tv_nsec = (long)clock_calls * (clock_calls + 1) / 2;
    clock_calls++;
    return 0;
}

/* Any bytes, or floats in [-1, 1), the same in each run; drive_litert.py has the same bytes. */
static mn_status fill_inputs(const mn_model *model, mn_session *session) {
    for (int32_t i = 0; i < mn_model_input_count(model); i++) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        const mn_status status = mn_session_tensor(session, mn_model_input(model, i), &info);
        if (status != MN_OK) return status;
        uint8_t *bytes = mn_session_input(session, i);
        float *floats = mn_session_input(session, i);
        uint32_t state = 1;
        for (size_t k = 0; k < info.bytes / (info.type == MN_FLOAT32 ? sizeof *floats : 1); k++) {
            state = state * 1103515245 + 12345;
            if (info.type == MN_FLOAT32) {
                floats[k] = (float)(state >> 16 & 255) / 128.0f - 1.0f;
            } else {
                bytes[k] = (uint8_t)(state >> 16);
            }
        }
    }
    return MN_OK;
}

static uint32_t hash_output(const mn_model *model, const mn_session *session) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    const uint8_t *bytes = mn_session_output(session, 0);
    uint32_t hash = 0;
    if (!bytes || mn_session_tensor(session, mn_model_output(model, 0), &info) != MN_OK) return 0;
    for (size_t i = 0; i < info.bytes; i++) hash = hash * 31 + bytes[i];
    return hash;
}

static void print_steps(const mn_model *model, const mn_session *session) {
    for (int32_t s = 0; s < mn_session_step_count(session); s++) {
        mn_step_info step = MN_INIT(mn_step_info);
        if (mn_session_step(session, s, &step) != MN_OK || step.units == 0) continue;
        int64_t macs = 0;
        for (int32_t i = 0; i < step.op_count; i++) {
            mn_op_info op = MN_INIT(mn_op_info);
            if (mn_model_op(model, step.ops[i], &op) == MN_OK) macs += op.macs;
        }
        printf("step %" PRIu64 " %" PRId32 " %" PRId32 " %" PRId64 " %s\n", step.last_ns, step.units, step.grain, macs,
               step.kernel);
    }
}

static mn_status drive(const mn_model *model, mn_session *session) {
    mn_status status = fill_inputs(model, session);
    if (status == MN_OK) status = mn_session_run(session);
    if (status == MN_OK) status = fill_inputs(model, session); /* the first run used their memory */
    if (status != MN_OK) return status;
    mn_session_profile(session, true);
    clock_on = true;
    syscall(SYS_getpriority, MARK, MARK_BEGIN);
    status = mn_session_run(session);
    syscall(SYS_getpriority, MARK, MARK_END);
    clock_on = false;
    printf("output %08" PRIx32 "\n", hash_output(model, session));
    print_steps(model, session);
    return status;
}

static void print_tiers(void) {
    for (int32_t i = 0; mn_cpu_tier(i); i++) puts(mn_cpu_tier(i));
}

int main(int argc, char **argv) {
    mn_model *model = NULL;
    mn_session *session = NULL;
    mn_session_options options = MN_INIT(mn_session_options);
    const bool steps_alone = argc == 5 && strcmp(argv[1], "--steps") == 0;
    if (steps_alone) argc--, argv++;
    if (argc < 2 || argc > 4) {
        fputs("usage: drive [--steps] MODEL [TIER [THREADS]], or drive --tiers\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "--tiers") == 0) {
        print_tiers();
        return 0;
    }
    if (argc > 2) options.cpu = argv[2];
    if (argc > 3) options.threads = (int32_t)strtol(argv[3], NULL, 10);
    mn_status status = mn_model_open(argv[1], &model);
    if (status == MN_OK) status = mn_session_create(model, &options, &session);
    if (status == MN_OK && steps_alone) print_steps(model, session);
    if (status == MN_OK && !steps_alone) status = drive(model, session);
    if (status != MN_OK) fprintf(stderr, "drive: %s\n", mn_error_detail());
    mn_session_close(&session);
    mn_model_close(&model);
    return status == MN_OK ? 0 : 1;
}
