/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "common/error.h"
#include "common/file.h"
#include "image_options.h"
#include "train.h"

static const char *const optimiser_names[] = {"rmsprop", "sgd", "adam", NULL};
static const char *const schedule_names[] = {"steps", "cosine", NULL};
static const char *const colour_names[] = {"full", "fast", "none", NULL};

#define AT(member) .offset = offsetof(cli_train_settings, member)
#define TEXT(text, member, what, words)                                                                                \
    { .name = text, .kind = CLI_TEXT, AT(member), .value = what, .help = words }
#define NUMBER(text, member, what, words)                                                                              \
    { .name = text, .kind = CLI_NUMBERS, AT(member), .value = what, .low = 1, .high = 1, .help = words }
#define PAIR(text, member, what, words)                                                                                \
    { .name = text, .kind = CLI_NUMBERS, AT(member), .value = what, .low = 2, .high = 2, .help = words }
#define WHOLE(text, member, least, most, words)                                                                        \
    { .name = text, .kind = CLI_INT, AT(member), .value = "N", .low = least, .high = most, .help = words }
#define CHOICE(text, member, names, words)                                                                             \
    { .name = text, .kind = CLI_CHOICE, AT(member), .value = "NAME", .choices = names, .help = words }

static const cli_option options[] = {
    {.name = "data",
     .kind = CLI_TEXT,
     .required = true,
     AT(data),
     .value = "DIR",
     .help = "pictures to train on: one folder per class, or a file with a path and a class per line"},
    {.name = "out",
     .letter = 'o',
     .kind = CLI_TEXT,
     .required = true,
     AT(output),
     .value = "FILE.h5",
     .help = "the weights to write, in Keras' layout"},
    TEXT("val", val, "DIR", "pictures held out, to measure accuracy after each epoch"),
    CHOICE("architecture", architecture, mn_net_family_options, "of random weights [v2]"),
    NUMBER("width", width, "ALPHA", "depth multiplier: 0.35, 0.5, 0.75, 1.0, 1.3, 1.4 or another [1.0]"),
    WHOLE("size", size, 32, 1024, "height and width of the input in pixels [224, or that of --init]"),
    TEXT("init", init, "FILE", "weights to start from: any file that 'convert' reads [random ones]"),
    WHOLE("freeze", freeze, -1, 100,
          "blocks from the input on that are not trained; -1 for all but the classifier [0]"),
    {.name = "qat",
     .kind = CLI_FLAG,
     AT(qat),
     .help =
         "quantisation-aware: continue from --init in the int8 model's arithmetic; 'quantize' uses the learned ranges"},
    {.name = "per-tensor",
     .kind = CLI_FLAG,
     AT(per_tensor),
     .help = "with --qat: one scale for all weights of a layer, for 'quantize --per-tensor'"},
    WHOLE("epochs", epochs, 1, 100000, "passes over the pictures [100]"),
    WHOLE("batch", batch, 1, 65536, "pictures in a step [96]"),
    CHOICE("optimizer", optimiser, optimiser_names, "rmsprop as TensorFlow's, sgd with momentum, or adam [rmsprop]"),
    NUMBER("rate", rate, "R", "initial learning rate [0.045; 0.001 for adam; a tenth with --qat]"),
    CHOICE("schedule", schedule, schedule_names, "of the rate: steps down, or cosine down to 0 [steps]"),
    PAIR("decay", decay, "F,EPOCHS", "for steps: times F every so many epochs [0.98,2.5]"),
    NUMBER("warmup", warmup, "EPOCHS", "epochs in which the rate rises from 0 [0]"),
    NUMBER("weight-decay", weight_decay, "D", "L2 penalty, not on depthwise kernels and batch norm [4e-5]"),
    NUMBER("label-smoothing", smoothing, "S", "part of the target spread over all classes [0.1]"),
    NUMBER("dropout", dropout, "P", "rate before the classifier [0.2]"),
    NUMBER("ema", ema, "D", "decay of the moving average of weights that is written; 0 for none [0.9999]"),
    NUMBER("bn-momentum", bn_momentum, "M", "decay of batch norm's moving statistics [0.999]"),
    PAIR("area", area, "LOW,HIGH", "part of each picture that is kept [0.05,1]"),
    PAIR("aspect", aspect, "LOW,HIGH", "width to height of that part [0.75,1.3333]"),
    {.name = "no-flip", .kind = CLI_FLAG, AT(no_flip), .help = "do not mirror pictures: signs have a direction"},
    CLI_NO_EXIF_OPTION(cli_train_settings, no_exif),
    CHOICE("colour", colour, colour_names,
           "changes of brightness, saturation, hue and contrast: full, fast (the first two) or none [full]"),
    WHOLE("seed", seed, 0, INT32_MAX, "seed of all random numbers [0]"),
    WHOLE("threads", threads, 1, MN_MAX_THREADS, "[one for each processor]"),
    WHOLE("cache", cache, 0, 1 << 24, "MiB of decoded pictures to keep [a quarter of the memory]"),
    WHOLE("save-every", save_minutes, 1, 100000, "minutes between checkpoints within an epoch [10]"),
    {.name = "force",
     .letter = 'f',
     .kind = CLI_FLAG,
     AT(force),
     .help = "start over even if FILE.h5 or its checkpoint exists, and replace them"},
    {.name = "resume", .kind = CLI_FLAG, AT(resume), .help = "continue from the checkpoint beside FILE.h5"},
    CLI_CARD_OPTION(cli_train_settings, card),
    {0},
};

