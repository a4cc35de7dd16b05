/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet variants: the published sizes of MobileNetV2 and its relatives. */

#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "common/error.h"
#include "common/json.h"
#include "common/options.h"
#include "net/family.h"

typedef struct settings {
    bool json;
    int32_t architecture, classes; /* -1: as published */
} settings;

static const cli_option options[] = {
    {.name = "classes",
     .kind = CLI_INT,
     .offset = offsetof(settings, classes),
     .value = "N",
     .low = 0,
     .high = 100000,
     .help = "classes of the classifier; 0 for none [as published: 1001, of V3 1000]"},
    {.name = "architecture",
     .kind = CLI_CHOICE,
     .offset = offsetof(settings, architecture),
     .value = "NAME",
     .choices = mn_net_family_options,
     .help = "which MobileNet [v2]"},
    {.name = "json",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, json),
     .help = "print one JSON object per variant, one per line"},
    {0},
};

const cli_command cli_variants_command = {
    .name = "variants",
    .usage = "[options]",
    .summary = "Lists the published variants of MobileNetV2, or of another MobileNet, with the multiply-accumulates "
               "(MACs) of one picture and "
               "the parameters of each.",
    .notes =
        "MACs are those of convolutions and classifier. Weights are kernels and biases, without batch norm. The "
        "published table counts both so, for 1001 classes, and cuts them to whole millions of MACs and to hundredths "
        "of millions of parameters. Keras counts four more values for each channel that batch norm normalises.",
    .options = options,
};

/* The counts of one variant. */
typedef struct counts {
    int64_t macs, weights, keras;
} counts;

static mn_status count_variant(const mn_net_family *family, const mn_variant *variant, int32_t classes, counts *out) {
    mn_net net = {0};
    mn_net_spec spec;
    mn_net_spec_defaults(&spec);
    spec.width = variant->width;
    spec.height = spec.width_px = variant->size;
    spec.classes = classes;
    MN_TRY(family->build(&spec, &net));
    *out = (counts){mn_net_macs(&net), mn_net_weights(&net), mn_net_parameters(&net)};
    mn_net_free(&net);
    return MN_OK;
}

/* Cut, not rounded, like the published table. */
static void print_row(const mn_variant *variant, const counts *count) {
    printf("%5.2f  %4d  %8" PRId64 "  %8" PRId64 ".%02" PRId64 "  %11" PRId64 "  %9" PRId64 "  %9" PRId64 "\n",
           variant->width, variant->size, count->macs / 1000000, count->weights / 1000000, count->weights / 10000 % 100,
           count->macs, count->weights, count->keras);
}

static void print_object(const mn_variant *variant, int32_t classes, const counts *count) {
    cli_json json = {.out = stdout};
    cli_json_object(&json, NULL);
    cli_json_number(&json, "width", variant->width);
    cli_json_int(&json, "size", variant->size);
    cli_json_int(&json, "classes", classes);
    cli_json_int(&json, "macs", count->macs);
    cli_json_int(&json, "weights", count->weights);
    cli_json_int(&json, "keras_parameters", count->keras);
    cli_json_end(&json);
}

static int variants(const settings *s) {
    const mn_net_family *family = &mn_net_families[s->architecture];
    int32_t classes = s->classes >= 0 ? s->classes : family->published_classes;
    if (!s->json) {
        printf("width  size  MACs (M)  weights (M)         MACs    weights      Keras\n");
    }
    for (int32_t i = 0; i < family->variant_count; i++) {
        counts count;
        mn_status status = count_variant(family, &family->variants[i], classes, &count);
        if (status != MN_OK) {
            cli_library_error(status);
            return CLI_FAILURE;
        }
        if (s->json) {
            print_object(&family->variants[i], classes, &count);
        } else {
            print_row(&family->variants[i], &count);
        }
    }
    return CLI_OK;
}

int cli_variants(int count, char *const *arguments) {
    settings s = {.architecture = MN_FAMILY_V2, .classes = -1};
    cli_parsed parsed = cli_parse(&cli_variants_command, count, arguments, &s);
    return parsed == CLI_PARSED ? variants(&s) : cli_parsed_code(parsed);
}
