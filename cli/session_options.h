/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The options of every command that runs a model, and what they become: the library's options of a session, and the
 * delegates that it runs with. */
#ifndef MN_CLI_SESSION_OPTIONS_H
#define MN_CLI_SESSION_OPTIONS_H

#include "base/thread.h"
#include "common/options.h"
#include "mobilenet_delegate.h"

/** An external delegate of TensorFlow Lite, or an NPU that is emulated, and what happens where it does not run
 * everything. */
typedef struct cli_delegate_options {
    const char *path, *options; /* NULL or "": none */
    const char *npu;            /* "emulate"; NULL or "": no */
    bool required;              /* what it leaves to the processor is an error */
    bool fallback;              /* that it cannot be used is none */
} cli_delegate_options;

typedef struct cli_session_options {
    int32_t threads;
    const char *cpu;
    cli_delegate_options delegate;
} cli_session_options;

/* clang-format off */

/** Option table entries for the path and options of the cli_delegate_options `member` of the settings struct `type`. */
#define CLI_DELEGATE_OPTIONS(type, member)                                                                             \
    {.name = "external-delegate-path", .kind = CLI_TEXT, .offset = offsetof(type, member.path), .value = "FILE",       \
     .help = "run the operators that it claims on this TensorFlow Lite delegate, such as "                             \
             "/usr/lib/libvx_delegate.so"},                                                                            \
    {.name = "external-delegate-options", .kind = CLI_TEXT, .offset = offsetof(type, member.options),                  \
     .value = "KEY:VALUE;...", .help = "options of that delegate"}

/** Option table entries for the cli_session_options `member` of the settings struct `type`. */
#define CLI_SESSION_OPTIONS(type, member)                                                                              \
    {.name = "threads", .kind = CLI_INT, .offset = offsetof(type, member.threads), .value = "N",                       \
     .low = 0, .high = MN_MAX_THREADS, .help = "threads of one inference; 0 for one per processor [1]"},               \
    {.name = "cpu", .kind = CLI_TEXT, .offset = offsetof(type, member.cpu), .value = "TIER",                           \
     .help = "fastest kernels allowed: ref, portable, or one that this processor has, as 'mobilenet --version' lists " \
             "[$MOBILENET_CPU, else all]"},                                                                            \
    CLI_DELEGATE_OPTIONS(type, member.delegate),                                                                       \
    {.name = "require-full-delegation", .kind = CLI_FLAG, .offset = offsetof(type, member.delegate.required),          \
     .help = "fail unless the delegate runs every operator"},                                                          \
    {.name = "allow-cpu-fallback", .kind = CLI_FLAG, .offset = offsetof(type, member.delegate.fallback),               \
     .help = "warn and run on the CPU if the delegate cannot be loaded or cannot take the model"}

/** The entry for an emulated NPU, in addition to those of CLI_SESSION_OPTIONS. */
#define CLI_NPU_OPTION(type, member)                                                                                   \
    {.name = "npu", .kind = CLI_TEXT, .offset = offsetof(type, member.delegate.npu), .value = "emulate",               \
     .help = "emulate the NPU that Vela compiled the model for, Ethos-U55 or Ethos-U65"}

/* clang-format on */

#define CLI_SESSION_DEFAULTS                                                                                           \
    { .threads = 1 }

/** What sessions are made with, and who else runs operators of them. Does not move while it is open. Start with
 * `cli_session_setup setup = {0};`. */
typedef struct cli_session_setup {
    mn_session_options options; /* to be changed before sessions are made */
    cli_delegate_options asked;
    mn_delegate *delegates[1];
} cli_session_setup;

/** False, after a sentence, where options of delegates contradict each other. */
bool cli_delegate_check(const cli_delegate_options *asked);

/** Loads the delegate; where it cannot be loaded and that is allowed, warns. Errors: those of
 *  mn_delegate_open_external(). Close in every case, after the sessions. */
mn_status cli_session_setup_open(const cli_session_options *asked, cli_session_setup *out);
void cli_session_setup_close(cli_session_setup *setup);

/** After the failure `status` of making a session: may it be made without delegates? Then it has warned, and the setup
 * has none any more. */
bool cli_session_setup_forgo(cli_session_setup *setup, mn_status status);

/** mn_session_create(), again without delegates where that is allowed. */
mn_status cli_session_create(const mn_model *model, cli_session_setup *setup, mn_session **out);

/** Does the delegate run as much of the model as was asked for? Errors: BACKEND, which names what it leaves. */
mn_status cli_session_accept(const cli_session_setup *setup, const mn_model *model, const mn_session *session);

/** Says on standard error what the delegate leaves to the processor, if anything: once for each model. */
void cli_session_tell(const cli_session_setup *setup, const mn_model *model, const mn_session *session);

/** How people know the delegate; NULL where none is in use. */
const char *cli_delegate_name(const cli_session_setup *setup);

#endif