const cli_command cli_train_command = {
    .name = "train",
    .usage = "--data DIR --out FILE.h5 [options]",
    .summary = "Trains a MobileNetV2. The defaults are the published procedure for ImageNet.",
    .options = options,
    .notes = "Beside FILE.h5 it writes FILE.labels.txt (the classes), FILE.csv and FILE.svg (loss and accuracy by "
             "epoch), FILE.h5.md (the model card) and FILE.state (the checkpoint). Ctrl-C ends the step, writes a "
             "checkpoint and exits with 130.\n"
             "The same options, seed and number of threads give the same weights, resumed or not.\n"
             "mpirun -np N mobilenet train ... trains on N processes or machines together, each with --batch pictures "
             "per step.",
};

/* ---- Numbers that may not be given ------------------------------------------------------------------- */

static bool take(const cli_numbers *given, const char *name, double low, double high, double *out) {
    if (given->count == 0) return true;
    *out = given->value[0];
    if (*out >= low && *out <= high) return true;
    cli_error("--%s %g: must be from %g to %g", name, *out, low, high);
    return false;
}

static bool take_float(const cli_numbers *given, const char *name, double low, double high, float *out) {
    double value = (double)*out;
    if (!take(given, name, low, high, &value)) return false;
    if (given->count > 0) *out = (float)value;
    return true;
}

static bool take_range(const cli_numbers *given, const char *name, double low, double high, double out[2]) {
    if (given->count == 0) return true;
    out[0] = given->value[0];
    out[1] = given->value[1];
    if (out[0] >= low && out[0] <= out[1] && out[1] <= high) return true;
    cli_error("--%s %g,%g: must rise, and be from %g to %g", name, out[0], out[1], low, high);
    return false;
}

static bool take_decay(const cli_numbers *given, mn_schedule *schedule) {
    if (given->count == 0) return true;
    schedule->decay = given->value[0];
    schedule->decay_epochs = given->value[1];
    if (schedule->decay > 0 && schedule->decay <= 1 && schedule->decay_epochs > 0) return true;
    cli_error("--decay: the factor must be in (0, 1] and the epochs above 0");
    return false;
}

/* --qat and what it needs, or contradicts. */
static bool check_qat(const cli_train_settings *s) {
    if (s->per_tensor && !s->qat) cli_error("--per-tensor is about how --qat rounds weights; give both");
    if (s->qat && !s->init) cli_error("--qat goes on from trained weights; name them with --init");
    if (s->qat && s->bn_momentum.count > 0) cli_error("--qat leaves batch norm's statistics alone; no --bn-momentum");
    return s->qat ? s->init && s->bn_momentum.count == 0 : !s->per_tensor;
}

/* What is not about numbers. */
static bool check_output(const cli_train_settings *s) {
    if (s->resume && s->force) cli_error("train: --resume goes on and --force begins anew; give one of them");
    return !(s->resume && s->force) && cli_output_suits("train", s->output, CLI_WRITES_H5);
}

bool cli_train_resolve(const cli_train_settings *s, mn_trainer_options *o) {
    mn_trainer_defaults(o);
    o->batch = s->batch;
    o->epochs = s->epochs;
    o->threads = s->threads > 0 ? s->threads : mn_available_processors();
    o->freeze = s->freeze;
    o->seed = (uint64_t)s->seed;
    o->qat = !s->qat ? MN_QAT_NONE : s->per_tensor ? MN_QAT_PER_TENSOR : MN_QAT_PER_CHANNEL;
    mn_optimiser_defaults((mn_optimiser_kind)s->optimiser, &o->optimiser);
    o->schedule.kind = (mn_schedule_kind)s->schedule;
    if (o->optimiser.kind == MN_ADAM) o->schedule.rate = 0.001;
    if (s->qat) o->schedule.rate /= 10;
    o->augment.flip = !s->no_flip;
    o->augment.colour = (mn_colour_change)s->colour;
    return check_output(s) && check_qat(s) && take(&s->rate, "rate", 1e-12, 1e6, &o->schedule.rate) &&
           take_decay(&s->decay, &o->schedule) &&
           take(&s->warmup, "warmup", 0, s->epochs, &o->schedule.warmup_epochs) &&
           take_float(&s->weight_decay, "weight-decay", 0, 1, &o->optimiser.weight_decay) &&
           take_float(&s->smoothing, "label-smoothing", 0, 0.999, &o->smoothing) &&
           take_float(&s->dropout, "dropout", 0, 0.999, &o->dropout) && take(&s->ema, "ema", 0, 0.9999999, &o->ema) &&
           take_range(&s->area, "area", 0.001, 1, o->augment.area) &&
           take_range(&s->aspect, "aspect", 0.01, 100, o->augment.aspect);
}

/* ---- Files ------------------------------------------------------------------------------------------- */

static char *with_end(const char *output, size_t stem, const char *end) {
    char *name = malloc(stem + strlen(end) + 1);
    if (name) {
        memcpy(name, output, stem);
        strcpy(name + stem, end);
    }
    return name;
}

bool cli_train_files_name(const char *output, cli_train_files *f) {
    size_t length = strlen(output), stem = length;
    if (length > 3 && strcmp(output + length - 3, ".h5") == 0) stem = length - 3;
    *f = (cli_train_files){.weights = with_end(output, length, ""),
                           .labels = with_end(output, stem, ".labels.txt"),
                           .csv = with_end(output, stem, ".csv"),
                           .svg = with_end(output, stem, ".svg"),
                           .state = with_end(output, stem, ".state")};
    if (f->weights && f->labels && f->csv && f->svg && f->state) return true;
    cli_error("out of memory");
    cli_train_files_free(f);
    return false;
}

void cli_train_files_free(cli_train_files *f) {
    free(f->weights);
    free(f->labels);
    free(f->csv);
    free(f->svg);
    free(f->state);
    *f = (cli_train_files){0};
}
