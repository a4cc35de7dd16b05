/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The machine, and a program put into it: a static ELF file with its arguments,
 * as Linux would start it. */
#include "loader.h"

#define PRINTER 0x378u
#define SHUTDOWN_PORT 0x8900u
#define DISK 0x1f0u
#define PROGRAM_STACK (8u << 20)

/* What the program may keep in vector registers and tiles, of XCR0: x87, SSE,
 * AVX, AVX-512, AMX. */
#define XCR0_WANTED 0x600e7u

enum { COUNT_MOST = 64 }; /* arguments */

/* ---- Output
 * --------------------------------------------------------------------------------------------------
 */

static void out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }

/* The printer takes a byte as its strobe bit (0) rises; it is selected and not
 * being reset (bits 3 and 2). */
void put(const char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        out8(PRINTER, (uint8_t)bytes[i]);
        out8(PRINTER + 2, 0x0d);
        out8(PRINTER + 2, 0x0c);
    }
}

void put_text(const char *text) { put(text, length_of(text)); }

void put_number(uint64_t number, unsigned base) {
    char digits[64];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    put(digits + at, sizeof digits - at);
}

void end(int status) {
    put_text("\nemulated: exit ");
    put_number((uint64_t)status & 255u, 10);
    put_text(" after ");
    put_number(ticks(), 10);
    put_text(" instructions\n");
    for (const char *word = "Shutdown"; *word != '\0'; word++) out8(SHUTDOWN_PORT, (uint8_t)*word);
    for (;;) __asm__ volatile("hlt");
}

void give_up(const char *text, uint64_t number) {
    put_text("\nemulated: ");
    put_text(text);
    put_text(" ");
    put_number(number, 10);
    end(125);
}

/* ---- What compilers call
 * -----------------------------------------------------------------------------------------
 */

void *memset(void *out, int byte, size_t count) {
    void *to = out;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(byte) : "memory");
    return out;
}

void *memcpy(void *restrict out, const void *restrict in, size_t count) {
    void *to = out;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(in), "+c"(count)::"memory");
    return out;
}

size_t length_of(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') length++;
    return length;
}

bool is_same(const char *a, const char *b) {
    for (; *a == *b; a++, b++) {
        if (*a == '\0') return true;
    }
    return false;
}

/* ---- The disk: ATA's first, one sector after another (AT Attachment with
 * Packet Interface - 6, 9.5: PIO data-in) ---
 */

enum { SECTOR = 512, SECTORS_MOST = 256 }; /* of a command */
enum { DISK_READ = 0x20, DISK_IDENTIFY = 0xec };
enum { DISK_BUSY = 0x80, DISK_DATA = 0x08, DISK_ERROR = 0x01 };

static uint8_t in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void *take_sector(void *to) {
    uint8_t status;
    while ((status = in8(DISK + 7)) & DISK_BUSY || !(status & (DISK_DATA | DISK_ERROR))) continue;
    if (status & DISK_ERROR) give_up("the disk cannot be read; its status is", status);
    size_t words = SECTOR / 2;
    __asm__ volatile("rep insw" : "+D"(to), "+c"(words) : "d"(DISK) : "memory");
    return to;
}

/* The whole disk to ARCHIVE. */
static void read_archive(void) {
    uint32_t identity[SECTOR / 4];
    out8(DISK + 6, 0xe0);
    out8(DISK + 7, DISK_IDENTIFY);
    take_sector(identity);
    const uint32_t sectors = identity[30]; /* words 60 and 61 */
    if (sectors > (MEMORY_END - ARCHIVE) / SECTOR) give_up("the archive is too large; it has sectors:", sectors);
    void *to = (void *)(uintptr_t)ARCHIVE;
    for (uint32_t sector = 0, count; sector < sectors; sector += count) {
        count = sectors - sector < SECTORS_MOST ? sectors - sector : SECTORS_MOST;
        out8(DISK + 2, (uint8_t)count);
        out8(DISK + 3, (uint8_t)sector);
        out8(DISK + 4, (uint8_t)(sector >> 8));
        out8(DISK + 5, (uint8_t)(sector >> 16));
        out8(DISK + 6, (uint8_t)(0xe0 | sector >> 24));
        out8(DISK + 7, DISK_READ);
        for (uint32_t i = 0; i < count; i++) to = take_sector(to);
    }
    pages_take(ARCHIVE, (uint64_t)to);
}

