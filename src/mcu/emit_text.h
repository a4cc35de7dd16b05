/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Pieces of C. */
#ifndef MN_MCU_EMIT_TEXT_H
#define MN_MCU_EMIT_TEXT_H

#include <stdint.h>
#include <stdio.h>

/** A name in capitals; `upper` has room for it. */
void mn_emit_upper(const char *name, char *upper);

/** Text inside a comment or a string: what could end it, or is not printable ASCII, is left out or becomes '?'. */
void mn_emit_comment(const char *text, FILE *out);

/** The name of a layer, as text inside a comment or a string. TensorFlow's converter joins those of all operators that
 *  became one by semicolons: the first is taken, and of a long one the end. */
void mn_emit_layer(const char *name, FILE *out);

/** Elements of an array in lines, each with a comma. Bytes go on as 0 up to `room` bytes. */
void mn_emit_bytes(const int8_t *values, uint32_t count, uint32_t room, FILE *out);
void mn_emit_words(const int32_t *values, uint32_t count, FILE *out);

#endif
