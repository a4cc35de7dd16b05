/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Lets tests/oracle/pillow.py reach the decoders and the resizer. Reads requests from standard input until its end:
 *
 *     resize FILTER WIDTH HEIGHT LEFT TOP RIGHT BOTTOM OUT_WIDTH OUT_HEIGHT\n and WIDTH*HEIGHT*3 bytes
 *     decode BYTES\n and BYTES bytes of a file; "stored" for "decode" leaves it unturned
 *     fit FILTER OUT_WIDTH OUT_HEIGHT CHANNELS CROP PATH\n, the input tensor for pixels 0..255
 *
 * and answers each with "ok WIDTH HEIGHT\n" and the pixels, or "error SENTENCE\n". */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"
#include "image/prepare.h"

static int answer(mn_status status, const mn_picture *image) {
    if (status != MN_OK) return printf("error %s\n", mn_error_detail()) < 0;
    printf("ok %d %d\n", image->width, image->height);
    size_t bytes = (size_t)image->width * (size_t)image->height * MN_PICTURE_CHANNELS;
    return fwrite(image->pixels, 1, bytes, stdout) != bytes;
}

static int serve_resize(const char *request) {
    char name[32];
    int width, height, out_width, out_height;
    mn_resize_box box;
    mn_resize_filter filter;
    mn_picture in = {0}, out = {0};
    if (sscanf(request, "resize %31s %d %d %f %f %f %f %d %d", name, &width, &height, &box.left, &box.top, &box.right,
               &box.bottom, &out_width, &out_height) != 9)
        return 1;
    if (mn_resize_filter_parse(name, &filter) != MN_OK || mn_picture_create(width, height, &in) != MN_OK) return 1;
    size_t bytes = (size_t)width * (size_t)height * MN_PICTURE_CHANNELS;
    int failed = fread(in.pixels, 1, bytes, stdin) != bytes;
    if (!failed) failed = answer(mn_resize(&in, out_width, out_height, filter, &box, &out), &out);
    mn_picture_free(&in);
    mn_picture_free(&out);
    return failed;
}

static int serve_decode(const char *request) {
    size_t bytes;
    mn_picture out = {0};
    const mn_image_options options = {.as_stored = strncmp(request, "stored ", 7) == 0};
    if (sscanf(request, "%*s %zu", &bytes) != 1) return 1;
    void *data = malloc(bytes);
    if (!data) return 1;
    int failed = fread(data, 1, bytes, stdin) != bytes;
    if (!failed) failed = answer(mn_picture_decode(data, bytes, "input", &options, &out), &out);
    free(data);
    mn_picture_free(&out);
    return failed;
}

/* A gray tensor is answered as three equal channels. */
static int serve_fit(const char *request) {
    char name[32], path[256];
    int width, height, channels, crop;
    mn_preprocess_options options = MN_INIT(mn_preprocess_options);
    mn_prepare prepare;
    float scale = 1;
    int32_t zero = 0;
    mn_picture out = {0};
    if (sscanf(request, "fit %31s %d %d %d %d %255s", name, &width, &height, &channels, &crop, path) != 6) return 1;
    mn_tensor input = {.name = "input", .type = MN_UINT8, .rank = 4, .dims = {1, height, width, channels}};
    input.quant = (mn_quant){.count = 1, .scale = &scale, .zero_point = &zero};
    options.has_range = true, options.low = 0, options.high = 255;
    options.crop = crop ? MN_CROP_CENTRAL : MN_CROP_EXACT;
    if (mn_resize_filter_parse(name, &options.filter) != MN_OK ||
        mn_prepare_init(&input, NULL, &options, &prepare) != MN_OK || mn_picture_create(width, height, &out) != MN_OK)
        return 1;
    mn_fill fill = {.prepare = &prepare, .tensor = out.pixels}, *const fills[] = {&fill};
    mn_image *image = NULL;
    mn_status status = mn_image_open(path, NULL, &image);
    if (status == MN_OK) status = mn_fill_image(image, fills, 1);
    mn_fill_free(&fill);
    mn_image_close(&image);
    for (size_t i = (size_t)width * (size_t)height; channels == 1 && i-- > 0;)
        memset(out.pixels + 3 * i, out.pixels[i], 3);
    int failed = answer(status, &out);
    mn_picture_free(&out);
    return failed;
}

int main(void) {
    char request[512];
    while (fgets(request, sizeof request, stdin)) {
        int failed = strncmp(request, "resize ", 7) == 0 ? serve_resize(request)
                     : strncmp(request, "fit ", 4) == 0  ? serve_fit(request)
                                                         : serve_decode(request);
        if (failed || fflush(stdout) != 0) {
            fprintf(stderr, "image_driver: request failed: %s", request);
            return 1;
        }
    }
    return 0;
}
