/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A delegate that calls every function of its context with whatever comes, in every phase: an answer, no crash. A back
 * end shows it the network, so that no library need be loaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "delegate/host.h"
#include "delegate/key.h"
#include "delegate/options.h"
#include "session/model.h"
#include "session/session.h"
#include "support/model_builder.h"

enum { CALLS = 120, LONGEST = 32 };

static uint32_t seed;

static uint32_t any(void) {
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

/* Numbers near those that mean something, and far ones. */
static int any_number(int count) {
    static const int far[] = {-1, INT32_MIN, INT32_MAX, 1 << 30, 65536};
    return any() % 4 == 0 ? far[any() % 5] : (int)(any() % (uint32_t)(count + 2));
}

static void *any_or_null(void *pointer) { return any() % 8 == 0 ? NULL : pointer; }

/* An array whose size may be a lie that is too large or negative, never one that is a little too large. */
static tfl_int_array *any_nodes(int32_t words[LONGEST + 1], int count) {
    words[0] = any() % 6 == 0 ? (any() % 2 ? -3 : 1 << 20) : (int32_t)(any() % LONGEST);
    for (int i = 1; i <= LONGEST; i++) words[i] = any() % 3 ? i : any_number(count);
    return any_or_null(words);
}

static tfl_tensor *any_tensor(tfl_context *context) {
    static tfl_tensor stranger;
    tfl_tensor *const tensors = context->tensors;
    switch (any() % 8) {
    case 0: return NULL;
    case 1: return &stranger;
    case 2: return tensors + context->tensors_size;
    case 3: return (tfl_tensor *)((uintptr_t)tensors + 4);
    default: return tensors + any() % context->tensors_size;
    }
}

static tfl_int_array *any_dims(void) {
    tfl_int_array *dims = malloc((1 + LONGEST) * sizeof(int32_t));
    if (!dims || any() % 8 == 0) {
        free(dims);
        return NULL;
    }
    dims->size = any() % 8 == 0 ? any_number(3) : (int32_t)(any() % 5);
    for (int i = 0; i < LONGEST; i++) dims->data[i] = any() % 8 ? (int32_t)(any() % 9) : -1;
    if (any() % 8 == 0) { /* more bytes than can be counted, so that nobody tries to allocate them */
        dims->size = 5;
        for (int i = 0; i < 5; i++) dims->data[i] = INT32_MAX;
    }
    return dims;
}

static tfl_status nothing(tfl_context *context, tfl_node *node) {
    (void)context, (void)node;
    return TFL_OK;
}

static void call_about_graph(tfl_context *context, int count, int32_t *right) {
    const tfl_registration r = {.invoke = any() % 8 ? nothing : NULL, .custom_name = any_or_null("any")};
    int32_t words[LONGEST + 1];
    tfl_int_array *plan;
    tfl_node *node = NULL;
    tfl_registration *registration;
    tfl_delegate_params *parts;
    tfl_context *other;
    int found;
    switch (any() % 6) {
    case 0: *right += context->get_execution_plan(context, any_or_null(&plan)) == TFL_OK; break;
    case 1:
        *right +=
            context->get_node_and_registration(context, any_number(count), any_or_null(&node), &registration) == TFL_OK;
        break;
    case 2:
        *right +=
            context->replace_node_subsets(context, r, any_nodes(words, count), mn_host_of(context)->delegate) == TFL_OK;
        break;
    case 3:
        *right +=
            context->preview_partitioning(context, any_nodes(words, count), any_or_null(&parts), &found) == TFL_OK;
        break;
    case 4: *right += context->acquire_subgraph_context(context, any_number(1), any_or_null(&other)) == TFL_OK; break;
    default: *right += context->release_subgraph_context(context, any_number(1)) == TFL_OK;
    }
}

static void call_about_memory(tfl_context *context) {
    static tfl_external_context lent;
    const char *data;
    size_t bytes;
    int found;
    void *memory = NULL;
    switch (any() % 9) {
    case 0:
        if (context->add_tensors(context, any_number(3), any_or_null(&found)) != TFL_OK) break;
        for (size_t i = 0; i < context->tensors_size; i++) { /* what a delegate does with its own */
            tfl_tensor *tensor = &context->tensors[i];
            if (i < (size_t)mn_host_of(context)->model_tensors || any() % 2) continue;
            tensor->type = (tfl_type)(any() % 12);
            tensor->allocation_type = TFL_ARENA_RW;
        }
        break;
    case 1: context->resize_tensor(context, any_tensor(context), any_dims()); break;
    case 2:
        context->resize_tensor_explicit(context, any_tensor(context), any_number(2), any_or_null((int[]){1, 2, 3, 4}));
        break;
    case 3: context->get_model_metadata(context, any_or_null("name"), any_or_null(&data), &bytes); break;
    case 4: context->set_external_context(context, any_number(5), any_or_null(&lent)); break;
    case 5: assert_true(context->get_tensor(context, any_number(9)) == NULL || context->tensors_size > 0); break;
    case 6:
        if (context->request_scratch_buffer(context, any() % 5000, any_or_null(&found)) != TFL_OK) break;
        context->get_scratch_buffer(context, any_number(9));
        break;
    case 7:
        if (context->allocate_buffer_for_eval(context, any() % 5000, &memory) == TFL_OK) assert_non_null(memory);
        break;
    default:
        context->report_error(context, "%s %d", "something", 5);
        assert_null(context->get_eval_tensor(context, 0));
        context->get_external_context(context, any_number(5));
    }
}

static mn_status claim(void *unused, const mn_offer *offer, bool *wanted, void **session) {
    static tfl_delegate delegate;
    mn_host *host;
    int32_t right[MN_HOST_CLAIM + 1] = {0};
    (void)unused, (void)wanted, (void)session;
    MN_TRY(mn_host_open(offer, &host));
    host->delegate = &delegate;
    for (int32_t phase = MN_HOST_IDLE; phase <= MN_HOST_CLAIM; phase++) {
        mn_host_enter(host, (mn_host_phase)phase);
        for (int32_t i = 0; i < CALLS; i++) {
            call_about_graph(&host->context, offer->graph->op_count, &right[phase]);
            call_about_memory(&host->context);
        }
        assert_true(strlen(host->words) < MN_HOST_WORDS);
        mn_host_leave(host);
        if (phase < MN_HOST_CLAIM) assert_int_equal(host->call_count, 0);
    }
    assert_int_equal(right[MN_HOST_IDLE], 0);
    assert_int_equal(right[MN_HOST_KERNEL], 0);
    assert_true(right[MN_HOST_INIT] > CALLS / 20);
    assert_true(right[MN_HOST_CLAIM] > CALLS / 20);
    mn_host_close(&host);
    return MN_OK;
}

static void any_calls(void **state) {
    (void)state;
    static const mn_backend caller = {.name = "caller", .claim = claim};
    static const mn_backend *const list[] = {&caller};
    for (uint32_t i = 0; i < 60; i++) {
        model_builder b;
        mn_model *model = NULL;
        mn_session *session = NULL;
        seed = i;
        mb_classifier(&b, MN_INT8, i, 1 + (int32_t)(i % 12));
        assert_int_equal(mn_model_from_graph(&b.graph, &model), MN_OK);
        assert_int_equal(mn_session_create_with(model, NULL, &(mn_backend_list){1, list}, &session), MN_OK);
        mn_session_close(&session);
        mn_model_close(&model);
        mn_graph_free(&b.graph);
    }
}

/* ---- Shapes that follow from shapes ----------------------------------------------------------------------------- */

/* Is the operator in the plan, and can it be taken? */
typedef struct chance {
    int32_t op;
    bool in_plan, taken;
} chance;

static mn_status try_to_take(void *context, const mn_offer *offer, bool *wanted, void **session) {
    static tfl_delegate delegate;
    chance *c = context;
    const int32_t one[2] = {1, c->op};
    const tfl_registration_2_9 r = {.invoke = nothing};
    mn_host *host;
    tfl_int_array *plan;
    (void)wanted, (void)session;
    MN_TRY(mn_host_open(offer, &host));
    mn_host_enter(host, MN_HOST_CLAIM);
    assert_int_equal(host->context.get_execution_plan(&host->context, &plan), TFL_OK);
    c->in_plan = false;
    for (int32_t i = 0; i < plan->size; i++) c->in_plan = c->in_plan || plan->data[i] == c->op;
    c->taken = mn_host_take(host, &r, (const tfl_int_array *)(const void *)one, &delegate) == TFL_OK;
    mn_host_leave(host);
    mn_host_close(&host);
    return MN_OK;
}

/* x -> RELU -> RESHAPE to SHAPE(x)[:1] and 4. */
static mn_model *build_flatten(model_builder *b) {
    const int32_t one = 1, two = 2, four = 4;
    mn_model *model = NULL;
    mb_open(b, MN_FLOAT32, 1);
    const int32_t x = mb_tensor(b, "x", MN_FLOAT32, 4, (int32_t[]){1, 2, 2, 1}),
                  positive = mb_tensor(b, "positive", MN_FLOAT32, 4, (int32_t[]){1, 2, 2, 1}),
                  y = mb_tensor(b, "y", MN_FLOAT32, 2, (int32_t[]){1, 4}),
                  shape = mb_tensor(b, "shape", MN_INT32, 1, &four), images = mb_tensor(b, "images", MN_INT32, 1, &one),
                  list = mb_tensor(b, "list", MN_INT32, 1, &two);
    const int32_t begin = mb_list(b, "begin", 1, (int32_t[]){0}), end = mb_list(b, "end", 1, &one),
                  step = mb_list(b, "step", 1, &one), rest = mb_list(b, "rest", 1, &four);
    mb_op(b, MN_OP_SHAPE, 1, 1, &x, shape);
    mb_op(b, MN_OP_STRIDED_SLICE, 1, 4, (int32_t[]){shape, begin, end, step}, images)->attr.slice =
        (mn_slice){.count = 1, .end = {1}, .step = {1}};
    mb_op(b, MN_OP_CONCATENATION, 1, 2, (int32_t[]){images, rest}, list);
    mb_op(b, MN_OP_RELU, 1, 1, &x, positive);
    mb_op(b, MN_OP_RESHAPE, 1, 2, (int32_t[]){positive, list}, y)->attr.computed = true;
    mb_ends(b, x, y);
    if (mn_model_from_graph(&b->graph, &model) != MN_OK) fail_msg("%s", mn_error_detail());
    return model;
}

/* A delegate would read the file's batch in the constant that says the shape. */
static void stale_constants_are_not_offered(void **state) {
    (void)state;
    enum { RELU = 3, RESHAPE = 4 };
    model_builder b;
    mn_model *model = build_flatten(&b);
    for (int32_t batch = 1; batch <= 2; batch++) {
        for (int32_t op = RELU; op <= RESHAPE; op++) {
            chance c = {.op = op};
            const mn_backend taker = {.name = "taker", .context = &c, .claim = try_to_take};
            const mn_backend *const list[] = {&taker};
            mn_session_options options = MN_INIT(mn_session_options);
            mn_session *session = NULL;
            options.batch = batch;
            assert_int_equal(mn_session_create_with(model, &options, &(mn_backend_list){1, list}, &session), MN_OK);
            assert_int_equal(c.in_plan, batch == 1 || op == RELU);
            assert_int_equal(c.taken, c.in_plan);
            mn_session_close(&session);
        }
    }
    mn_model_close(&model);
    mn_graph_free(&b.graph);
}

/* ---- Options ------------------------------------------------------------------------------------------------- */

static void options_are_pairs(void **state) {
    (void)state;
    static const char *const wrong[] = {"a", "a:", ":1", "a:1;b", "a:1:2", "a:1;;b:", ":"};
    mn_delegate_options options;
    mn_region region = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(mn_delegate_options_parse(wrong[i], &region, &options), MN_ERROR_ARGUMENT);
        assert_non_null(strstr(mn_error_detail(), "' is not a pair KEY:VALUE; "));
    }
    assert_int_equal(mn_delegate_options_parse(";a:1;;b:2 3;a:4;", &region, &options), MN_OK);
    assert_int_equal(options.count, 3);
    assert_string_equal(options.keys[1], "b");
    assert_string_equal(options.values[1], "2 3");
    assert_int_equal(mn_delegate_options_find(&options, "a"), 2);
    assert_int_equal(mn_delegate_options_find(&options, "c"), -1);
    assert_int_equal(mn_delegate_options_parse(NULL, &region, &options), MN_OK);
    assert_int_equal(options.count, 0);
    char many[257 * 4 + 1];
    for (size_t i = 0; i < 257; i++) memcpy(many + 4 * i, "a:1;", 5);
    assert_int_equal(mn_delegate_options_parse(many, &region, &options), MN_ERROR_ARGUMENT);
    assert_non_null(strstr(mn_error_detail(), "more than 256 options"));
    mn_region_free(&region);
}

