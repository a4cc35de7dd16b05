/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The options of every command that shows photos to a model. */
#ifndef MN_CLI_IMAGE_OPTIONS_H
#define MN_CLI_IMAGE_OPTIONS_H

#include "common/json.h"
#include "common/options.h"
#include "image/prepare.h"
#include "mobilenet_image.h"

typedef struct cli_image_options {
    bool exact, crop, no_exif;
    int32_t filter; /* mn_resize_filter, from MN_RESIZE_NEAREST on */
    cli_numbers range, mean, deviation;
} cli_image_options;

/** Names of the filters, from MN_RESIZE_NEAREST on. */
extern const char *const cli_filter_names[];

/* clang-format off */

/** --no-exif alone, for commands that have their own words for the others. */
#define CLI_NO_EXIF_OPTION(type, member)                                                                               \
    {.name = "no-exif", .kind = CLI_FLAG, .offset = offsetof(type, member),                                            \
     .help = "leave photos as stored, ignoring their EXIF orientation"}

/** Option table entries for the cli_image_options `member` of the settings struct `type`. */
#define CLI_IMAGE_OPTIONS(type, member)                                                                                \
    {.name = "exact", .kind = CLI_FLAG, .offset = offsetof(type, member.exact),                                        \
     .help = "resize the whole photo to the model's input size, whatever its shape; the default"},                     \
    {.name = "crop", .kind = CLI_FLAG, .offset = offsetof(type, member.crop),                                          \
     .help = "resize only the central 87.5 % of each side"},                                                           \
    {.name = "filter", .kind = CLI_CHOICE, .offset = offsetof(type, member.filter), .value = "NAME",                   \
     .choices = cli_filter_names,                                                                                      \
     .help = "resize like Pillow with nearest, box, bilinear, hamming, bicubic or lanczos [bicubic]"},                 \
    {.name = "input-range", .kind = CLI_NUMBERS, .offset = offsetof(type, member.range), .value = "LOW,HIGH",          \
     .low = 2, .high = 2,                                                                                              \
     .help = "values of pixels 0 and 255 in the model's input [as in its file, else -1,1]"},                           \
    {.name = "mean", .kind = CLI_NUMBERS, .offset = offsetof(type, member.mean), .value = "R,G,B",                     \
     .low = 1, .high = 3,                                                                                              \
     .help = "with --std: the model expects (pixel - mean) / std, both in pixel units, 0 to 255"},                     \
    {.name = "std", .kind = CLI_NUMBERS, .offset = offsetof(type, member.deviation), .value = "R,G,B",                 \
     .low = 1, .high = 3, .help = "see --mean"},                                                                       \
    CLI_NO_EXIF_OPTION(type, member.no_exif)

/* clang-format on */

#define CLI_IMAGE_DEFAULTS                                                                                             \
    { .filter = MN_RESIZE_BICUBIC - MN_RESIZE_NEAREST }

/** Members that say what pixels mean, and how that is known. */
void cli_json_pixels(cli_json *json, const mn_pixels *pixels);

/** How photos are opened and shown to a model. */
typedef struct cli_showing {
    mn_image_options opening;
    mn_preprocess_options preprocess;
} cli_showing;

/** The library's options for these; false after a sentence when they contradict each other. */
bool cli_image_resolve(const cli_image_options *options, cli_showing *out);

/** Reads the photo at `path` once and fills every tensor from it. Errors: those of mn_image_open() and mn_fill_image().
 */
mn_status cli_show_photo(const char *path, const mn_image_options *opening, mn_fill *const *fills, int32_t count);

#endif
