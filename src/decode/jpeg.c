/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* JPEG by libjpeg-turbo with its defaults (accurate integer DCT, smooth chroma upsampling), as Pillow uses it. */

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#include "base/status.h"
#include "decode/codec.h"
#include "decode/exif.h"

_Static_assert(MN_PICTURE_MAX_SIDE <= JPEG_MAX_DIMENSION, "libjpeg decodes every size that is allowed");

/* A progressive file repeats work in every scan; the usual ones have about ten. */
#define MAX_SCANS 100

typedef struct reader {
    struct jpeg_decompress_struct codec;
    struct jpeg_error_mgr error;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    bool too_many_scans, begun;
    const mn_encoded *encoded;
} reader;

static void on_error(j_common_ptr codec) {
    reader *r = codec->client_data;
    longjmp(r->escape, 1);
}

/* A warning after which every pixel still has the value its author meant. */
static bool is_harmless(int code) {
    switch (code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL: return true;
    default: return false;
    }
}

/* Level -1 is a warning: damage that libjpeg would paper over with made-up pixels. Others are traces. */
static void on_message(j_common_ptr codec, int level) {
    if (level < 0 && !is_harmless(codec->err->msg_code)) on_error(codec);
}

static void on_progress(j_common_ptr codec) {
    reader *r = codec->client_data;
    if (r->codec.input_scan_number <= MAX_SCANS) return;
    r->too_many_scans = true;
    longjmp(r->escape, 1);
}

static void say_nothing(j_common_ptr codec) { (void)codec; }

/* The status that libjpeg's message stands for. */
static mn_status classify(int code) {
    switch (code) {
    case JERR_OUT_OF_MEMORY: return MN_ERROR_MEMORY;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_SOF_UNSUPPORTED: return MN_ERROR_UNSUPPORTED;
    default: return MN_ERROR_FORMAT;
    }
}

static mn_status fail_with_message(reader *r) {
    const char *name = r->encoded->name;
    if (r->too_many_scans)
        return mn_fail(MN_ERROR_LIMIT, "%s: has more than %d scans; save the picture again as a baseline JPEG", name,
                       MAX_SCANS);
    if (r->error.msg_code == JERR_IMAGE_TOO_BIG)
        return mn_encoded_check_size(r->encoded, r->codec.image_width, r->codec.image_height);
    if (r->error.msg_code == JERR_NO_BACKING_STORE)
        return mn_encoded_too_much(r->encoded, "JPEG of several scans", r->codec.image_width, r->codec.image_height);
    char text[JMSG_LENGTH_MAX];
    r->error.format_message((j_common_ptr)&r->codec, text);
    mn_status status = classify(r->error.msg_code);
    if (status == MN_ERROR_MEMORY) return mn_fail_memory("a JPEG picture");
    if (status == MN_ERROR_UNSUPPORTED)
        return mn_fail(status, "%s: this kind of JPEG is not supported (%s); save the picture as a baseline JPEG", name,
                       text);
    if (!r->begun)
        return mn_fail(status, "%s: the JPEG headers are damaged (%s); fetch or save the picture again", name, text);
    return mn_fail(status, "%s: the JPEG data is damaged near row %u of %u (%s); fetch or save the picture again", name,
                   (unsigned)r->codec.output_scanline, (unsigned)r->codec.output_height, text);
}

/* round(a * b / 255) without a division. */
static int multiply_255(int a, int b) {
    int t = a * b + 128;
    return (t + (t >> 8)) >> 8;
}

/* Print inks to RGB. The four values are stored inverted (255 = no ink), Adobe's habit, which Pillow takes for
 * granted in every four-component file. */
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, uint32_t width) {
    for (uint32_t x = 0; x < width; x++) {
        int light = cmyk[3];
        for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(light - multiply_255(255 - cmyk[c], light));
        cmyk += 4;
        rgb += 3;
    }
}

