/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/little.h"
#include "ethosu/stream.h"

/* What the driver is asked to do: lowest byte of an action's first word. */
enum { ACTION_CONFIG = 1, ACTION_COMMANDS = 2, ACTION_READ_REGISTERS = 3, ACTION_DUMP_SHRAM = 4, ACTION_NOP = 5 };

/* First word of a command: code in the low 10 bits, kind in bits 14 and 15, parameter above. */
enum { KIND_MASK = 0xc000, KIND_LONG = 0x4000, CODE_MASK = 0x03ff, CODE_STOP = 0 };

static uint32_t word(const uint8_t *words, size_t i) { return mn_le32(words + 4 * i); }

const char *mn_ethosu_command_name(bool is_long, uint32_t code) {
    if (code > CODE_MASK) return NULL;
    switch (is_long ? KIND_LONG | code : code) {
/* clang-format off */
#define SHORT(number, name) case number: return #name;
#define LONG(number, name) case KIND_LONG | number: return #name;
#include "ethosu/commands.def"
#undef SHORT
#undef LONG
    /* clang-format on */
    default: return NULL;
    }
}

char *mn_ethosu_config_name(const mn_ethosu_config *config, char *name, size_t size) {
    snprintf(name, size, "ethos-u%d-%d", config->product == MN_ETHOSU_U65 ? 65 : 55, (int)config->macs);
    return name;
}

/* ---- What the program was compiled for --------------------------------------------------------------------------- */

/* Multipliers of one core: rows, columns and channels of outputs, each from 8 channels of inputs. The sizes are those
 * that Vela's table of accelerators (architecture_features.py) calls OFM and IFM ublocks. */
static const mn_ethosu_config accelerators[] = {
    {.product = MN_ETHOSU_U55, .macs = 32, .cores = 1, .micro_h = 1, .micro_w = 1, .micro_out = 4, .micro_in = 8},
    {.product = MN_ETHOSU_U55, .macs = 64, .cores = 1, .micro_h = 1, .micro_w = 1, .micro_out = 8, .micro_in = 8},
    {.product = MN_ETHOSU_U55, .macs = 128, .cores = 1, .micro_h = 1, .micro_w = 2, .micro_out = 8, .micro_in = 8},
    {.product = MN_ETHOSU_U55, .macs = 256, .cores = 1, .micro_h = 2, .micro_w = 2, .micro_out = 8, .micro_in = 8},
    {.product = MN_ETHOSU_U65, .macs = 256, .cores = 1, .micro_h = 2, .micro_w = 2, .micro_out = 8, .micro_in = 8},
    {.product = MN_ETHOSU_U65, .macs = 512, .cores = 2, .micro_h = 2, .micro_w = 2, .micro_out = 8, .micro_in = 8},
};
enum { ACCELERATORS = sizeof accelerators / sizeof *accelerators };

bool mn_ethosu_accelerator(const char *name, mn_ethosu_config *out) {
    for (size_t i = 0; i < ACCELERATORS; i++) {
        char own[32];
        if (strcmp(mn_ethosu_config_name(&accelerators[i], own, sizeof own), name) != 0) continue;
        *out = accelerators[i];
        return true;
    }
    return false;
}

static mn_status read_config(uint32_t config, uint32_t id, mn_ethosu_config *out) {
    const uint32_t product = config >> 28, log2_macs = config & 15, version = config >> 4 & 15;
    for (size_t i = 0; i < ACCELERATORS; i++) {
        if (accelerators[i].product != product || accelerators[i].macs != INT32_C(1) << log2_macs) continue;
        if (version != 0) {
            return mn_fail(MN_ERROR_UNSUPPORTED,
                           "the NPU's program has commands of version %u, which is unknown here; compile it with Vela "
                           "5.2 or older",
                           version);
        }
        *out = accelerators[i];
        out->shram_kb = (int32_t)(config >> 8 & 255);
        out->arch_major = (int32_t)(id >> 28);
        out->arch_minor = (int32_t)(id >> 20 & 255);
        out->patch = (int32_t)(id >> 16 & 15);
        return MN_OK;
    }
    return mn_fail(MN_ERROR_UNSUPPORTED,
                   "the NPU's program is for product %u with 2^%u multiply-accumulates, not one of Ethos-U55 (32 to "
                   "256) or Ethos-U65 (256, 512); compile it with --accelerator-config ethos-u65-256",
                   product, log2_macs);
}

