/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The command mobilenet, as a function. */
int mobilenet_main(int count, char **arguments);

#define main mobilenet_main
#include "../../cli/main.c"
