/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "decode/kind.h"

#include <string.h>
#include <strings.h>

#include "base/status.h"
#include "decode/decode.h"

typedef struct kind {
    const char *bytes;
    size_t length, offset;
    mn_status (*decode)(const mn_encoded *encoded);
    const char *name, *remedy; /* where there is no decoder: "is NAME; REMEDY" */
} kind;

#define AT(offset, bytes) bytes, sizeof(bytes) - 1, offset
#define HEIF "convert it, for instance with 'heif-convert IN OUT.jpg' (Debian: libheif-examples)"
#define MAGICK "convert it, for instance with 'convert IN OUT.png' (Debian: imagemagick)"
#define FIRST_FRAME "convert a frame, for instance with 'convert IN[0] OUT.png' (Debian: imagemagick)"
#define VIDEO "take a frame of it, for instance with 'ffmpeg -i IN -frames:v 1 OUT.png'"
#define RAW_PHOTO "develop it, for instance with 'dcraw -e IN', which takes the JPEG out of it"

/* Decoders of libraries that may be missing (CMake's MN_IMAGE). */
#define WITHOUT(library)                                                                                               \
    "libmobilenet_image was built without " library ": build it with -DMN_IMAGE=ON where that is installed, or "       \
    "convert the photo to BMP or PPM"
#ifdef MN_HAS_JPEG
#define JPEG_DECODER mn_jpeg_decode
#else
#define JPEG_DECODER NULL
#endif
#ifdef MN_HAS_PNG
#define PNG_DECODER mn_png_decode
#else
#define PNG_DECODER NULL
#endif
#ifdef MN_HAS_WEBP
#define WEBP_DECODER mn_webp_decode
#else
#define WEBP_DECODER NULL
#endif

/* First bytes, more exact ones first. JPEG: ITU-T T.81 B.1.1.3 (SOI, then another marker). PNG: specification 5.2.
 * HEIF, AVIF and videos: ISO/IEC 14496-12, the brand behind "ftyp". Others: file(1)'s magic numbers. */
static const kind kinds[] = {
    {AT(0, "\xff\xd8\xff"), JPEG_DECODER, "a JPEG photo", WITHOUT("libjpeg-turbo")},
    {AT(0, "\x89PNG\r\n\x1a\n"), PNG_DECODER, "a PNG picture", WITHOUT("libpng")},
    {AT(8, "WEBP"), WEBP_DECODER, "a WebP picture", WITHOUT("libwebp")},
    {AT(0, "BM"), mn_bmp_decode, "", ""},
    {AT(0, "P5"), mn_pnm_decode, "", ""},
    {AT(0, "P6"), mn_pnm_decode, "", ""},
    {AT(0, "GIF8"), NULL, "a GIF picture", FIRST_FRAME},
    {AT(8, "CR\2"), NULL, "a raw photo of a Canon camera", RAW_PHOTO},
    {AT(0, "II*\0"), NULL, "a TIFF picture or a camera's raw photo", MAGICK},
    {AT(0, "MM\0*"), NULL, "a TIFF picture or a camera's raw photo", MAGICK},
    {AT(4, "ftypavif"), NULL, "an AVIF picture", HEIF},
    {AT(4, "ftypavis"), NULL, "an AVIF picture", HEIF},
    {AT(4, "ftyphei"), NULL, "a HEIC photo", HEIF},
    {AT(4, "ftyphev"), NULL, "a HEIC photo", HEIF},
    {AT(4, "ftypmif1"), NULL, "a HEIF picture", HEIF},
    {AT(4, "ftypmsf1"), NULL, "a HEIF picture", HEIF},
    {AT(4, "ftypcrx"), NULL, "a raw photo of a Canon camera", RAW_PHOTO},
    {AT(4, "ftyp"), NULL, "a video", VIDEO},
    {AT(4, "jP  \r\n\x87\n"), NULL, "a JPEG 2000 picture",
     "convert it, for instance with 'opj_decompress -i IN -o OUT.png' (Debian: libopenjp2-tools)"},
    {AT(0, "\xff\x4f\xff\x51"), NULL, "a JPEG 2000 picture",
     "convert it, for instance with 'opj_decompress -i IN -o OUT.png' (Debian: libopenjp2-tools)"},
    {AT(4, "JXL \r\n\x87\n"), NULL, "a JPEG XL picture",
     "convert it, for instance with 'djxl IN OUT.png' (Debian: libjxl-tools)"},
    {AT(0, "\xff\x0a"), NULL, "a JPEG XL picture",
     "convert it, for instance with 'djxl IN OUT.png' (Debian: libjxl-tools)"},
    {AT(0, "P1"), NULL, "a PBM picture", MAGICK},
    {AT(0, "P2"), NULL, "a PGM picture in plain text", MAGICK},
    {AT(0, "P3"), NULL, "a PPM picture in plain text", MAGICK},
    {AT(0, "P4"), NULL, "a PBM picture", MAGICK},
    {AT(0, "P7"), NULL, "a PAM picture", MAGICK},
    {AT(0, "8BPS"), NULL, "a Photoshop picture", "save it as PNG or JPEG"},
    {AT(0, "\0\0\1\0"), NULL, "an icon", MAGICK},
    {AT(0, "qoif"), NULL, "a QOI picture", MAGICK},
    {AT(0, "%PDF"), NULL, "a PDF document",
     "draw a page of it, for instance with 'pdftoppm -png -singlefile IN OUT' (Debian: poppler-utils)"},
    {AT(0, "PK\3\4"), NULL, "a zip archive", "unpack it and give the photos in it"},
    {AT(4, "TFL3"), NULL, "a .tflite model", "give it with --model"},
    {AT(0, "\x89HDF\r\n\x1a\n"), NULL, "an HDF5 file", "give a photo"},
};

