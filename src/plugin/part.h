/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Nodes that run as one: a model of them, and a session. These are the functions of a registration. */
#ifndef MN_PLUGIN_PART_H
#define MN_PLUGIN_PART_H

#include "delegate/tflite_abi.h"
#include "plugin/settings.h"

/** What the delegate of this library points to with `data`; outlives its parts and does not change. */
typedef struct mn_plugin {
    tfl_delegate delegate;
    mn_settings settings;
} mn_plugin;

/** Registration of a part: `buffer` of its init is a tfl_delegate_params. Parts may be used on several threads at once,
 *  each on one at a time. Failures go to the context's report_error. */
tfl_registration mn_part_registration(void);

/** Hands a sentence to the interpreter. */
void mn_part_report(tfl_context *context, const char *sentence);

#endif
