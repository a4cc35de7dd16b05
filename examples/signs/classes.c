/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "boards.h"

const sign_class classes[] = {
    {"ahead_only", board_duty, pictogram_ahead, 0, 0},
    {"bump", board_warning, pictogram_bump, 0, 0},
    {"children", board_warning, pictogram_children, 0, 0},
    {"crossroads", board_warning, pictogram_cross, 0, 0},
    {"curve_left", board_warning, pictogram_curve_left, 0, 0},
    {"curve_right", board_warning, pictogram_curve_right, 0, 0},
    {"cycle_path", board_duty, pictogram_bicycle, 0, 0},
    {"danger", board_warning, pictogram_exclamation, 0, 0},
    {"deer", board_warning, pictogram_deer, 0, 0},
    {"end_of_limits", board_end, 0, 0, 0},
    {"hospital", board_information, 0, "H", 0},
    {"no_entry", board_no_entry, 0, 0, 0},
    {"no_left_turn", board_ban, pictogram_turn_left, 0, 1},
    {"no_overtaking", board_ban, pictogram_two_cars, 0, 0},
    {"no_parking", board_no_parking, 0, 0, 1},
    {"no_trucks", board_ban, pictogram_truck, 0, 0},
    {"one_way", board_one_way, pictogram_ahead, 0, 0},
    {"parking", board_information, 0, "P", 0},
    {"pedestrian_crossing", board_crossing, pictogram_pedestrian, 0, 0},
    {"priority_road", board_priority, 0, 0, 0},
    {"roadworks", board_warning, pictogram_roadworks, 0, 0},
    {"roundabout", board_duty, pictogram_roundabout, 0, 0},
    {"slippery_road", board_warning, pictogram_slippery, 0, 0},
    {"speed_100", board_ban, 0, "100", 0},
    {"speed_120", board_ban, 0, "120", 0},
    {"speed_20", board_ban, 0, "20", 0},
    {"speed_30", board_ban, 0, "30", 0},
    {"speed_50", board_ban, 0, "50", 0},
    {"speed_70", board_ban, 0, "70", 0},
    {"speed_80", board_ban, 0, "80", 0},
    {"speed_90", board_ban, 0, "90", 0},
    {"stop", board_stop, 0, "STOP", 0},
    {"traffic_lights", board_warning, pictogram_lights, 0, 0},
    {"turn_left", board_duty, pictogram_turn_left, 0, 0},
    {"turn_right", board_duty, pictogram_turn_right, 0, 0},
    {"yield", board_yield, 0, 0, 0},
};

const int classes_count = COUNT(classes);

void classes_draw(cairo_t *cr, const style *s, const sign_class *c) { c->board(cr, s, c); }
