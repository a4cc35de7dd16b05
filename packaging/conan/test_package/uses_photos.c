/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <mobilenet_image.h>
#include <stdio.h>

/* The first bytes of a photo of each format: what is not built is refused as unsupported, the rest as cut short. */
int main(void) {
    static const struct {
        const char *name, *bytes;
    } photos[] = {
        {"JPEG", "\xff\xd8\xff\xe0        "}, {"PNG", "\x89PNG\r\n\x1a\n    "}, {"WebP", "RIFF\x40\1\1\1WEBP"}};
    for (int i = 0; i < 3; i++) {
        mn_image *image = NULL;
        const mn_status status = mn_image_from_memory(photos[i].bytes, 12, photos[i].name, NULL, &image);
        printf("%s\n", mn_error_detail());
        if (status != MN_ERROR_FORMAT) return 1;
    }
    return 0;
}
