/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Pictures into files. */
#ifndef SIGNS_ENCODE_H
#define SIGNS_ENCODE_H

#include "picture.h"

/** The JPEG form of the finished picture; `*data` is freed by the caller. False when memory is short. */
bool encode_jpeg(const studio *s, unsigned char **data, unsigned long *bytes);

/** Gives the finished picture the marks of its JPEG compression, for other formats. False when memory is short. */
bool encode_through_jpeg(studio *s);

/** Writes the finished picture as PNG or JPEG. On failure false, and errno or 0 tells why. */
bool encode_save(studio *s, const char *path, bool png);

#endif
