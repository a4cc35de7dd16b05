/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet train: from class folders to weights. Of several processes, which MPI started, the first alone prints and
 * writes. */

#include "train.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "commands.h"
#include "common/error.h"
#include "common/file.h"
#include "host/files.h"
#include "host/process.h"
#include "keras/write_h5.h"
#include "net/family.h"
#include "net_file.h"
#include "train/balanced.h"
#include "train/curves.h"
#include "train/head.h"
#include "train/mpi.h"
#include "train_card.h"

/* The signal (SIGINT, SIGTERM) that asks to end the step, write a checkpoint and exit; 0 for none. */
static volatile sig_atomic_t stop_wanted;

/* The second signal of a kind ends at once. */
static void want_stop(int number) {
    stop_wanted = number;
    mn_process_handle(number, mn_output_end);
}

/* One training. */
typedef struct job {
    const cli_train_settings *settings;
    mn_trainer_options options;
    cli_train_files files;
    mn_dataset data, val;
    mn_net net;
    mn_trainer trainer;
    uint64_t started_ns, saved_ns, shown_ns;
    int64_t started_step;
    bool terminal; /* stderr is one */
    bool stopped;  /* by a signal, to this process or another, before the last step */
    cli_train_card card;
} job;

/* ---- Before it starts -------------------------------------------------------------------------------- */

static mn_status build_net(job *j) {
    const cli_train_settings *s = j->settings;
    mn_net_spec spec;
    mn_net_spec_defaults(&spec);
    if (!s->resume) {
        printf(
            "start     RANDOM WEIGHTS: nothing is known yet. This takes many pictures and epochs; --init FILE starts "
            "from trained weights\n");
    }
    if (s->width.count > 0) spec.width = s->width.value[0];
    if (s->size > 0) spec.height = spec.width_px = s->size;
    spec.classes = j->data.class_count;
    j->card.network = mn_net_families[s->architecture].name;
    j->card.width = spec.width;
    MN_TRY(mn_net_families[s->architecture].build(&spec, &j->net));
    mn_net_randomise(&j->net, j->options.seed);
    return MN_OK;
}

/* Are there labels in --init or beside it, as `train` writes them, that are not the classes to be learnt? As many
 * others would else be taken for them. */
static bool other_labels(const job *j) {
    cli_train_files files;
    cli_lines lines = {0};
    bool other = false;
    if (j->net.meaning.output_count > 0) {
        const mn_class_names *known = &j->net.meaning.classes[0];
        other = known->count != j->data.class_count;
        for (int32_t i = 0; !other && i < known->count; i++) other = strcmp(known->name[i], j->data.classes[i]) != 0;
        return other;
    }
    if (!cli_train_files_name(j->settings->init, &files)) return false;
    if (mn_files_readable(files.labels) && cli_lines_read(files.labels, &lines)) {
        other = lines.count != (size_t)j->data.class_count;
        for (size_t i = 0; !other && i < lines.count; i++) other = strcmp(lines.line[i], j->data.classes[i]) != 0;
    }
    cli_lines_free(&lines);
    cli_train_files_free(&files);
    return other;
}

static mn_status read_net(job *j) {
    const cli_train_settings *s = j->settings;
    mn_origin_options options = {.size = s->size};
    mn_origin origin;
    bool replaced;
    if (s->width.count > 0 || s->architecture != MN_FAMILY_V2) {
        return mn_fail(MN_ERROR_ARGUMENT, "--architecture and --width are those of --init; leave them out");
    }
    MN_TRY(cli_net_open(s->init, &options, &j->net, &origin));
    j->card.network = origin.network;
    j->card.width = origin.width;
    if (origin.untrainable) return mn_fail(MN_ERROR_UNSUPPORTED, "%s: %s", s->init, origin.untrainable);
    char assumed[MN_ORIGIN_SENTENCE];
    if (mn_origin_assumed(&j->net, &origin, assumed)) cli_error("%s: %s", s->init, assumed);
    MN_TRY(mn_train_fit_head(&j->net, j->data.class_count, other_labels(j), j->options.seed, &replaced));
    printf("start     %s: %s%s\n", s->init, origin.format, replaced ? "; a new classifier, for other classes" : "");
    return MN_OK;
}

static mn_status balance(job *j) {
    bool changed;
    MN_TRY(mn_train_balance(&j->net, &changed));
    if (changed) printf("channels  rescaled so that one scale suits all weights of a layer\n");
    return MN_OK;
}

static void set_momentum(job *j) {
    const cli_numbers *given = &j->settings->bn_momentum;
    for (int32_t i = 0; given->count > 0 && i < j->net.layer_count; i++) {
        if (j->net.layers[i].kind == MN_LAYER_BATCH_NORM) j->net.layers[i].momentum = (float)given->value[0];
    }
}