/* ---- The processor
 * ------------------------------------------------------------------------------------------------
 */

typedef struct gate {
    uint16_t low, selector, type, middle;
    uint32_t high, zero;
} gate;

static gate gates[32];
extern const uint8_t exceptions[32][32];
void enter_call(void);
_Noreturn void resume(void);

_Noreturn void report_exception(uint64_t which, uint64_t code, uint64_t rip, uint64_t address) {
    put_text("\nemulated: exception ");
    put_number(which, 10);
    put_text(", code ");
    put_number(code, 16);
    put_text(", at ");
    put_number(rip, 16);
    put_text(", address ");
    put_number(address, 16);
    end(124);
}

static void catch_exceptions(void) {
    for (size_t i = 0; i < 32; i++) {
        const uint64_t at = (uint64_t)exceptions[i];
        gates[i] = (gate){.low = (uint16_t)at, .selector = 0x08, .type = 0x8e00, .middle = (uint16_t)(at >> 16)};
    }
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } const place = {sizeof gates - 1, (uint64_t)gates};
    __asm__ volatile("lidt %0" ::"m"(place));
}

typedef struct cpuid_words {
    uint32_t a, b, c, d;
} cpuid_words;

static cpuid_words cpuid(uint32_t leaf) {
    cpuid_words w;
    __asm__ volatile("cpuid" : "=a"(w.a), "=b"(w.b), "=c"(w.c), "=d"(w.d) : "a"(leaf), "c"(0));
    return w;
}

/* All registers that the processor has may be used, with floating-point
 * exceptions masked as Linux begins. */
static void open_registers(void) {
    enum { LEAF_FEATURES = 1, XSAVE = 1 << 26, LEAF_XSAVE = 0xd, CR4_OSXSAVE = 1 << 18 };
    __asm__ volatile("fninit");
    if (!(cpuid(LEAF_FEATURES).c & XSAVE)) return;
    uint64_t cr4;
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("mov %0, %%cr4" ::"r"(cr4 | CR4_OSXSAVE));
    __asm__ volatile("xsetbv" ::"a"(cpuid(LEAF_XSAVE).a & XCR0_WANTED), "d"(0), "c"(0));
    const uint32_t bytes = cpuid(LEAF_XSAVE).b;
    if (bytes > sizeof current->vectors) give_up("the processor saves more bytes of registers than expected:", bytes);
}

static void catch_calls(void) {
    write_msr(0xc0000081, (uint64_t)0x08 << 32); /* STAR: selectors of code and, 8 above, of data */
    write_msr(0xc0000082, (uint64_t)enter_call); /* LSTAR */
    write_msr(0xc0000084, 1u << 10);             /* FMASK: strings go upwards */
}

/* ---- The program
 * ------------------------------------------------------------------------------------------------
 */

/* As in elf(5). */
typedef struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments, sections;
    uint32_t flags;
    uint16_t bytes, segment_bytes, segment_count, section_bytes, section_count, names;
} elf_header;

typedef struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, in_file, in_memory, align;
} elf_segment;

enum { ELF_LOAD = 1, ELF_INTERPRETER = 3 };
enum { ELF_EXECUTABLE = 2, ELF_X86_64 = 62 };