/* Kinds of text, in any case, after blanks and a byte order mark. */
static const kind texts[] = {
    {AT(0, "version https://git-lfs"), NULL, "a Git LFS pointer and not the photo itself",
     "fetch the photo with 'git lfs pull'"},
    {AT(0, "<!doctype html"), NULL, "a web page and not a photo", "download the photo itself"},
    {AT(0, "<html"), NULL, "a web page and not a photo", "download the photo itself"},
    {AT(0, "<svg"), NULL, "an SVG drawing",
     "draw it, for instance with 'rsvg-convert IN -o OUT.png' (Debian: librsvg2-bin)"},
    {AT(0, "<?xml"), NULL, "an XML file, perhaps an SVG drawing",
     "draw it, for instance with 'rsvg-convert IN -o OUT.png' (Debian: librsvg2-bin)"},
};

static const kind *find_kind(const mn_encoded *encoded) {
    const uint8_t *data = encoded->data;
    size_t bytes = encoded->bytes;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const kind *k = &kinds[i];
        if (bytes >= k->offset + k->length && memcmp(data + k->offset, k->bytes, k->length) == 0) return k;
    }
    if (bytes >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) data += 3, bytes -= 3;
    for (; bytes > 0 && (*data == ' ' || (*data >= '\t' && *data <= '\r')); data++) bytes--;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const kind *k = &texts[i];
        if (bytes >= k->length && strncasecmp((const char *)data, k->bytes, k->length) == 0) return k;
    }
    return NULL;
}

mn_status mn_image_find_decoder(const mn_encoded *encoded, mn_status (**out)(const mn_encoded *encoded)) {
    const kind *found = find_kind(encoded);
    if (encoded->bytes == 0)
        return mn_fail(MN_ERROR_FORMAT, "%s: is empty; fetch or save the photo again", encoded->name);
    if (!found)
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: is not a photo of a supported kind; give a " MN_IMAGE_KINDS " file",
                       encoded->name);
    if (!found->decode)
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: is %s; %s", encoded->name, found->name, found->remedy);
    *out = found->decode;
    return MN_OK;
}

bool mn_image_is_name(const char *name) {
    static const char *const endings[] = {"jpg", "jpeg", "jpe", "jfif", "png",  "webp", "bmp",  "dib", "pgm", "ppm",
                                          "pnm", "gif",  "tif", "tiff", "heic", "heif", "avif", "jp2", "jxl"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && dot > name && i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(dot + 1, endings[i]) == 0) return true;
    return false;
}
