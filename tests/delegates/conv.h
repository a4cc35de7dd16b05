/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the delegates of this folder share: int8 convolutions in plain C, in parts of any size. */
#ifndef TESTS_DELEGATES_CONV_H
#define TESTS_DELEGATES_CONV_H

#include "delegate/tflite_abi.h"

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

EXPORT tfl_create_delegate tflite_plugin_create_delegate;
EXPORT tfl_destroy_delegate tflite_plugin_destroy_delegate;

/** An option's value; NULL where it is not given. */
const char *conv_option(const char *const *keys, const char *const *values, size_t count, const char *key);

/** Is node `index` a convolution of int8 that is computed here? */
bool conv_takes(tfl_context *context, int index);

/** The nodes of the plan that are, at most `most`, from malloc(); NULL on failure. */
tfl_int_array *conv_list(tfl_context *context, int most);

/** Kernels of parts: slots of a registration. */
void *conv_init(tfl_context *context, const char *buffer, size_t length);
tfl_status conv_prepare(tfl_context *context, tfl_node *node);
tfl_status conv_invoke(tfl_context *context, tfl_node *node);
void conv_free(tfl_context *context, void *state);

#endif