static void any_options(void **state) {
    (void)state;
    int32_t right = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        static const char letters[] = "ab1:;";
        char text[16];
        mn_region region = {0};
        mn_delegate_options options;
        seed = i;
        const size_t length = any() % sizeof text;
        for (size_t k = 0; k < length; k++) text[k] = letters[any() % 5];
        text[length] = '\0';
        const mn_status status = mn_delegate_options_parse(text, &region, &options);
        right += status == MN_OK && options.count > 0;
        for (size_t k = 0; k < options.count; k++) {
            assert_true(options.keys[k][0] != '\0' && options.values[k][0] != '\0');
            assert_null(strpbrk(options.keys[k], ":;"));
            assert_null(strpbrk(options.values[k], ":;"));
        }
        mn_region_free(&region);
    }
    assert_true(right > 50);
}

/* ---- Keys of caches -------------------------------------------------------------------------------------------- */

static char told[MN_KEY_LETTERS + 1];

static mn_status tell_key(void *file, const mn_offer *offer, bool *wanted, void **session) {
    static const mn_delegate_options none;
    mn_sha256 prefix;
    mn_host *host;
    (void)wanted, (void)session;
    MN_TRY(mn_delegate_key_begin(file, &none, &prefix));
    MN_TRY(mn_host_open(offer, &host));
    mn_delegate_key(host, &prefix, told);
    mn_host_close(&host);
    return MN_OK;
}

