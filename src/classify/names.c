/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "classify/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { IMAGENET_CLASSES = 1000, WNID_LENGTH = 9 };

bool mn_is_wnid(const char *text) {
    if (text[0] != 'n') return false;
    for (int i = 1; i < WNID_LENGTH; i++) {
        if (!isdigit((unsigned char)text[i])) return false;
    }
    return !isalnum((unsigned char)text[WNID_LENGTH]);
}

static bool same_words(const char *a, const char *b, size_t length) {
    for (size_t i = 0; i < length; i++) {
        int x = a[i] == '_' ? ' ' : tolower((unsigned char)a[i]);
        int y = b[i] == '_' ? ' ' : tolower((unsigned char)b[i]);
        if (x != y) return false;
    }
    return true;
}

int mn_names_match(const char *label, const char *name) {
    size_t length = strlen(name);
    if (length == strlen(label) && same_words(label, name, length)) return 2;
    for (const char *word = label; *word != '\0';) {
        size_t end = strcspn(word, ",");
        if (end == length && same_words(word, name, length)) return 1;
        word += end;
        word += strspn(word, ", ");
    }
    return 0;
}

/* Are a model's own names those of ImageNet's classes, in its order? Lists shorten and spell some differently. */
static bool names_imagenet(const mn_class_names *known, int32_t shift) {
    int32_t same = 0;
    for (int32_t i = shift; i < known->count; i++) {
        char first[64];
        snprintf(first, sizeof first, "%.*s", (int)strcspn(known->name[i], ","), known->name[i]);
        same += mn_names_match(mn_imagenet_label(i - shift), first) > 0;
    }
    return same > known->count * 3 / 4;
}

void mn_names_init(mn_names *names, const mn_class_names *known, int32_t classes, bool one_unit) {
    *names = (mn_names){.classes = classes, .one_unit = one_unit};
    if (known && (known->count == classes || (one_unit && known->count == 1))) names->known = known;
    names->shift = classes == IMAGENET_CLASSES + 1;
    names->imagenet = (classes == IMAGENET_CLASSES || classes == IMAGENET_CLASSES + 1) &&
                      (!names->known || names_imagenet(names->known, names->shift));
}

bool mn_names_give(mn_names *names, mn_class_names given) {
    if (given.count != names->classes && !(names->one_unit && given.count == 1)) return false;
    names->given = given;
    names->imagenet = names->classes == IMAGENET_CLASSES || names->classes == IMAGENET_CLASSES + 1;
    return true;
}

const mn_class_names *mn_names_known(const mn_meaning *meaning, int32_t output) {
    return output < meaning->output_count ? &meaning->classes[output] : NULL;
}

/* With one name for both classes, class 0 has none. */
const char *mn_names_listed(const mn_names *names, int32_t index) {
    const mn_class_names *list = names->given.count > 0 ? &names->given : names->known;
    if (!list || list->count == 0) return NULL;
    const int32_t line = index - (names->classes - list->count);
    return line < 0 ? NULL : list->name[line];
}

static const char *behind_wnid(const char *label) {
    if (!mn_is_wnid(label)) return label;
    const char *name = label + WNID_LENGTH + strspn(label + WNID_LENGTH, " \t:,;");
    return *name != '\0' ? name : label;
}

const char *mn_names_get(mn_names *names, int32_t index) {
    const char *name = mn_names_listed(names, index);
    if (name) return behind_wnid(name);
    name = names->one_unit && index == 0 ? mn_names_listed(names, 1) : NULL;
    if (name) {
        snprintf(names->made, sizeof names->made, "not %s", name);
        return names->made;
    }
    if (names->imagenet && index >= names->shift) return mn_imagenet_label(index - names->shift);
    if (names->imagenet) return "background";
    snprintf(names->made, sizeof names->made, "class %d", index);
    return names->made;
}

const char *mn_names_wnid(const mn_names *names, int32_t index) {
    if (names->given.count > 0 || !names->imagenet || index < names->shift) return NULL;
    return mn_imagenet_wnid(index - names->shift);
}
