/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "sheet.h"
#include "classes.h"
#include "encode.h"

#define SAMPLES 9
#define COLUMNS 2
#define GAP 4 /* pixels between the columns */

/* The plain sign and the pictures of one class, from column `x` of row `y` on. */
static bool draw_row(cairo_surface_t *sheet, studio *s, int class_index, int x, int y, order o) {
    bool fine = picture_draw_plain(s, class_index);
    picture_put(s, sheet, x, y);
    for (int i = 0; i < SAMPLES && fine; i++) {
        o.index = (uint64_t)i * (uint64_t)classes_count + (uint64_t)class_index;
        fine = picture_draw(s, &o) && encode_through_jpeg(s);
        picture_put(s, sheet, x + (i + 1) * s->frame.side, y);
    }
    return fine;
}

bool sheet_save(const char *path, studio *s, uint64_t seed, split which) {
    int side = s->frame.side, rows = (classes_count + COLUMNS - 1) / COLUMNS;
    int column_width = (SAMPLES + 1) * side + GAP;
    cairo_surface_t *sheet = cairo_image_surface_create(CAIRO_FORMAT_RGB24, COLUMNS * column_width - GAP, rows * side);
    bool fine = cairo_surface_status(sheet) == CAIRO_STATUS_SUCCESS;
    for (int i = 0; i < classes_count && fine; i++) {
        fine = draw_row(sheet, s, i, i / rows * column_width, i % rows * side, (order){seed, which, 0});
    }
    fine = fine && cairo_surface_write_to_png(sheet, path) == CAIRO_STATUS_SUCCESS;
    cairo_surface_destroy(sheet);
    return fine;
}
