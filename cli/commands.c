/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "commands.h"

const cli_subcommand cli_subcommands[] = {
    {&cli_classify_command, cli_classify, "say what is in photos"},
    {&cli_run_command, cli_run, "run a model on raw tensors"},
    {&cli_evaluate_command, cli_evaluate, "measure the accuracy of a model over a folder of photos"},
    {&cli_inspect_command, cli_inspect, "show the operators, sizes and quantisation of a model"},
    {&cli_convert_command, cli_convert, "convert what Keras saved into a float model"},
    {&cli_new_command, cli_new, "write a MobileNetV2 with random weights"},
    {&cli_variants_command, cli_variants, "list the published variants of MobileNetV2"},
    {&cli_quantize_command, cli_quantize, "quantise a float model to 8-bit integers"},
    {&cli_train_command, cli_train, "train a network on folders of photos"},
    {&cli_compile_command, cli_compile, "write an int8 model as C for microcontrollers"},
    {&cli_compare_command, cli_compare, "show layer by layer how far one version of a model is from another"},
    {&cli_completion_command, cli_completion, "print the shell completion of these commands"},
    {0},
};
