/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Pieces of the JSON that Keras saves. */
#ifndef TESTS_KERAS_JSON_H
#define TESTS_KERAS_JSON_H

/* clang-format off */

#define SEQUENTIAL(layers) "{\"class_name\":\"Sequential\",\"config\":{\"name\":\"top\",\"layers\":[" layers "]}}"
#define FUNCTIONAL(layers, output)                                                                                     \
    "{\"class_name\":\"Functional\",\"config\":{\"name\":\"top\",\"layers\":[" layers "],\"output_layers\":[" output   \
    "]}}"
#define INPUT                                                                                                          \
    "{\"class_name\":\"InputLayer\",\"config\":{\"name\":\"in\",\"batch_shape\":[null,8,8,3]},\"name\":\"in\"}"
#define LAYER(class_name, name, settings)                                                                              \
    "{\"class_name\":\"" class_name "\",\"config\":{\"name\":\"" name "\"" settings "}}"
#define NODE(class_name, name, settings, inbound)                                                                      \
    "{\"class_name\":\"" class_name "\",\"config\":{\"name\":\"" name "\"" settings "},\"name\":\"" name               \
    "\",\"inbound_nodes\":[" inbound "]}"
#define CONV(name, settings) LAYER("Conv2D", name, ",\"filters\":4,\"kernel_size\":[3,3],\"padding\":\"same\"" settings)
#define TENSOR(name) "{\"class_name\":\"__keras_tensor__\",\"config\":{\"keras_history\":[\"" name "\",0,0]}}"
#define V3(name) "{\"args\":[" TENSOR(name) "],\"kwargs\":{\"training\":false,\"mask\":null}}"
#define V2(name) "[[\"" name "\",0,0,{}]]"

/* clang-format on */

#endif
