/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a checkpoint holds, in this machine's byte order: a header that says for which training it is, where that one
 * was, the epochs so far, and every array that the next step reads. A checksum ends it. */

#include <stdlib.h>
#include <string.h>

#include "train/fake_quant.h"
#include "train/trainer.h"

static const char magic[8] = "MNTRAIN";

/* Everything that changes the next steps; they must agree. */
typedef struct header {
    char magic[8];
    uint64_t version, byte_order;
    uint64_t seed, parameters, statistics, examples, classes, height, width, threads, batch, ranks, epochs, freeze, qat;
    uint64_t optimiser, schedule, colour, flip, as_stored;
    double rate, decay_rate, decay_epochs, warmup, ema, area[2], aspect[2];
    double weight_decay, decay, momentum, epsilon, dropout, smoothing;
} header;

static header describe(const mn_trainer *t) {
    const mn_trainer_options *o = &t->options;
    header h;
    memset(&h, 0, sizeof h);
    memcpy(h.magic, magic, sizeof magic);
    h.version = 3;
    h.byte_order = UINT64_C(0x0102030405060708);
    h.seed = o->seed;
    h.parameters = t->net.parameter_count;
    h.statistics = t->net.statistic_count;
    h.examples = (uint64_t)t->data->count;
    h.classes = (uint64_t)t->data->class_count;
    h.height = (uint64_t)t->net.height;
    h.width = (uint64_t)t->net.width;
    h.threads = (uint64_t)o->threads;
    h.batch = (uint64_t)o->batch;
    h.ranks = o->reduce ? (uint64_t)o->reduce->ranks : 1;
    h.epochs = (uint64_t)o->epochs;
    h.freeze = (uint64_t)(int64_t)o->freeze;
    h.qat = (uint64_t)o->qat;
    h.optimiser = (uint64_t)o->optimiser.kind;
    h.schedule = (uint64_t)o->schedule.kind;
    h.colour = (uint64_t)o->augment.colour;
    h.flip = o->augment.flip;
    h.as_stored = t->data->as_stored;
    h.rate = o->schedule.rate;
    h.decay_rate = o->schedule.decay;
    h.decay_epochs = o->schedule.decay_epochs;
    h.warmup = o->schedule.warmup_epochs;
    h.ema = o->ema;
    for (int i = 0; i < 2; i++) {
        h.area[i] = o->augment.area[i];
        h.aspect[i] = o->augment.aspect[i];
    }
    h.weight_decay = (double)o->optimiser.weight_decay;
    h.decay = (double)o->optimiser.decay;
    h.momentum = (double)o->optimiser.momentum;
    h.epsilon = (double)o->optimiser.epsilon;
    h.dropout = (double)o->dropout;
    h.smoothing = (double)o->smoothing;
    return h;
}

/* Which setting differs; NULL when none does. */
static const char *find_difference(const header *a, const header *b) {
    const struct {
        const char *name;
        bool equal;
    } checks[] = {
        {"the network or --width", a->parameters == b->parameters && a->statistics == b->statistics},
        {"the classes", a->classes == b->classes},
        {"the number of pictures", a->examples == b->examples},
        {"--size", a->height == b->height && a->width == b->width},
        {"--seed", a->seed == b->seed},
        {"--threads", a->threads == b->threads},
        {"--batch", a->batch == b->batch},
        {"the number of processes", a->ranks == b->ranks},
        {"--epochs", a->epochs == b->epochs},
        {"--freeze", a->freeze == b->freeze},
        {"--qat or --per-tensor", a->qat == b->qat},
        {"--optimizer", a->optimiser == b->optimiser},
        {"--schedule", a->schedule == b->schedule},
        {"--rate", a->rate == b->rate},
        {"--decay", a->decay_rate == b->decay_rate && a->decay_epochs == b->decay_epochs},
        {"--warmup", a->warmup == b->warmup},
        {"--ema", a->ema == b->ema},
        {"--weight-decay", a->weight_decay == b->weight_decay},
        {"--dropout", a->dropout == b->dropout},
        {"--label-smoothing", a->smoothing == b->smoothing},
        {"--area", a->area[0] == b->area[0] && a->area[1] == b->area[1]},
        {"--aspect", a->aspect[0] == b->aspect[0] && a->aspect[1] == b->aspect[1]},
        {"--colour", a->colour == b->colour},
        {"--no-flip", a->flip == b->flip},
        {"--no-exif", a->as_stored == b->as_stored},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (!checks[i].equal) return checks[i].name;
    }
    /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): doubles come from the file as they were written */
    return memcmp(a, b, sizeof *a) == 0 ? NULL : "the optimiser's settings";
}

