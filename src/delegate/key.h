/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which compiled programs a delegate may take from its cache. */
#ifndef MN_DELEGATE_KEY_H
#define MN_DELEGATE_KEY_H

#include "base/sha256.h"
#include "delegate/host.h"
#include "delegate/options.h"

/** Letters of a key. */
#define MN_KEY_LETTERS 32

/** Hashes what all sessions of a delegate share: its file, as it is now, and its options. Errors: IO. */
mn_status mn_delegate_key_begin(const char *file, const mn_delegate_options *options, mn_sha256 *prefix);

/** Writes a key of what `host` shows to the delegate, behind `prefix`: 128 bits of SHA-256 in hexadecimal. Whoever
 * finds another network, delegate or option with the same key has broken SHA-256: a hash without that property would
 * one day hand out a program for another network, and wrong results in silence. */
void mn_delegate_key(const mn_host *host, const mn_sha256 *prefix, char key[MN_KEY_LETTERS + 1]);

/** `path` with the key in it: a folder in it where it is one, which is made; else a name behind it. NULL when out of
 * memory. */
char *mn_delegate_keyed_path(const char *path, const char *key, mn_region *region);

#endif
