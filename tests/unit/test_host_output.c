/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What is left of writers that are ended: nothing, or nothing after the next writer. */
#include "common/file.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], target[96];

static const int enders[] = {SIGINT, SIGTERM, SIGHUP};

/* What starts tests in the background may have them ignore signals; the handlers would obey. */
static int set_up(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof enders / sizeof enders[0]; i++) signal(enders[i], SIG_DFL);
    strcpy(folder, "/tmp/mn_temp_XXXXXX");
    if (mkdtemp(folder) == NULL) return -1;
    snprintf(target, sizeof target, "%s/model.tflite", folder);
    return 0;
}

/* Names in the folder that hold `part`. */
static int count(const char *part) {
    int found = 0;
    DIR *stream = opendir(folder);
    assert_non_null(stream);
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) found += strstr(entry->d_name, part) != NULL;
    closedir(stream);
    return found;
}

static int tear_down(void **state) {
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* Starts a process that has half written the target; it says so on a pipe and waits. */
static pid_t start_writer(int *said) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t writer = fork();
    if (writer == 0) {
        cli_output output = {0};
        if (!cli_output_open(&output, target) || fputs("half", output.file) < 0 || fflush(output.file) != 0) _exit(9);
        if (write(ends[1], "x", 1) != 1) _exit(9);
        for (;;) pause();
    }
    char byte;
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    *said = ends[0];
    assert_int_equal(count(".tmp-"), 1);
    return writer;
}

static int end_writer(pid_t writer, int said, int number) {
    int status;
    kill(writer, number);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    close(said);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void signals_take_the_file_away(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof enders / sizeof enders[0]; i++) {
        int said;
        pid_t writer = start_writer(&said);
        assert_int_equal(end_writer(writer, said, enders[i]), enders[i]);
        assert_int_equal(count(""), 2); /* . and .. */
    }
}

static void what_a_killed_writer_left_goes_with_the_next(void **state) {
    (void)state;
    int said;
    pid_t writer = start_writer(&said);
    assert_int_equal(end_writer(writer, said, SIGKILL), SIGKILL);
    assert_int_equal(count(".tmp-"), 1);
    assert_true(cli_write_file(target, "whole", 5));
    assert_int_equal(count(".tmp-"), 0);
    assert_int_equal(count("model.tflite"), 1);
}

static void a_living_writer_keeps_its_file(void **state) {
    (void)state;
    int said;
    pid_t writer = start_writer(&said);
    assert_true(cli_write_file(target, "whole", 5));
    assert_int_equal(count(".tmp-"), 1);
    end_writer(writer, said, SIGTERM);
    assert_int_equal(count(".tmp-"), 0);
}

/* Names that only begin alike belong to others. */
static void other_files_stay(void **state) {
    (void)state;
    static const char *const names[] = {"model.tflite.tmp-12345", "model.tflite.tmp-1234567", "model.tflite.bak",
                                        "amodel.tflite.tmp-123456"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fclose(file);
    }
    assert_true(cli_write_file(target, "whole", 5));
    assert_int_equal(count("model.tflite."), 4);
}

static void ignored_signals_stay_ignored(void **state) {
    (void)state;
    signal(SIGHUP, SIG_IGN);
    assert_true(cli_write_file(target, "whole", 5));
    raise(SIGHUP);
    signal(SIGHUP, SIG_DFL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(signals_take_the_file_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_killed_writer_left_goes_with_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_living_writer_keeps_its_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_files_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ignored_signals_stay_ignored, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
