/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How a camera was held: cameras store what their sensor sees, and say so beside the pixels. */
#ifndef MN_DECODE_EXIF_H
#define MN_DECODE_EXIF_H

#include <stddef.h>
#include <stdint.h>

/** The orientation in EXIF data (a TIFF file without pictures, with or without "Exif" before it): 1..8, and 0 where
 *  there is none or the data is damaged before it. */
int mn_exif_orientation(const uint8_t *data, size_t bytes);

/** The orientation in XMP, the XML that some programs write instead: 1..8, and 0 where there is none. */
int mn_xmp_orientation(const uint8_t *data, size_t bytes);

#endif