static size_t choose_cache(const cli_train_settings *s) {
    if (s->cache >= 0) return (size_t)s->cache << 20;
    const uint64_t quarter = mn_process_ram() / 4;
    return quarter < SIZE_MAX ? (size_t)quarter : SIZE_MAX;
}

static mn_status open_data(job *j) {
    const cli_train_settings *s = j->settings;
    size_t cache = choose_cache(s);
    MN_TRY(mn_dataset_open(s->data, NULL, &j->data));
    if (s->val) MN_TRY(mn_dataset_open(s->val, &j->data, &j->val));
    /* Shared by the number of pictures. */
    double all = (double)j->data.count + (double)j->val.count;
    j->val.cache_limit = (size_t)((double)cache * j->val.count / all);
    j->data.cache_limit = cache - j->val.cache_limit;
    j->data.as_stored = j->val.as_stored = s->no_exif;
    return MN_OK;
}

static mn_status describe(const job *j) {
    size_t bytes, cache = j->data.cache_limit + j->val.cache_limit;
    MN_TRY(mn_trainer_bytes(&j->net, &j->options, &bytes));
    printf("network   %s: %" PRId64 " parameters in Keras' count, %" PRId64 " MACs\n", j->net.name,
           mn_net_parameters(&j->net), mn_net_macs(&j->net));
    printf("pictures  %d of %d classes to learn from, %d held out\n", j->data.count, j->data.class_count, j->val.count);
    if (j->options.qat != MN_QAT_NONE) {
        printf(
            "int8      as it will compute: weights with a scale for each %s, ranges of activations learned, batch norm "
            "folded\n",
            j->options.qat == MN_QAT_PER_TENSOR ? "layer" : "channel");
    }
    printf("memory    %zu MiB for the training, up to %zu MiB for decoded pictures\n", bytes >> 20, cache >> 20);
    fflush(stdout);
    return MN_OK;
}

static void tell_skipped(void *self, const char *sentence) {
    job *j = self;
    if (j->terminal) fputs("\r\033[K", stderr);
    cli_error("skipped: %s", sentence);
}

static mn_status resume(job *j) {
    mn_map map = {0};
    MN_TRY(mn_map_open(j->files.state, &map));
    mn_status status = mn_trainer_load(&j->trainer, map.data, map.bytes, j->files.state);
    mn_map_close(&map);
    if (status == MN_OK) printf("resumed   behind step %" PRId64 "\n", j->trainer.step);
    return status;
}

static mn_status prepare(job *j) {
    MN_TRY(open_data(j));
    MN_TRY(mn_mpi_agree(j->options.reduce, j->data.count, "pictures to learn from"));
    MN_TRY(mn_mpi_agree(j->options.reduce, j->val.count, "pictures held out"));
    MN_TRY(j->settings->init ? read_net(j) : build_net(j));
    if (j->options.qat == MN_QAT_PER_TENSOR) MN_TRY(balance(j));
    set_momentum(j);
    MN_TRY(mn_meaning_set_classes(&j->net.meaning, &j->net.region, 0, (const char *const *)j->data.classes,
                                  j->data.class_count));
    MN_TRY(describe(j));
    MN_TRY(mn_trainer_create(&j->net, &j->data, &j->options, &j->trainer));
    j->trainer.on_skipped = tell_skipped;
    j->trainer.on_skipped_self = j;
    return j->settings->resume ? resume(j) : MN_OK;
}

/* ---- Files ------------------------------------------------------------------------------------------- */

/* Functions from here on that give bool have printed their sentence. */

static bool good(mn_status status) {
    if (status != MN_OK) cli_library_error(status);
    return status == MN_OK;
}

static bool writes(const job *j) { return !j->options.reduce || j->options.reduce->rank == 0; }

/* What may have taken hours is not replaced by mistake. */
static bool replaceable(const job *j) {
    const cli_train_settings *s = j->settings;
    if (!writes(j) || s->resume || s->force) return true;
    bool state = mn_files_look(j->files.state) != MN_FOUND_NOTHING;
    if (!state && mn_files_look(j->files.weights) == MN_FOUND_NOTHING) return true;
    cli_error("%s: is there already, from an earlier training; go on from its checkpoint with --resume, begin anew and "
              "replace it with --force, or choose another --out",
              state ? j->files.state : j->files.weights);
    return false;
}

static bool all_finite(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) return false;
    }
    return true;
}

