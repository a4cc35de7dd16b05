/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* SHA-256 (FIPS 180-4): a hash that nobody finds two inputs for. */
#ifndef MN_BASE_SHA256_H
#define MN_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define MN_SHA256_BYTES 32

typedef struct mn_sha256 {
    uint32_t state[8];
    uint64_t bytes;    /* so far */
    uint8_t block[64]; /* the last bytes % 64 of them */
} mn_sha256;

void mn_sha256_begin(mn_sha256 *hash);
void mn_sha256_add(mn_sha256 *hash, const void *data, size_t bytes);
void mn_sha256_end(mn_sha256 *hash, uint8_t digest[MN_SHA256_BYTES]);

#endif
