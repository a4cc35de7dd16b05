/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The contact sheet: a plain sign of each class, and pictures of it. */
#ifndef SIGNS_SHEET_H
#define SIGNS_SHEET_H

#include "picture.h"

/** Writes a PNG with one row for each class, in two columns of rows read downwards. False when it cannot. */
bool sheet_save(const char *path, studio *s, uint64_t seed, split which);

#endif