static void place_program(file program, const elf_header **out) {
    const elf_header *h = (const elf_header *)program.data;
    if (program.bytes < sizeof *h || h->ident[0] != 0x7f || h->machine != ELF_X86_64) give_up("no x86-64 program", 0);
    if (h->type != ELF_EXECUTABLE) give_up("the program has to be linked with -static -no-pie; its type is", h->type);
    const elf_segment *segments = (const elf_segment *)(program.data + h->segments);
    for (size_t i = 0; i < h->segment_count; i++) {
        const elf_segment *s = &segments[i];
        if (s->type == ELF_INTERPRETER) give_up("the program has to be linked with -static; it has a segment", s->type);
        if (s->type != ELF_LOAD) continue;
        if (s->address < PAGES_BEGIN || s->address + s->in_memory > ARCHIVE) give_up("a segment lies at", s->address);
        pages_take(s->address, s->address + s->in_memory);
        memset((void *)s->address, 0, s->in_memory);
        memcpy((void *)s->address, program.data + s->offset, s->in_file);
    }
    *out = h;
}

/* The address at which the program's headers are in memory, by which the C
 * library finds its thread-local data. */
static uint64_t headers_of(const elf_header *h) {
    const elf_segment *segments = (const elf_segment *)((const uint8_t *)h + h->segments);
    for (size_t i = 0; i < h->segment_count; i++) {
        const elf_segment *s = &segments[i];
        if (s->type == ELF_LOAD && s->offset <= h->segments && h->segments < s->offset + s->in_file) {
            return s->address + h->segments - s->offset;
        }
    }
    return 0;
}

/* Pointers to the texts of a file of texts that end with zeros. */
static size_t texts_of(const char *name, const char *out[COUNT_MOST]) {
    file texts;
    size_t count = 0;
    if (!file_find(name, &texts)) give_up("the archive lacks its file of arguments or of variables", 0);
    for (uint64_t at = 0; at < texts.bytes; at += length_of((const char *)texts.data + at) + 1) {
        if (count == COUNT_MOST - 1) give_up("there are more arguments or variables than", COUNT_MOST - 1);
        out[count++] = (const char *)texts.data + at;
    }
    return count;
}

/* Pushes what a program finds on its stack (System V ABI, AMD64 supplement,
 * "Initial Stack and Register State"). */
static uint64_t make_stack(const elf_header *h, const char *arguments[], size_t argument_count) {
    enum { AT_PHDR = 3, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_RANDOM = 25 };
    const char *variables[COUNT_MOST];
    const size_t variable_count = texts_of("emulated.environment", variables);
    const uint64_t bottom = pages_find(PROGRAM_STACK);
    const uint64_t auxiliary[] = {AT_PHDR,   headers_of(h), AT_PHENT,  h->segment_bytes,     AT_PHNUM, h->segment_count,
                                  AT_PAGESZ, PAGE,          AT_RANDOM, (uint64_t)exceptions, 0,        0};
    const size_t words = 3 + argument_count + variable_count + sizeof auxiliary / sizeof auxiliary[0];
    uint64_t *stack = (uint64_t *)((bottom + PROGRAM_STACK - 8 * words) & ~(uint64_t)15);
    uint64_t *at = stack;
    *at++ = argument_count;
    for (size_t i = 0; i < argument_count; i++) *at++ = (uint64_t)arguments[i];
    *at++ = 0;
    for (size_t i = 0; i < variable_count; i++) *at++ = (uint64_t)variables[i];
    *at++ = 0;
    memcpy(at, auxiliary, sizeof auxiliary);
    return (uint64_t)stack;
}

_Noreturn void start(void) {
    extern uint8_t bss_begin[], bss_end[];
    memset(bss_begin, 0, (size_t)(bss_end - bss_begin));
    catch_exceptions();
    open_registers();
    catch_calls();
    read_archive();
    const char *arguments[COUNT_MOST];
    const size_t count = texts_of("emulated.arguments", arguments);
    file program;
    if (count == 0 || !file_find(arguments[0], &program)) give_up("the archive lacks the program", 0);
    const elf_header *header;
    place_program(program, &header);
    threads_begin(header->entry, make_stack(header, arguments, count));
    resume();
}
