/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "mcu/library.h"

#include <ctype.h>
#include <string.h>

/* In paths and texts @name@ is the library's name, @NAME@ that in capitals; a line with @source@ is there once for each
 * source. */
static const struct {
    const char *path, *text;
} files[] = {
    {"library.properties", "name=@name@\n"
                           "version=1.0.0\n"
                           "author=mobilenet compile\n"
                           "maintainer=mobilenet compile\n"
                           "sentence=An int8 network as plain C: no heap, one static array.\n"
                           "paragraph=Rows of an image go in one by one, scores come out.\n"
                           "category=Data Processing\n"
                           "url=\n"
                           "architectures=*\n"
                           "includes=@name@.h\n"},
    {"library.json", "{\n"
                     "  \"name\": \"@name@\",\n"
                     "  \"version\": \"1.0.0\",\n"
                     "  \"description\": \"An int8 network as plain C: no heap, one static array\",\n"
                     "  \"keywords\": [\"classifier\", \"int8\", \"tflite\"],\n"
                     "  \"headers\": [\"@name@.h\"],\n"
                     "  \"frameworks\": \"*\",\n"
                     "  \"platforms\": \"*\",\n"
                     "  \"build\": {\"srcDir\": \"src\", \"includeDir\": \"src\"}\n"
                     "}\n"},
    {"zephyr/module.yml", "name: @name@\n"
                          "build:\n"
                          "  cmake: zephyr\n"
                          "  kconfig: zephyr/Kconfig\n"},
    {"zephyr/CMakeLists.txt", "if(CONFIG_MOBILENET_@NAME@)\n"
                              "  set(folder ${CMAKE_CURRENT_LIST_DIR}/../src)\n"
                              "  zephyr_library_named(@name@)\n"
                              "  zephyr_library_sources(\n"
                              "    ${folder}/@source@\n"
                              "  )\n"
                              "  zephyr_include_directories(${folder})\n"
                              "endif()\n"},
    {"zephyr/Kconfig", "config MOBILENET_@NAME@\n"
                       "\tbool \"@name@, a network that mobilenet compile has written\"\n"},
    {"mobilenet.@name@.pdsc",
     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
     "<package schemaVersion=\"1.7.7\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema-instance\"\n"
     "         xs:noNamespaceSchemaLocation=\"https://raw.githubusercontent.com/Open-CMSIS-Pack/Open-CMSIS-Pack-Spec/"
     "v1.7.7/schema/PACK.xsd\">\n"
     "  <vendor>mobilenet</vendor>\n"
     "  <name>@name@</name>\n"
     "  <description>An int8 network as plain C: no heap, one static array</description>\n"
     "  <url></url>\n"
     "  <releases>\n"
     "    <release version=\"1.0.0\">As mobilenet compile has written it</release>\n"
     "  </releases>\n"
     "  <components>\n"
     "    <component Cclass=\"Machine Learning\" Cgroup=\"Network\" Csub=\"@name@\" Cversion=\"1.0.0\">\n"
     "      <description>The network and what runs it</description>\n"
     "      <files>\n"
     "        <file category=\"include\" name=\"src/\"/>\n"
     "        <file category=\"source\" name=\"src/@source@\"/>\n"
     "      </files>\n"
     "    </component>\n"
     "  </components>\n"
     "</package>\n"},
    {"examples/@name@/@name@.ino",
     "// Rows go into the network as a camera would bring them; the best class is told.\n"
     "#include <@name@.h>\n"
     "\n"
     "static int8_t row[@NAME@_ROW_BYTES], scores[@NAME@_SCORES];\n"
     "\n"
     "// Row y of an image, as @name@.h says what bytes mean. Read a camera here.\n"
     "static void read_row(uint32_t y) {\n"
     "    for (uint32_t i = 0; i < @NAME@_ROW_BYTES; i++) row[i] = (int8_t)((y + i) % 256);\n"
     "}\n"
     "\n"
     "void setup() { Serial.begin(115200); }\n"
     "\n"
     "void loop() {\n"
     "    @name@_begin();\n"
     "    for (uint32_t y = 0; y < @NAME@_HEIGHT; y++) {\n"
     "        read_row(y);\n"
     "        @name@_push_row(row);\n"
     "    }\n"
     "    if (@name@_finish(scores) != 0) return;\n"
     "    uint32_t best = 0;\n"
     "    for (uint32_t i = 1; i < @NAME@_SCORES; i++) {\n"
     "        if (scores[i] > scores[best]) best = i;\n"
     "    }\n"
     "    Serial.print(\"class \");\n"
     "    Serial.println((unsigned long)best);\n"
     "    delay(1000);\n"
     "}\n"},
};

int32_t mn_mcu_library_files(void) { return (int32_t)(sizeof files / sizeof *files); }

/* ---- Names in texts -------------------------------------------------------------------------------------- */

static void put_upper(const char *name, FILE *out) {
    for (; *name != '\0'; name++) fputc(toupper((unsigned char)*name), out);
}

/* One line, up to `end`. */
static void put_line(const mn_mcu_library *library, const char *source, const char *line, const char *end, FILE *out) {
    while (line < end) {
        if (strncmp(line, "@name@", 6) == 0) {
            fputs(library->name, out);
            line += 6;
        } else if (strncmp(line, "@NAME@", 6) == 0) {
            put_upper(library->name, out);
            line += 6;
        } else if (strncmp(line, "@source@", 8) == 0) {
            fputs(source, out);
            line += 8;
        } else {
            fputc(*line++, out);
        }
    }
}

void mn_mcu_library_emit(const mn_mcu_library *library, int32_t i, FILE *out) {
    for (const char *line = files[i].text, *end; *line != '\0'; line = end) {
        end = strchr(line, '\n') + 1;
        const char *of_sources = strstr(line, "@source@");
        const int32_t times = of_sources && of_sources < end ? library->source_count : 1;
        for (int32_t k = 0; k < times; k++) put_line(library, library->sources[k], line, end, out);
    }
}

void mn_mcu_library_path(const mn_mcu_library *library, int32_t i, char *path, size_t size) {
    size_t used = 0;
    for (const char *from = files[i].path; *from != '\0' && used < size;) {
        const int is_name = strncmp(from, "@name@", 6) == 0;
        const char text[2] = {*from, '\0'};
        const int added = snprintf(path + used, size - used, "%s", is_name ? library->name : text);
        used += (size_t)added;
        from += is_name ? 6 : 1;
    }
}