static void ask_for_key(const mn_model *model, const char *file, char key[MN_KEY_LETTERS + 1]) {
    const mn_backend teller = {.name = "teller", .context = (void *)(uintptr_t)file, .claim = tell_key};
    const mn_backend *const list[] = {&teller};
    mn_session *session = NULL;
    assert_int_equal(mn_session_create_with(model, NULL, &(mn_backend_list){1, list}, &session), MN_OK);
    mn_session_close(&session);
    memcpy(key, told, sizeof told);
}

/* One bit of anything that a delegate may read is another key. */
static void expect_other_key(const mn_model *model, const void *byte) {
    static const char file[] = "tests/golden/tiny_v2_int8.tflite"; /* stands for the delegate's */
    char before[MN_KEY_LETTERS + 1], changed[MN_KEY_LETTERS + 1], after[MN_KEY_LETTERS + 1];
    uint8_t *at = (uint8_t *)(uintptr_t)byte;
    ask_for_key(model, file, before);
    *at ^= 1;
    ask_for_key(model, file, changed);
    *at ^= 1;
    ask_for_key(model, file, after);
    assert_string_equal(before, after);
    assert_string_not_equal(before, changed);
}

static void keys_tell_bits_apart(void **state) {
    (void)state;
    model_builder b;
    mn_model *model = NULL;
    int32_t constants = 0;
    char one[MN_KEY_LETTERS + 1], other[MN_KEY_LETTERS + 1];
    mb_classifier(&b, MN_INT8, 7, 13);
    assert_int_equal(mn_model_from_graph(&b.graph, &model), MN_OK);
    for (int32_t i = 0; i < model->graph.tensor_count; i++) {
        const mn_tensor *tensor = &model->graph.tensors[i];
        if (!tensor->data || tensor->type != MN_INT8) continue;
        constants++;
        expect_other_key(model, (const uint8_t *)tensor->data + tensor->bytes - 1);
        if (tensor->quant.count > 0) expect_other_key(model, &tensor->quant.scale[tensor->quant.count - 1]);
    }
    assert_true(constants >= 2);
    ask_for_key(model, "tests/golden/tiny_v2_int8.tflite", one);
    ask_for_key(model, "tests/golden/tiny_v2_uint8.tflite", other);
    assert_string_not_equal(one, other);
    mn_model_close(&model);
    mn_graph_free(&b.graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_calls), cmocka_unit_test(stale_constants_are_not_offered),
                                       cmocka_unit_test(options_are_pairs), cmocka_unit_test(any_options),
                                       cmocka_unit_test(keys_tell_bits_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