/* ---- One walk for both directions -------------------------------------------------------------------- */

typedef struct stream {
    uint8_t *out;      /* being written, or NULL */
    const uint8_t *in; /* being read, or NULL; neither: bytes are counted */
    size_t at;
} stream;

static void pass(stream *s, void *data, size_t bytes) {
    if (s->out) memcpy(s->out + s->at, data, bytes);
    if (s->in) memcpy(data, s->in + s->at, bytes);
    s->at += bytes;
}

/* Everything behind the header; `step` is passed first. */
static void pass_state(stream *s, mn_trainer *t) {
    const mn_train_net *net = &t->net;
    size_t parameters = net->parameter_count * sizeof(float), statistics = net->statistic_count * sizeof(float);
    pass(s, &t->step, sizeof t->step);
    pass(s, &t->loss, sizeof t->loss);
    pass(s, &t->right, sizeof t->right);
    pass(s, &t->seen, sizeof t->seen);
    pass(s, &t->seconds, sizeof t->seconds);
    pass(s, &t->skipped, sizeof t->skipped);
    pass(s, t->epochs, (size_t)t->options.epochs * sizeof *t->epochs);
    pass(s, net->parameters, parameters);
    pass(s, net->statistics, statistics);
    for (int i = 0; i < 2; i++) pass(s, t->optimiser.slots[i], parameters);
    if (t->options.qat != MN_QAT_NONE) {
        pass(s, net->fake.ranges, (size_t)mn_fake_tensors(net) * sizeof *net->fake.ranges);
    }
    if (t->options.ema <= 0) return;
    pass(s, t->ema_parameters, parameters);
    pass(s, t->ema_statistics, statistics);
}

/* FNV-1a over words, for damage and not for malice. */
static uint64_t checksum(const uint8_t *data, size_t bytes) {
    uint64_t sum = UINT64_C(0xcbf29ce484222325), word;
    for (size_t i = 0; i < bytes; i += sizeof word) {
        size_t count = bytes - i < sizeof word ? bytes - i : sizeof word;
        word = 0;
        memcpy(&word, data + i, count);
        sum = (sum ^ word) * UINT64_C(0x100000001b3);
    }
    return sum;
}

mn_status mn_trainer_save(const mn_trainer *trainer, uint8_t **data, size_t *bytes) {
    mn_trainer copy = *trainer; /* the walk only reads when it writes to a stream */
    header h = describe(trainer);
    stream s = {0};
    pass_state(&s, &copy);
    size_t total = sizeof h + s.at + sizeof(uint64_t);
    uint8_t *out = malloc(total);
    if (!out) return mn_fail_memory("a checkpoint");
    s = (stream){.out = out};
    pass(&s, &h, sizeof h);
    pass_state(&s, &copy);
    uint64_t sum = checksum(out, s.at);
    pass(&s, &sum, sizeof sum);
    *data = out;
    *bytes = total;
    return MN_OK;
}

mn_status mn_trainer_load(mn_trainer *t, const void *data, size_t bytes, const char *name) {
    header ours = describe(t), theirs;
    stream count = {0};
    uint64_t sum;
    if (bytes < sizeof theirs + sizeof sum || memcmp(data, magic, sizeof magic) != 0) {
        return mn_fail(MN_ERROR_FORMAT, "%s: is not a checkpoint of a training run", name);
    }
    memcpy(&theirs, data, sizeof theirs);
    if (theirs.version != ours.version || theirs.byte_order != ours.byte_order) {
        return mn_fail(MN_ERROR_FORMAT, "%s: is a checkpoint of another version or kind of machine", name);
    }
    memcpy(&sum, (const uint8_t *)data + bytes - sizeof sum, sizeof sum);
    if (sum != checksum(data, bytes - sizeof sum)) {
        return mn_fail(MN_ERROR_FORMAT, "%s: is damaged: its checksum is wrong", name);
    }
    const char *difference = find_difference(&ours, &theirs);
    if (difference) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: %s differs from that of the run to be resumed", name, difference);
    }
    pass_state(&count, t);
    if (bytes != sizeof theirs + count.at + sizeof sum) return mn_fail(MN_ERROR_FORMAT, "%s: has a wrong size", name);
    stream s = {.in = data, .at = sizeof theirs};
    pass_state(&s, t);
    t->epoch_of_order = -1;
    return MN_OK;
}