/* A gradient may overflow although the loss did not: what is of no use shall not replace a good checkpoint. */
static bool sound(const job *j) {
    const mn_trainer *t = &j->trainer;
    if (all_finite(t->net.parameters, t->net.parameter_count) &&
        all_finite(t->net.statistics, t->net.statistic_count)) {
        return true;
    }
    cli_error("the weights after step %" PRId64 " are not finite, so the last checkpoint stays; begin again with a "
              "smaller --rate",
              t->step);
    return false;
}

static bool save_state(job *j) {
    uint8_t *data = NULL;
    size_t bytes = 0;
    if (!writes(j)) return true;
    if (!sound(j)) return false;
    if (!good(mn_trainer_save(&j->trainer, &data, &bytes))) return false;
    bool written = cli_write_file(j->files.state, data, bytes);
    free(data);
    j->saved_ns = mn_clock_ns();
    return written;
}

static bool open_card(job *j) {
    j->card.trainer = &j->trainer;
    j->card.net = &j->net;
    j->card.data = &j->data;
    j->card.val = j->val.count > 0 ? &j->val : NULL;
    return !writes(j) || cli_train_card_open(&j->card, j->settings);
}

static bool save_weights(job *j) {
    uint8_t *data = NULL;
    size_t bytes = 0;
    cli_card card = {0};
    if (!writes(j)) return true;
    mn_trainer_export(&j->trainer, &j->net);
    if (!good(mn_keras_write_h5(&j->net, &data, &bytes))) return false;
    const cli_card_file file = {j->files.weights, data, bytes};
    bool written =
        cli_train_card_make(&j->card, &file, &card) && cli_write_file(file.path, data, bytes) && cli_card_commit(&card);
    cli_card_abort(&card);
    free(data);
    return written;
}

static bool save_labels(const job *j) {
    cli_output output = {0};
    if (!writes(j)) return true;
    if (!cli_output_open(&output, j->files.labels)) return false;
    for (int32_t i = 0; i < j->data.class_count; i++) fprintf(output.file, "%s\n", j->data.classes[i]);
    return cli_output_commit(&output);
}

static bool save_curves(const job *j) {
    int64_t epochs = j->trainer.step / j->trainer.steps_per_epoch;
    cli_output csv = {0}, svg = {0};
    if (!writes(j)) return true;
    if (!cli_output_open(&csv, j->files.csv)) return false;
    mn_curves_csv(j->trainer.epochs, epochs, csv.file);
    if (!cli_output_commit(&csv) || !cli_output_open(&svg, j->files.svg)) return false;
    mn_curves_svg(j->trainer.epochs, epochs, svg.file);
    return cli_output_commit(&svg);
}

/* ---- The course -------------------------------------------------------------------------------------- */

static double seconds_left(const job *j) {
    double done = (double)(j->trainer.step - j->started_step);
    double seconds = (double)(mn_clock_ns() - j->started_ns) * 1e-9;
    return done > 0 ? seconds / done * (double)(j->trainer.steps - j->trainer.step) : 0;
}

static void print_duration(FILE *out, double seconds) {
    int64_t s = (int64_t)(seconds + 0.5);
    if (s >= 3600) {
        fprintf(out, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s % 3600 / 60), (int)(s % 60));
    } else {
        fprintf(out, "%d:%02d", (int)(s / 60), (int)(s % 60));
    }
}

/* At most ten times a second, on a terminal. */
static void show_step(job *j) {
    const mn_trainer *t = &j->trainer;
    uint64_t now = mn_clock_ns();
    if (!j->terminal || now - j->shown_ns < 100000000U || t->seen == 0) return;
    j->shown_ns = now;
    fprintf(stderr,
            "\r\033[Kepoch %" PRId64 "/%d  step %" PRId64 "/%" PRId64 "  loss %.4f  accuracy %.2f %%  "
            "%.0f images/s  ",
            t->step / t->steps_per_epoch + 1, t->options.epochs, t->step % t->steps_per_epoch, t->steps_per_epoch,
            t->loss / (double)t->seen, 100 * (double)t->right / (double)t->seen, (double)t->seen / t->seconds);
    print_duration(stderr, seconds_left(j));
    fputs(" left", stderr);
    fflush(stderr);
}

static void print_epoch(const job *j, const mn_epoch *e, double images_per_second) {
    const mn_trainer *t = &j->trainer;
    if (j->terminal) fputs("\r\033[K", stderr);
    printf("epoch %3" PRId64 "/%d  rate %.5f  loss %.4f  accuracy %6.2f %%", t->step / t->steps_per_epoch,
           t->options.epochs, e->rate, e->loss, 100 * e->accuracy);
    if (j->val.count > 0) printf("  held out: loss %.4f  accuracy %6.2f %%", e->val_loss, 100 * e->val_accuracy);
    printf("  %.0f images/s  ", images_per_second);
    print_duration(stdout, seconds_left(j));
    printf(" left\n");
    fflush(stdout);
}