static bool begins(const struct jpeg_marker_struct *marker, const char *mark, size_t bytes) {
    return marker->data_length > bytes && memcmp(marker->data, mark, bytes) == 0;
}

/* APP1 segments hold EXIF data or XMP, behind a mark. The first EXIF data counts, then the first XMP. */
static int find_orientation(const struct jpeg_decompress_struct *codec) {
    static const char exif[] = "Exif\0", xmp[] = "http://ns.adobe.com/xap/1.0/";
    int found = 0;
    jpeg_saved_marker_ptr marker = codec->marker_list;
    while (marker && !begins(marker, exif, sizeof exif)) marker = marker->next;
    if (marker) found = mn_exif_orientation(marker->data, marker->data_length);
    for (marker = codec->marker_list; marker && found == 0; marker = marker->next)
        if (begins(marker, xmp, sizeof xmp)) found = mn_xmp_orientation(marker->data, marker->data_length);
    return found;
}

static mn_status read_header(reader *r) {
    j_decompress_ptr codec = &r->codec;
    jpeg_mem_src(codec, r->encoded->data, (unsigned long)r->encoded->bytes);
    jpeg_save_markers(codec, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(codec, TRUE);
    MN_TRY(mn_encoded_check_size(r->encoded, codec->image_width, codec->image_height));
    int components = codec->num_components;
    if (components != 1 && components != 3 && components != 4)
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: has %d colour components, but only 1, 3 or 4 are supported; save it as RGB",
                       r->encoded->name, components);
    if (codec->data_precision != 8)
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: has %d bits per sample, but only 8 are supported; save it with 8 bits", r->encoded->name,
                       codec->data_precision);
    codec->out_color_space = components == 4 ? JCS_CMYK : JCS_RGB;
    return MN_OK;
}

static mn_status read_picture(reader *r) {
    j_decompress_ptr codec = &r->codec;
    const mn_rows *rows = r->encoded->rows;
    MN_TRY(read_header(r));
    MN_TRY(mn_encoded_begin(r->encoded, codec->image_width, codec->image_height, find_orientation(codec)));
    r->begun = true;
    jpeg_start_decompress(codec);
    bool cmyk = codec->out_color_space == JCS_CMYK;
    j_common_ptr common = (j_common_ptr)codec;
    JSAMPARRAY line = codec->mem->alloc_sarray(common, JPOOL_IMAGE, codec->output_width * MN_PICTURE_CHANNELS, 1);
    JSAMPARRAY inks = cmyk ? codec->mem->alloc_sarray(common, JPOOL_IMAGE, codec->output_width * 4, 1) : NULL;
    while (codec->output_scanline < codec->output_height) {
        jpeg_read_scanlines(codec, cmyk ? inks : line, 1);
        if (cmyk) cmyk_to_rgb(inks[0], line[0], codec->output_width);
        rows->row(rows->self, line[0]);
    }
    jpeg_finish_decompress(codec);
    return MN_OK;
}

/* Apart from its caller because a jump to `escape` leaves local variables undefined: everything is in `r`. */
static mn_status read_guarded(reader *r) {
    if (setjmp(r->escape)) return fail_with_message(r);
    jpeg_create_decompress(&r->codec);
    r->codec.progress = &r->progress;
    r->codec.mem->max_memory_to_use = (long)MN_PICTURE_MAX_MEMORY; /* for the coefficients of several scans */
    return read_picture(r);
}

mn_status mn_jpeg_decode(const mn_encoded *encoded) {
    reader r = {.encoded = encoded};
    r.codec.err = jpeg_std_error(&r.error);
    r.error.error_exit = on_error;
    r.error.emit_message = on_message;
    r.error.output_message = say_nothing;
    r.progress.progress_monitor = on_progress;
    r.codec.client_data = &r;
    mn_status status = read_guarded(&r);
    jpeg_destroy_decompress(&r.codec);
    return status;
}
