/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What mobilenet_classify.h does not tell of a classifier. */
#ifndef MN_CLASSIFY_CLASSIFIER_H
#define MN_CLASSIFY_CLASSIFIER_H

#include "image/prepare.h"

/** How images become the first input of `model`: of the shape that `input` has, or as the file says for NULL. `options`
 *  NULL means defaults. Errors: those of mn_model_pixels(), unless the options say what pixels are, and of
 *  mn_prepare_init(). */
mn_status mn_prepare_for(const mn_model *model, const mn_tensor *input, const mn_preprocess_options *options,
                         mn_prepare *out);

/** The model's input, for mn_fill_image() with several classifiers at once. The classifier's. */
mn_fill *mn_classifier_fill(mn_classifier *classifier);

#endif