/* Have all pictures of an epoch been seen, but its end not been reached? So it may lie in a checkpoint. */
static bool epoch_is_full(const mn_trainer *t) { return t->seen > 0 && t->step % t->steps_per_epoch == 0; }

static bool end_epoch(job *j) {
    mn_trainer *t = &j->trainer;
    mn_train_result val;
    double speed = (double)t->seen / t->seconds;
    bool has_val = j->val.count > 0;
    if (has_val && !good(mn_trainer_evaluate(t, &j->val, &val))) return false;
    mn_trainer_end_epoch(t, has_val ? &val : NULL);
    print_epoch(j, &t->epochs[t->step / t->steps_per_epoch - 1], speed);
    return save_weights(j) && save_curves(j);
}

/* Has any process been told to stop? All agree, so that all end behind the same step. */
static mn_status check_stop(const job *j, bool *stop) {
    const mn_reduce *reduce = j->options.reduce;
    double told = stop_wanted != 0;
    if (reduce) MN_TRY(reduce->sum(reduce->self, &told, 1));
    *stop = told != 0;
    return MN_OK;
}

/* One step, and whether it shall be the last. When another process is lost, what was reached is kept. */
static bool step(job *j, bool *stop) {
    mn_train_result result;
    mn_status status = mn_trainer_step(&j->trainer, &result);
    if (status == MN_OK) status = check_stop(j, stop);
    if (good(status)) return true;
    if (status == MN_ERROR_IO && j->options.reduce && writes(j) && save_state(j)) {
        cli_error("%s: is the checkpoint of step %" PRId64 "; the same command with --resume goes on, with as many "
                  "processes",
                  j->files.state, j->trainer.step);
    }
    return false;
}

static bool is_due(const job *j) {
    return mn_clock_ns() - j->saved_ns > (uint64_t)j->settings->save_minutes * 60000000000U;
}

/* Ends with everything saved, unless something failed. */
static bool run(job *j) {
    mn_trainer *t = &j->trainer;
    j->started_ns = j->saved_ns = mn_clock_ns();
    j->started_step = t->step;
    bool stop = false;
    while (!stop) {
        if (epoch_is_full(t) && !end_epoch(j)) return false;
        if (t->step == t->steps) break;
        if (!step(j, &stop)) return false;
        show_step(j);
        if ((stop || epoch_is_full(t) || is_due(j)) && !save_state(j)) return false;
    }
    j->stopped = stop;
    if (stop) {
        printf("stopped   behind step %" PRId64 " of %" PRId64 "; the same command with --resume goes on\n", t->step,
               t->steps);
    }
    if (t->skipped > 0) printf("skipped   %d pictures that cannot be read\n", t->skipped);
    return true;
}

/* Finds the other processes; all but the first are silent, but for errors. */
static mn_status join(job *j) {
    MN_TRY(mn_mpi_start(&stop_wanted, &j->options.reduce));
    if (!j->options.reduce) return MN_OK;
    if (!writes(j)) {
        j->terminal = false;
        if (!mn_process_mute()) return mn_fail(MN_ERROR_IO, "standard output: cannot be silenced");
    }
    printf("processes %d, each with %d pictures of a step and %d thread(s)\n", j->options.reduce->ranks,
           j->options.batch, j->options.threads);
    return MN_OK;
}

static int train(const cli_train_settings *s) {
    job j = {.settings = s, .terminal = mn_process_terminal()};
    if (!cli_train_resolve(s, &j.options)) return CLI_USAGE;
    mn_process_handle(SIGINT, want_stop);
    mn_process_handle(SIGTERM, want_stop);
    bool done = cli_train_files_name(s->output, &j.files) && good(join(&j)) && replaceable(&j) && good(prepare(&j)) &&
                open_card(&j) && save_labels(&j) && run(&j);
    mn_mpi_end(&j.options.reduce, !done);
    mn_trainer_free(&j.trainer);
    mn_net_free(&j.net);
    mn_dataset_free(&j.val);
    mn_dataset_free(&j.data);
    cli_train_card_free(&j.card);
    cli_train_files_free(&j.files);
    if (done && j.stopped) return CLI_SIGNAL + (stop_wanted ? (int)stop_wanted : SIGINT);
    return done ? CLI_OK : CLI_FAILURE;
}

int cli_train(int count, char *const *arguments) {
    cli_train_settings s = CLI_TRAIN_DEFAULTS;
    s.card = (cli_card_source){.command = cli_train_command.name, .count = count, .arguments = arguments};
    cli_parsed parsed = cli_parse(&cli_train_command, count, arguments, &s);
    return parsed == CLI_PARSED ? train(&s) : cli_parsed_code(parsed);
}
