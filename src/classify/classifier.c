/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "classify/classifier.h"

#include <stdlib.h>
#include <string.h>

#include "base/argument.h"
#include "classify/answer.h"
#include "classify/ending.h"
#include "classify/names.h"
#include "graph/describe.h"
#include "graph/pixels.h"
#include "session/model.h"

struct mn_classifier {
    mn_model_view view; /* the model, with the scores before its last operator as one more output where there are any */
    mn_session *session;
    mn_ending ending;
    bool scores_known;
    mn_prepare prepare;
    mn_fill fill;
    float *probabilities, *scores; /* [classes] */
    int32_t *order;                /* [classes]: room for the best ones */
    const char **names;            /* [classes] */
    char *made;                    /* names that are put together, one behind the other */
};

/* ---- Input ------------------------------------------------------------------------------------------- */

mn_status mn_prepare_for(const mn_model *model, const mn_tensor *input, const mn_preprocess_options *options,
                         mn_prepare *out) {
    const mn_graph *graph = &model->graph;
    mn_pixels pixels = {0};
    mn_status told = options && mn_prepare_given(options) ? MN_OK : mn_graph_pixels(graph, &pixels);
    /* First: an input that is not a picture says nothing of pixels. */
    MN_TRY(mn_prepare_init(input ? input : &graph->tensors[graph->inputs[0]], &pixels, options, out));
    return told;
}

static mn_status check_ends(const mn_graph *graph) {
    if (graph->input_count == 1 && graph->output_count >= 1) return MN_OK;
    return mn_fail(MN_ERROR_UNSUPPORTED,
                   "%s: has %d inputs and %d outputs, so it is not an image classifier, which has one of each; "
                   "'mobilenet run' runs any model",
                   graph->name, graph->input_count, graph->output_count);
}

static mn_status open_input(mn_classifier *c, const mn_tensor *input, const mn_preprocess_options *options) {
    mn_status status = mn_prepare_for(&c->view.model, input, options, &c->prepare);
    return status == MN_OK ? MN_OK : mn_fail_prefix(status, c->view.model.graph.name);
}

/* ---- Names ------------------------------------------------------------------------------------------- */

/* Bytes of the names that are put together, which lie in the room of `names`. */
static size_t made_bytes(mn_names *names) {
    size_t bytes = 1; /* not none */
    for (int32_t i = 0; i < names->classes; i++) {
        const char *name = mn_names_get(names, i);
        if (name == names->made) bytes += strlen(name) + 1;
    }
    return bytes;
}

static mn_status copy_labels(const mn_classifier_options *o, mn_class_names *out) {
    for (int32_t i = 0; i < o->label_count; i++) {
        if (!o->labels[i])
            return mn_fail(MN_ERROR_ARGUMENT, "label %d of %d is NULL; give each class a name", i, o->label_count);
    }
    *out = (mn_class_names){o->label_count, o->labels};
    return MN_OK;
}

static mn_status give_labels(const mn_classifier_options *o, const char *model, mn_names *names) {
    mn_class_names given;
    if (!o->labels && o->label_count == 0) return MN_OK;
    if (!o->labels || o->label_count < 0)
        return mn_fail(MN_ERROR_ARGUMENT, "label_count is %d and labels is %s; give both, or neither", o->label_count,
                       o->labels ? "set" : "NULL");
    MN_TRY(copy_labels(o, &given));
    if (mn_names_give(names, given)) return MN_OK;
    return mn_fail(MN_ERROR_ARGUMENT, "%d labels are given, but %s has %d classes; give one for each", o->label_count,
                   model, names->classes);
}

