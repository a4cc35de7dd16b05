/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A user of the installed library of photos; C and C++. */
#include <stdio.h>
#include <string.h>

#include <mobilenet_image.h>

int main(void) {
    static const char ppm[] = "P6\n2 1\n255\nabcdef";
    unsigned char rgb[6];
    mn_image *image = NULL;
    if (mn_image_open("no such photo.jpg", NULL, &image) != MN_ERROR_IO || image != NULL) return 1;
    /* One sentence for both libraries: the second one fails through the first. */
    if (strstr(mn_error_detail(), "no such photo.jpg") == NULL) return 1;
    if (mn_image_from_memory(ppm, sizeof ppm - 1, "a.ppm", NULL, &image) != MN_OK) return 1;
    if (mn_image_copy(image, rgb, sizeof rgb) != MN_OK || memcmp(rgb, "abcdef", sizeof rgb) != 0) return 1;
    mn_image_close(&image);
    printf("%s\n", mn_version());
    return 0;
}
