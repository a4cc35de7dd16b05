/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Lists of labels whose lines begin with their number, as those of Coral and Teachable Machine: "17  boxer". */
#ifndef MN_LABELS_NUMBERED_H
#define MN_LABELS_NUMBERED_H

#include <stddef.h>
#include <stdint.h>

/** Bytes of "17  ", "17: " or the like before the name in line number `index`; 0 where that is not how it begins, or
 * where no name follows. The number is part of the name unless every line of the list begins so. */
size_t mn_label_number_bytes(const char *line, size_t bytes, int32_t index);

#endif
