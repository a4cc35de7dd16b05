/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A client of /dev/ethosu0, as the vendor's delegate is one, in a process that has been started with
 * libmobilenet_ethosu_device.so. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../device/uapi.h"
#include "support/ethosu_program.h"

enum { ARENA = 64, CONSTANTS = 256 };

#define REQUEST(number, bytes) ((unsigned long)(bytes) << 16 | UAPI_TYPE << 8 | (number))

static int device;

/* A buffer and its memory. */
typedef struct memory {
    int fd;
    uint8_t *data;
} memory;

static memory make_buffer(const void *contents, uint32_t bytes) {
    memory m = {.fd = ioctl(device, REQUEST(UAPI_BUFFER_CREATE, 4), &bytes)};
    assert_true(m.fd >= 0);
    m.data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m.fd, 0);
    assert_true(m.data != MAP_FAILED);
    if (contents) memcpy(m.data, contents, bytes);
    uapi_buffer range = {0, bytes};
    assert_int_equal(ioctl(m.fd, REQUEST(UAPI_BUFFER_SET, 8), &range), 0);
    return m;
}

/* Looks each of the first 16 bytes of the arena up in a table of the constants, and puts the results behind them. */
static memory make_commands(void) {
    static ep_program p;
    mn_ethosu_map from = {1, 1, true, false, 1, 16, 1, 0, {1, 1}, 16, {0}, 16, 1, 1}, to = from;
    size_t bytes;
    to.base[0] = 16;
    ep_open(&p, EP_U65_256);
    ep_short(&p, MN_NPU_DMA0_SRC_REGION, 0);
    ep_short(&p, MN_NPU_DMA0_DST_REGION, MN_NPU_REGION_INTERNAL);
    ep_long(&p, MN_NPU_DMA0_DST, 0xb800);
    ep_long(&p, MN_NPU_DMA0_LEN, CONSTANTS);
    ep_short(&p, MN_NPU_OP_DMA_START, 0);
    ep_map(&p, MN_NPU_IFM_BASE0, &from, 0);
    ep_map(&p, MN_NPU_OFM_BASE0, &to, 0);
    ep_short(&p, MN_NPU_ACTIVATION, 16);
    ep_short(&p, MN_NPU_OP_POOL, MN_NPU_POOL_MAX);
    uint8_t *payload = ep_payload(&p, &bytes);
    const memory m = make_buffer(payload, (uint32_t)bytes);
    free(payload);
    return m;
}

static int make_network(const memory *commands) {
    uapi_network_create network = {UAPI_NETWORK_BUFFER, (uint32_t)commands->fd};
    return ioctl(device, REQUEST(UAPI_NETWORK_CREATE, sizeof network), &network);
}

/* Runs one inference; returns its status. */
static uint32_t infer(int network, const memory *arena, const memory *layout, const memory *constants) {
    uapi_inference_create asked = {.ifm_count = 3,
                                   .ifm_fd = {(uint32_t)arena->fd, (uint32_t)layout->fd, (uint32_t)constants->fd}};
    uapi_result_status result;
    const int fd = ioctl(network, REQUEST(UAPI_INFERENCE_CREATE, sizeof asked), &asked);
    assert_true(fd >= 0);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 1000), 1);
    assert_int_equal(ioctl(fd, REQUEST(UAPI_INFERENCE_STATUS, sizeof result), &result), 0);
    assert_int_equal(close(fd), 0);
    return result.status;
}

