/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Files and folders by their paths, which are UTF-8 on every system. What fails sets errno. */
#ifndef MN_HOST_FILES_H
#define MN_HOST_FILES_H

#include <stdbool.h>
#include <stdio.h>

typedef enum mn_found { MN_FOUND_NOTHING, MN_FOUND_FILE, MN_FOUND_FOLDER, MN_FOUND_OTHER } mn_found;

/** What is at `path`, links followed: a pipe or a device is MN_FOUND_OTHER. */
mn_found mn_files_look(const char *path);

/** May the file at `path` be read? */
bool mn_files_readable(const char *path);

/** fopen(). */
FILE *mn_files_open(const char *path, const char *mode);

bool mn_files_remove(const char *path);

/** Removes an empty folder. */
bool mn_files_remove_folder(const char *path);

/** Does `path` begin at a root, not at the folder that a program works in? */
bool mn_files_absolute(const char *path);

typedef struct mn_folder mn_folder;

/** The folder at `path`, to be read once; NULL on failure. */
mn_folder *mn_folder_open(const char *path);

/** The name of one entry more, in no order, without "." and ".."; NULL behind the last. Good until the next call. */
const char *mn_folder_next(mn_folder *folder);

void mn_folder_close(mn_folder *folder);

#endif
