/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The reports, for people and as JSON. */
#ifndef MN_ROOFLINE_PRINT_H
#define MN_ROOFLINE_PRINT_H

#include "beside.h"
#include "common/json.h"
#include "scaling.h"
#include "steps.h"

/** A loop that ran, with its result in multiply-accumulates per ns. */
typedef struct loop_result {
    const char *name;
    double rate;
} loop_result;

void print_machine(const machine *m, const loop_result *loops, int32_t count);
void print_beside(const beside_result *results, int32_t count);
void print_model(const model_report *report, const machine *m);

/** Values "loops", "read" and "write" of the object that is open. */
void json_machine(cli_json *json, const machine *m, const loop_result *loops, int32_t count);

/** Value "beside" of the object that is open. */
void json_beside(cli_json *json, const beside_result *results, int32_t count);

/** One object of the array that is open, with a prediction unless that is NULL. */
void json_model(cli_json *json, const model_report *report, const scaling *prediction);

#endif