static void test_inferences(void **state) {
    (void)state;
    const uint32_t words[] = {1, 1, 36, ARENA, 0, 16, 16}; /* the number of constants is wrong, as real delegates' is */
    const memory layout = make_buffer(words, sizeof words), arena = make_buffer(NULL, ARENA);
    const memory commands = make_commands(), constants = make_buffer(NULL, CONSTANTS);
    const int network = make_network(&commands);
    assert_true(network >= 0);
    assert_int_equal(close(commands.fd), 0); /* the network keeps them */
    for (int32_t round = 0; round < 3; round++) {
        for (int32_t i = 0; i < CONSTANTS; i++) constants.data[i] = (uint8_t)(7 * i + round);
        for (int32_t i = 0; i < 16; i++) arena.data[i] = (uint8_t)(31 * i - round);
        assert_int_equal(infer(network, &arena, &layout, &constants), UAPI_OK);
        for (int32_t i = 0; i < 16; i++) {
            const int32_t entry = (int8_t)arena.data[i] + 128;
            assert_int_equal(arena.data[16 + i], (uint8_t)(7 * entry + round));
        }
    }
    commands.data[64] ^= 0xff; /* another program, and a wrong one */
    assert_int_equal(infer(network, &arena, &layout, &constants), UAPI_ERROR);
    const memory none = {.fd = 0};
    assert_int_equal(infer(network, &arena, &layout, &none), UAPI_ERROR);
    assert_int_equal(close(network), 0);
    assert_int_equal(close(arena.fd) | close(layout.fd) | close(constants.fd), 0);
}

static void refused(int fd, unsigned long number, void *argument, int error) {
    errno = 0;
    assert_int_equal(ioctl(fd, REQUEST(number, 8), argument), -1);
    assert_int_equal(errno, error);
}

static void test_requests(void **state) {
    (void)state;
    const memory m = make_buffer(NULL, 100);
    uapi_capabilities can;
    uapi_buffer range = {60, 40}, beyond = {UINT32_MAX, 2};
    uapi_network_create index = {2, (uint32_t)m.fd};
    assert_int_equal(ioctl(device, REQUEST(UAPI_VERSION, 0), NULL), 0);
    assert_int_equal(ioctl(device, REQUEST(UAPI_CAPABILITIES, sizeof can), &can), 0);
    assert_int_equal(can.product_major, 1);
    assert_int_equal(can.macs_per_cycle, 8);
    assert_int_equal(ioctl(m.fd, REQUEST(UAPI_BUFFER_SET, 8), &range), 0);
    refused(m.fd, UAPI_BUFFER_SET, &beyond, EINVAL);
    assert_int_equal(ioctl(m.fd, REQUEST(UAPI_BUFFER_GET, 8), &beyond), 0);
    assert_int_equal(beyond.offset, 60);
    assert_int_equal(beyond.size, 40);
    refused(m.fd, UAPI_INFERENCE_CREATE, &index, EINVAL);
    refused(m.fd, UAPI_INFERENCE_STATUS, &index, EINVAL);
    refused(device, UAPI_BUFFER_GET, &range, EINVAL);
    refused(device, UAPI_NETWORK_CREATE, &index, EINVAL);
    refused(device, UAPI_CAPABILITIES, NULL, EFAULT);
    refused(device, 0x55, &range, ENOTTY);
    assert_int_equal(close(m.fd), 0);
    refused(m.fd, UAPI_BUFFER_GET, &range, EBADF); /* the system's own answer */
    const int other = open("tests/README.md", O_RDONLY);
    assert_true(other >= 0);
    refused(other, UAPI_BUFFER_GET, &range, ENOTTY);
    close(other);
}

/* Starts itself again with the library. */
static int start_again(char **arguments) {
    char library[512];
    const char *build = getenv("MN_BUILD"), *sanitizers = getenv("MN_SANITIZE");
    snprintf(library, sizeof library, "%s/libmobilenet_ethosu_device.so", build ? build : "build");
    if (access(library, R_OK) != 0 || (sanitizers && sanitizers[0] != '\0')) {
        printf("SKIPPED: %s is not there, or sanitizers want to be loaded first\n", library);
        return 77;
    }
    setenv("LD_PRELOAD", library, 1);
    execv("/proc/self/exe", arguments);
    printf("SKIPPED: this system cannot start the test again\n"); /* an emulator of another processor */
    return 77;
}

int main(int count, char **arguments) {
    (void)count;
    if (getenv("LD_PRELOAD") == NULL) return start_again(arguments);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_inferences), cmocka_unit_test(test_requests)};
    device = open("/dev/ethosu0", O_RDWR | O_NONBLOCK);
    if (device < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
