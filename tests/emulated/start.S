/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From the processor's reset to 64-bit C, and from a program's SYSCALL to serve() and back. Manuals: Intel 64 and IA-32
 * Architectures Software Developer's Manual, volume 3, 10.1 (reset), 10.8 (64-bit mode), 5.8.8 (SYSCALL). */

#define TABLES 0x1000
#define STACK_TOP 0x9f000
#define CODE64 0x08
#define DATA 0x10
#define CODE32 0x18

        .section .reset, "ax"
        .code16
        ljmp    $0xf000, $(start16 - 0xf0000)

        .text
        .code16
start16:
        cli
        cld
        lgdtl   %cs:(gdt_place - 0xf0000)
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmpl   $CODE32, $start32

        .code32
start32:
        mov     $DATA, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %ss
        in      $0x92, %al                      /* all address lines */
        or      $2, %al
        and     $0xfe, %al
        out     %al, $0x92
        mov     $TABLES, %edi                   /* the first 4 GiB where they are, in pages of 2 MiB */
        mov     $(6 * 1024), %ecx
        xor     %eax, %eax
        rep stosl
        movl    $(TABLES + 0x1003), TABLES
        mov     $(TABLES + 0x2003), %eax
        xor     %ecx, %ecx
1:      mov     %eax, TABLES + 0x1000(, %ecx, 8)
        add     $0x1000, %eax
        inc     %ecx
        cmp     $4, %ecx
        jne     1b
        mov     $0x83, %eax
        xor     %ecx, %ecx
2:      mov     %eax, TABLES + 0x2000(, %ecx, 8)
        add     $0x200000, %eax
        inc     %ecx
        cmp     $2048, %ecx
        jne     2b
        mov     $TABLES, %eax
        mov     %eax, %cr3
        mov     %cr4, %eax
        or      $0x620, %eax                    /* PAE, OSFXSR, OSXMMEXCPT */
        mov     %eax, %cr4
        mov     $0xc0000080, %ecx               /* EFER: long mode, SYSCALL */
        rdmsr
        or      $0x101, %eax
        wrmsr
        mov     %cr0, %eax
        and     $0x9ffffffb, %eax               /* caches on, no emulation of the FPU */
        or      $0x80000022, %eax               /* paging, FPU errors and waiting as Linux has them */
        mov     %eax, %cr0
        ljmp    $CODE64, $start64

        .code64
start64:
        mov     $STACK_TOP, %esp
        call    start
        hlt

/* What SYSCALL enters, with the program's next instruction in rcx and its flags in r11. The order of the registers is
 * that of `registers` in loader.h. */
        .globl  enter_call
enter_call:
        mov     %rsp, stack_of_caller
        mov     current, %rsp
        mov     %rax, 0(%rsp)
        mov     %rdi, 8(%rsp)
        mov     %rsi, 16(%rsp)
        mov     %rdx, 24(%rsp)
        mov     %r10, 32(%rsp)
        mov     %r8, 40(%rsp)
        mov     %r9, 48(%rsp)
        mov     %rbx, 56(%rsp)
        mov     %rbp, 64(%rsp)
        mov     %r12, 72(%rsp)
        mov     %r13, 80(%rsp)
        mov     %r14, 88(%rsp)
        mov     %r15, 96(%rsp)
        mov     %rcx, 104(%rsp)
        mov     %r11, 112(%rsp)
        mov     stack_of_caller, %rcx
        mov     %rcx, 120(%rsp)
        mov     $STACK_TOP, %esp
        call    serve

/* Continues `current`, which may be another thread by now. Programs have all privileges, so SYSRET is not for them. */
        .globl  resume
resume:
        mov     $STACK_TOP, %esp
        mov     current, %rbx
        push    112(%rbx)
        popfq
        mov     0(%rbx), %rax
        mov     8(%rbx), %rdi
        mov     16(%rbx), %rsi
        mov     24(%rbx), %rdx
        mov     32(%rbx), %r10
        mov     40(%rbx), %r8
        mov     48(%rbx), %r9
        mov     64(%rbx), %rbp
        mov     72(%rbx), %r12
        mov     80(%rbx), %r13
        mov     88(%rbx), %r14
        mov     96(%rbx), %r15
        mov     104(%rbx), %rcx
        mov     120(%rbx), %rsp
        mov     56(%rbx), %rbx
        jmp     *%rcx

/* One of 32 bytes for each of the exceptions 0 to 31; some put a code on the stack, for which the others put 0. */
        .globl  exceptions
        .balign 32
exceptions:
        vector = 0
        .rept   32
        .balign 32
        .if     !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
        push    $0
        .endif
        push    $vector
        jmp     report
        vector = vector + 1
        .endr
report:
        pop     %rdi
        pop     %rsi
        pop     %rdx
        mov     %cr2, %rcx
        mov     $STACK_TOP, %esp
        cld
        call    report_exception

        .section .rodata
        .balign 8
gdt:    .quad   0
        .quad   0x00af9b000000ffff              /* CODE64 */
        .quad   0x00cf93000000ffff              /* DATA */
        .quad   0x00cf9b000000ffff              /* CODE32 */
gdt_place:
        .word   gdt_place - gdt - 1
        .long   gdt

        .bss
        .balign 8
stack_of_caller:
        .quad   0

        .section .note.GNU-stack, "", @progbits