/* Labels of the caller need not outlive this call, so every name that is not the model's or ImageNet's is copied. */
static mn_status open_names(mn_classifier *c, const mn_classifier_options *o) {
    mn_names names;
    const mn_graph *graph = &c->view.model.graph;
    mn_names_init(&names, mn_names_known(&graph->meaning, c->ending.output), c->ending.classes, c->ending.units == 1);
    MN_TRY(give_labels(o, graph->name, &names));
    size_t bytes = made_bytes(&names);
    for (int32_t i = 0; i < names.given.count; i++) bytes += strlen(names.given.name[i]) + 1;
    c->names = calloc((size_t)names.classes, sizeof *c->names);
    c->made = malloc(bytes);
    if (!c->names || !c->made) return mn_fail_memory("the names of classes");
    char *room = c->made;
    for (int32_t i = 0; i < names.classes; i++) {
        const char *name = mn_names_get(&names, i);
        const bool lasts = name != names.made && names.given.count == 0;
        c->names[i] = lasts ? name : room;
        if (lasts) continue;
        const size_t length = strlen(name) + 1;
        memcpy(room, name, length);
        room += length;
    }
    return MN_OK;
}

/* ---- Making one -------------------------------------------------------------------------------------- */

static mn_status open_answers(mn_classifier *c, const mn_model *model, const char *output) {
    MN_TRY(mn_ending_find(&model->graph, output, &c->ending));
    MN_TRY(mn_model_view_open(model, c->ending.score_tensor, &c->view));
    c->scores_known = c->ending.score_tensor >= 0 || c->ending.kind == MN_ENDS_IN_SCORES;
    const size_t classes = (size_t)c->ending.classes;
    c->probabilities = calloc(classes, sizeof *c->probabilities);
    c->scores = calloc(classes, sizeof *c->scores);
    c->order = calloc(classes, sizeof *c->order);
    return c->probabilities && c->scores && c->order ? MN_OK : mn_fail_memory("the probabilities");
}

/* An input that the session resized is another one than the file's. */
static mn_status open_session(mn_classifier *c, const mn_session_options *session,
                              const mn_preprocess_options *preprocess) {
    const mn_graph *graph = &c->view.model.graph;
    const mn_tensor *of_file = &graph->tensors[graph->inputs[0]];
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    MN_TRY(mn_session_create(&c->view.model, session, &c->session));
    MN_TRY(mn_session_tensor(c->session, graph->inputs[0], &info));
    const mn_tensor input = mn_tensor_of(&info);
    if (memcmp(input.dims, of_file->dims, sizeof input.dims) != 0) MN_TRY(open_input(c, &input, preprocess));
    if (c->prepare.bytes != input.bytes)
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: takes a batch of %d pictures; classifiers take one image at a time",
                       graph->name, input.dims[0]);
    c->fill = (mn_fill){.prepare = &c->prepare, .tensor = mn_session_input(c->session, 0)};
    return MN_OK;
}

static mn_status open_classifier(mn_classifier *c, const mn_model *model, const mn_classifier_options *options) {
    mn_preprocess_options preprocess;
    MN_TRY(mn_struct_read(&mn_preprocess_options_struct, options->preprocess, &preprocess));
    MN_TRY(check_ends(&model->graph));
    MN_TRY(open_input(c, NULL, &preprocess));
    MN_TRY(open_answers(c, model, options->output));
    MN_TRY(open_names(c, options));
    return open_session(c, options->session, &preprocess);
}

mn_status mn_classifier_create(const mn_model *model, const mn_classifier_options *given, mn_classifier **out) {
    mn_classifier_options options;
    MN_NEED(model);
    MN_NEED(out);
    MN_TRY(mn_struct_read(&mn_classifier_options_struct, given, &options));
    mn_classifier *c = calloc(1, sizeof *c);
    if (!c) return mn_fail_memory("a classifier");
    c->view = (mn_model_view){.model = *model, .added = -1};
    mn_status status = open_classifier(c, model, &options);
    if (status != MN_OK) {
        mn_classifier_close(&c);
        return status;
    }
    *out = c;
    return MN_OK;
}

