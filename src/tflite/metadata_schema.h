/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The parts of metadata_schema.fbs, version 1.5.0 (tensorflow/tflite-support), that are read and written. */
#ifndef MN_TFLITE_METADATA_SCHEMA_H
#define MN_TFLITE_METADATA_SCHEMA_H

#include "tflite/schema.h"

#define MN_TFM_BUFFER "TFLITE_METADATA" /* name of the model's buffer that holds the metadata */
#define MN_TFM_IDENTIFIER "M001"
#define MN_TFM_VERSION "1.0.0"        /* the oldest parser that knows all of it ... */
#define MN_TFM_VERSION_CUSTOM "1.5.0" /* ... with custom metadata */

#define MN_M_MODEL_SUBGRAPHS MN_F(3, "subgraph_metadata")
#define MN_M_MODEL_VERSION MN_F(7, "min_parser_version")

#define MN_M_SUBGRAPH_INPUTS MN_F(2, "input_tensor_metadata")
#define MN_M_SUBGRAPH_OUTPUTS MN_F(3, "output_tensor_metadata")
#define MN_M_SUBGRAPH_CUSTOM MN_F(9, "custom_metadata")

#define MN_M_TENSOR_NAME MN_F(0, "name")
#define MN_M_TENSOR_CONTENT MN_F(3, "content")
#define MN_M_TENSOR_PROCESS MN_F(4, "process_units")
#define MN_M_TENSOR_FILES MN_F(6, "associated_files")

#define MN_M_CONTENT_TYPE MN_F(0, "content_properties_type")
#define MN_M_CONTENT MN_F(1, "content_properties")
#define MN_TFM_CONTENT_FEATURE 1
#define MN_TFM_CONTENT_IMAGE 2
#define MN_M_IMAGE_COLOURS MN_F(0, "color_space")
#define MN_TFM_COLOURS_RGB 1
#define MN_TFM_COLOURS_GRAY 2

#define MN_M_PROCESS_TYPE MN_F(0, "options_type")
#define MN_M_PROCESS MN_F(1, "options")
#define MN_TFM_PROCESS_NORMALISATION 1
#define MN_M_NORMALISATION_MEAN MN_F(0, "mean")
#define MN_M_NORMALISATION_DEVIATION MN_F(1, "std")

#define MN_M_FILE_NAME MN_F(0, "name")
#define MN_M_FILE_TYPE MN_F(2, "type")
#define MN_M_FILE_LOCALE MN_F(3, "locale")
#define MN_TFM_FILE_AXIS_LABELS 2

#define MN_M_CUSTOM_NAME MN_F(0, "name")
#define MN_M_CUSTOM_DATA MN_F(1, "data")
/* Ours: the schema has no field for the part of a photo that a model is to see. */
#define MN_TFM_FIT "mobilenet.c/fit"
#define MN_TFM_FIT_EXACT "exact"
#define MN_TFM_FIT_CROP "crop"

#endif
