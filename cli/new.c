/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet new: a MobileNet with random weights. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "common/error.h"
#include "common/file.h"
#include "common/options.h"
#include "net/family.h"
#include "net/fold.h"
#include "net/statistics.h"
#include "tflite/write.h"

typedef struct settings {
    const char *output;
    cli_numbers width;
    int32_t architecture, size, classes, seed;
    bool random_bn;
} settings;

static const cli_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .required = true,
     .offset = offsetof(settings, output),
     .value = "FILE",
     .help = "the .tflite model to write"},
    {.name = "architecture",
     .kind = CLI_CHOICE,
     .offset = offsetof(settings, architecture),
     .value = "NAME",
     .choices = mn_net_family_options,
     .help = "which MobileNet; the last two without squeeze-excite and hard swish [v2]"},
    {.name = "width",
     .kind = CLI_NUMBERS,
     .offset = offsetof(settings, width),
     .value = "ALPHA",
     .low = 1,
     .high = 1,
     .help = "depth multiplier: 0.35, 0.5, 0.75, 1.0, 1.3, 1.4 or another [1.0]"},
    {.name = "size",
     .kind = CLI_INT,
     .offset = offsetof(settings, size),
     .value = "N",
     .low = 1,
     .high = 8192,
     .help = "height and width of the input in pixels [224]"},
    {.name = "classes",
     .kind = CLI_INT,
     .offset = offsetof(settings, classes),
     .value = "N",
     .low = 0,
     .high = 100000,
     .help = "classes of the classifier; 0 for a model that ends in features [1000]"},
    {.name = "seed",
     .kind = CLI_INT,
     .offset = offsetof(settings, seed),
     .value = "N",
     .low = 0,
     .high = INT32_MAX,
     .help = "of the random weights [0]"},
    {.name = "random-bn",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, random_bn),
     .help = "draw batch norm's parameters at random too, for tests"},
    {0},
};

const cli_command cli_new_command = {
    .name = "new",
    .usage = "[options] -o FILE",
    .summary = "Writes a float MobileNet with random weights, for tests and training. The same options give the "
               "same file.",
    .notes = "Kernels are initialised as in Keras. Batch norm is folded in with gamma 1, beta 0 and the statistics "
             "expected with these kernels, so that values neither vanish nor explode from layer to layer.",
    .options = options,
};

static mn_status make_net(const settings *s, mn_net *net) {
    mn_net_spec spec;
    mn_net_spec_defaults(&spec);
    if (s->width.count > 0) spec.width = s->width.value[0];
    spec.height = spec.width_px = s->size;
    spec.classes = s->classes;
    MN_TRY(mn_net_families[s->architecture].build(&spec, net));
    mn_net_randomise(net, (uint64_t)s->seed);
    return s->random_bn ? mn_net_randomise_norms(net, (uint64_t)s->seed) : mn_net_settle(net);
}

static mn_status make_file(const settings *s, const mn_net *net, uint8_t **data, size_t *bytes) {
    mn_graph graph = {0};
    char description[96];
    snprintf(description, sizeof description, "%s, random weights, seed %d%s", mn_net_families[s->architecture].name,
             s->seed, s->random_bn ? ", random batch norm" : "");
    MN_TRY(mn_net_fold(net, &graph, NULL));
    graph.description = description;
    mn_status status = mn_tflite_write(&graph, data, bytes);
    mn_graph_free(&graph);
    return status;
}

static int make_new(const settings *s) {
    if (!cli_output_suits("new", s->output, CLI_WRITES_TFLITE)) return CLI_USAGE;
    cli_output_tell(s->output);
    mn_net net = {0};
    uint8_t *data = NULL;
    size_t bytes = 0;
    mn_status status = make_net(s, &net);
    if (status == MN_OK) status = make_file(s, &net, &data, &bytes);
    if (status != MN_OK) cli_library_error(status);
    bool good = status == MN_OK && cli_write_file(s->output, data, bytes);
    if (good) {
        printf("%s: %s, %d classes, %" PRId64 " parameters in Keras' count, %" PRId64 " MACs, %zu bytes\n", s->output,
               net.name, s->classes, mn_net_parameters(&net), mn_net_macs(&net), bytes);
    }
    free(data);
    mn_net_free(&net);
    return good ? CLI_OK : CLI_FAILURE;
}

int cli_new(int count, char *const *arguments) {
    settings s = {.architecture = MN_FAMILY_V2, .size = 224, .classes = 1000};
    cli_parsed parsed = cli_parse(&cli_new_command, count, arguments, &s);
    return parsed == CLI_PARSED ? make_new(&s) : cli_parsed_code(parsed);
}
