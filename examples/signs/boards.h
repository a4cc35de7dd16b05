/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The boards: shape, border and colours, with what the class puts on them. */
#ifndef SIGNS_BOARDS_H
#define SIGNS_BOARDS_H

#include "classes.h"

void board_ban(cairo_t *cr, const style *s, const sign_class *c);
void board_crossing(cairo_t *cr, const style *s, const sign_class *c);
void board_duty(cairo_t *cr, const style *s, const sign_class *c);
void board_end(cairo_t *cr, const style *s, const sign_class *c);
void board_information(cairo_t *cr, const style *s, const sign_class *c);
void board_no_entry(cairo_t *cr, const style *s, const sign_class *c);
void board_no_parking(cairo_t *cr, const style *s, const sign_class *c);
void board_one_way(cairo_t *cr, const style *s, const sign_class *c);
void board_priority(cairo_t *cr, const style *s, const sign_class *c);
void board_stop(cairo_t *cr, const style *s, const sign_class *c);
void board_warning(cairo_t *cr, const style *s, const sign_class *c);
void board_yield(cairo_t *cr, const style *s, const sign_class *c);

#endif