void mn_classifier_close(mn_classifier **classifier) {
    if (!classifier || !*classifier) return;
    mn_classifier *c = *classifier;
    *classifier = NULL;
    mn_fill_free(&c->fill);
    mn_session_close(&c->session);
    mn_model_view_close(&c->view);
    free(c->probabilities);
    free(c->scores);
    free(c->order);
    free((void *)c->names);
    free(c->made);
    free(c);
}

/* ---- Looking at it ----------------------------------------------------------------------------------- */

mn_status mn_classifier_describe(const mn_classifier *classifier, mn_classifier_info *out) {
    MN_NEED(classifier);
    MN_TRY(mn_struct_check(&mn_classifier_info_struct, out));
    const mn_classifier_info info = {.classes = classifier->ending.classes,
                                     .units = classifier->ending.units,
                                     .ending = classifier->ending.kind,
                                     .labels = classifier->ending.labels,
                                     .scores_known = classifier->scores_known,
                                     .output = classifier->ending.output,
                                     .output_name = classifier->ending.given.name};
    mn_struct_write(&mn_classifier_info_struct, &info, out);
    return MN_OK;
}

mn_status mn_classifier_describe_input(const mn_classifier *classifier, mn_preprocess_info *out) {
    MN_NEED(classifier);
    return mn_prepare_tell(&classifier->prepare, out);
}

const char *mn_classifier_name(const mn_classifier *classifier, int32_t index) {
    return classifier && index >= 0 && index < classifier->ending.classes ? classifier->names[index] : NULL;
}

const float *mn_classifier_probabilities(const mn_classifier *classifier) {
    return classifier ? classifier->probabilities : NULL;
}

const float *mn_classifier_scores(const mn_classifier *classifier) { return classifier ? classifier->scores : NULL; }

mn_session *mn_classifier_session(mn_classifier *classifier) { return classifier ? classifier->session : NULL; }

mn_fill *mn_classifier_fill(mn_classifier *classifier) { return &classifier->fill; }

/* ---- Classifying ------------------------------------------------------------------------------------- */

mn_status mn_classifier_show(mn_classifier *classifier, mn_image *image) {
    MN_NEED(classifier);
    MN_NEED(image);
    return mn_fill_image(image, &(mn_fill *){&classifier->fill}, 1);
}

mn_status mn_classifier_run(mn_classifier *classifier) {
    MN_NEED(classifier);
    MN_TRY(mn_session_run(classifier->session));
    const int32_t scores = classifier->view.added;
    mn_ending_read(&classifier->ending, mn_session_output(classifier->session, classifier->ending.output),
                   scores < 0 ? NULL : mn_session_output(classifier->session, scores), classifier->probabilities,
                   classifier->scores);
    return MN_OK;
}

mn_status mn_classifier_best(mn_classifier *classifier, int32_t k, mn_class *best, int32_t *count) {
    MN_NEED(classifier);
    MN_NEED(best);
    MN_NEED(count);
    if (k < 1) return mn_fail(MN_ERROR_ARGUMENT, "the best %d classes are asked for; ask for 1 or more", k);
    const int32_t shown = k < classifier->ending.classes ? k : classifier->ending.classes;
    mn_answer_top_k(classifier->scores, classifier->ending.classes, shown, classifier->order);
    for (int32_t i = 0; i < shown; i++) {
        const int32_t index = classifier->order[i];
        best[i] = (mn_class){.index = index,
                             .probability = classifier->probabilities[index],
                             .score = classifier->scores[index],
                             .name = classifier->names[index]};
    }
    *count = shown;
    return MN_OK;
}

mn_status mn_classify(mn_classifier *classifier, mn_image *image, int32_t k, mn_class *best, int32_t *count) {
    MN_NEED(best);
    MN_NEED(count);
    MN_TRY(mn_classifier_show(classifier, image));
    MN_TRY(mn_classifier_run(classifier));
    return mn_classifier_best(classifier, k, best, count);
}