/* ---- Commands ---------------------------------------------------------------------------------------------------- */

/* Checks the commands up to STOP. `offset`: words of the payload before them. */
static mn_status check_commands(mn_ethosu_stream *stream, size_t offset) {
    for (size_t i = 0; i < stream->word_count; stream->command_count++) {
        const uint32_t first = word(stream->words, i), kind = first & KIND_MASK, code = first & CODE_MASK;
        const bool is_long = kind == KIND_LONG;
        if ((kind != 0 && !is_long) || mn_ethosu_command_name(is_long, code) == NULL) {
            return mn_fail(MN_ERROR_FORMAT,
                           "word %zu of the NPU's program, 0x%08x, is not a command of Ethos-U55 or Ethos-U65; compile "
                           "the model again",
                           offset + i, first);
        }
        if (!is_long && code == CODE_STOP) {
            stream->command_count++;
            return MN_OK;
        }
        i += is_long ? 2 : 1;
    }
    return mn_fail(MN_ERROR_FORMAT,
                   "the NPU's program ends after word %zu without its command STOP; the file is cut short",
                   offset + stream->word_count);
}

mn_status mn_ethosu_stream_read(const uint8_t *payload, size_t bytes, mn_ethosu_stream *out) {
    const size_t count = bytes / 4;
    bool has_config = false;
    memset(out, 0, sizeof *out);
    if (count == 0 || memcmp(payload, "COP1", 4) != 0) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "the NPU's program does not begin with COP1, as those of Vela for "
                                             "Ethos-U55 and Ethos-U65 do; compile the model for one of these");
    }
    for (size_t i = 1; i < count; i++) {
        const uint32_t action = word(payload, i);
        switch (action & 255) {
        case ACTION_NOP:
        case ACTION_READ_REGISTERS:
        case ACTION_DUMP_SHRAM: continue; /* for whoever looks into a real NPU */
        case ACTION_CONFIG:
            if (count - i <= 2) break;
            MN_TRY(read_config(word(payload, i + 1), word(payload, i + 2), &out->config));
            has_config = true;
            i += 2;
            continue;
        case ACTION_COMMANDS:
            out->word_count = action >> 16 | (action & 0xff00) << 8;
            if (!has_config) {
                return mn_fail(MN_ERROR_FORMAT,
                               "the NPU's program does not say which NPU it is for before word %zu; "
                               "compile the model again",
                               i);
            }
            if (out->word_count > count - i - 1) break;
            out->words = payload + 4 * (i + 1);
            return check_commands(out, i + 1);
        default:
            return mn_fail(
                MN_ERROR_FORMAT,
                "word %zu of the NPU's program, 0x%08x, asks the driver for something unknown; compile the model again",
                i, action);
        }
        return mn_fail(MN_ERROR_FORMAT,
                       "the NPU's program has %zu words, and what begins at word %zu goes on after "
                       "them; the file is cut short",
                       count, i);
    }
    return mn_fail(MN_ERROR_FORMAT, "the NPU's program of %zu words has no commands; compile the model again", count);
}

bool mn_ethosu_stream_next(const mn_ethosu_stream *stream, size_t *at, mn_ethosu_command *out) {
    if (*at >= stream->word_count) return false;
    const uint32_t first = word(stream->words, *at);
    const bool is_long = (first & KIND_MASK) == KIND_LONG;
    *out = (mn_ethosu_command){.is_long = is_long,
                               .code = (uint16_t)(first & CODE_MASK),
                               .param = (uint16_t)(first >> 16),
                               .data = is_long ? word(stream->words, *at + 1) : 0};
    *at = !is_long && out->code == CODE_STOP ? stream->word_count : *at + (is_long ? 2 : 1);
    return true;
}
