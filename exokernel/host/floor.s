# The bare floor: the least any system must do on this machine, measured by hand-written code.
#
# `exok bench` boots this image next to ours. It protects nothing: one page table, open to ring 3,
# maps everything, the region from 16 MiB on in 4 KiB pages. Each figure does the work that no
# system can leave out (the trap, the entry, the flush, the zeroing) and nothing else. Ring 3
# measures with RDTSC around a loop and reports `floor NAME TICKS REPETITIONS`, every figure
# twice: the first time warms the translator. The empty loop is a figure too, to be subtracted.
# [Appel91]
.section .note.pvh,"a",@note
.p2align 2
.long 4, 8, 18
.asciz "Xen"
.quad pvh_start
.section .boot.text,"ax",@progbits
.code32
.globl pvh_start
pvh_start:
    cli
    movl $boot_stack_top, %esp
    movl $0x620, %eax
    movl %eax, %cr4
    movl $floor_root, %eax
    movl %eax, %cr3
    movl $0xC0000080, %ecx
    rdmsr
    orl $0x901, %eax
    wrmsr
    movl $0x80010033, %eax
    movl %eax, %cr0
    lgdtl floor_gdt_pointer
    ljmpl $8, $floor_start
.code64
floor_start:
    movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    # the region of 4 KiB pages: entry i of floor_region maps REGION + 4096 i
    movl $floor_region, %edi
    movl $0x1000007, %eax
1:  movq %rax, (%rdi)
    addq $4096, %rax
    addq $8, %rdi
    cmpl $floor_region + 4096, %edi
    jne 1b
    # interrupt gates for 6 and 14, open to ring 3 as a fault opens them
    movl $floor_idt + 6*16, %edi
    movl $floor_invalid_opcode, %eax
    call floor_gate
    movl $floor_idt + 14*16, %edi
    movl $floor_page_fault, %eax
    call floor_gate
    lidtq floor_idt_pointer
    movl $floor_tss, %eax
    movw %ax, floor_tss_descriptor + 2
    shrl $16, %eax
    movb %al, floor_tss_descriptor + 4
    movw $0x28, %ax
    ltrw %ax
    # syscall: STAR, LSTAR, FMASK
    movl $0xC0000081, %ecx
    xorl %eax, %eax
    movl $0x00130008, %edx
    wrmsr
    movl $0xC0000082, %ecx
    movl $floor_syscall, %eax
    xorl %edx, %edx
    wrmsr
    movl $0xC0000084, %ecx
    movl $0x200, %eax
    wrmsr
    movl $floor_user, %ecx
    movl $2, %r11d
    sysretq
floor_gate:
    movw %ax, (%rdi)
    movw $8, 2(%rdi)
    movw $0xee00, 4(%rdi)
    shrl $16, %eax
    movw %ax, 6(%rdi)
    ret
.section .boot.data,"aw",@progbits
.p2align 12
floor_root:
    .quad floor_directories + 7
    .fill 511, 8, 0
floor_root_2:
    .quad floor_directories + 7
    .fill 511, 8, 0
floor_directories:
    .quad floor_directory + 7
    .fill 511, 8, 0
floor_directory:
.set i, 0
.rept 8
    .quad (i << 21) + 0x87
.set i, i + 1
.endr
    .quad floor_region + 7
.set i, 9
.rept 503
    .quad (i << 21) + 0x87
.set i, i + 1
.endr
floor_region:
    .fill 512, 8, 0
floor_idt:
    .fill 512, 8, 0
floor_tss:
    .long 0
    .quad boot_stack_top
    .fill 92, 1, 0
.p2align 3
floor_gdt:
    .quad 0, 0x00209a0000000000, 0x0000920000000000, 0x0000f20000000000, 0x0020fa0000000000
floor_tss_descriptor:
    .quad 0x0000890000000067, 0
floor_gdt_pointer:
    .word 55
    .quad floor_gdt
floor_idt_pointer:
    .word 4095
    .quad floor_idt
.p2align 4
    .fill 4096, 1, 0
boot_stack_top:

# code and what is written lie on pages of their own: the translator watches writes to code
.text
.p2align 12
floor_syscall:
    cmpl $10, %eax
    jae floor_null
    jmpq *floor_calls(,%rax,8)
floor_null:
    xorl %eax, %eax
    sysretq
floor_print:
    movl %edi, %eax
    outb %al, $0xea
    sysretq
floor_halt:
    movl $16, %eax
    outl %eax, $0xf4
    hlt
floor_protect:
    andl $~2, floor_region(,%rdi,8)
    shll $12, %edi
    addl $0x1000000, %edi
    invlpg (%rdi)
    xorl %eax, %eax
    sysretq
floor_unprotect:
    orl $2, floor_region(,%rdi,8)
    shll $12, %edi
    addl $0x1000000, %edi
    invlpg (%rdi)
    xorl %eax, %eax
    sysretq
floor_protect_range:
    leaq floor_region(,%rdi,8), %rdi
    leaq (%rdi,%rsi,8), %rsi
1:  andl $~2, (%rdi)
    addq $8, %rdi
    cmpq %rsi, %rdi
    jne 1b
    movq %cr3, %rax
    movq %rax, %cr3
    xorl %eax, %eax
    sysretq
floor_unprotect_range:
    leaq floor_region(,%rdi,8), %rdi
    leaq (%rdi,%rsi,8), %rsi
1:  orl $2, (%rdi)
    addq $8, %rdi
    cmpq %rsi, %rdi
    jne 1b
    movq %cr3, %rax
    movq %rax, %cr3
    xorl %eax, %eax
    sysretq
floor_zero:
    movl %edi, %edx
    shll $12, %edx
    addl $0x1000007, %edx
    movq %rdx, floor_region(,%rdi,8)
    leaq -7(%rdx), %rdi
    movq %rcx, %rdx
    movl $512, %ecx
    xorl %eax, %eax
    rep stosq
    movq %rdx, %rcx
    sysretq
floor_copy:
    movl %edi, %r8d
    shll $12, %edi
    leal 0x1000000(%rdi), %esi
    movq %rsi, %r9
    addl $0x2011000, %edi          # not a power of two away, which the translator dislikes
    leaq 7(%rdi), %rdx
    movq %rdx, floor_region(,%r8,8)
    movq %rcx, %rdx
    movl $512, %ecx
    rep movsq
    invlpg (%r9)
    movq %rdx, %rcx
    sysretq
floor_switch:
    movq floor_other_root, %rax
    movq %cr3, %rdx
    movq %rdx, floor_other_root
    movq %rax, %cr3
    xchgq %rcx, floor_other_instruction
    xchgq %rsp, floor_other_stack
    sysretq
.macro forward skip
    pushq %rax
    pushq %rcx
    movq \skip+40(%rsp), %rax
    subq $176, %rax
    movq \skip+16(%rsp), %rcx
    movq %rcx, (%rax)
    movq \skip+24(%rsp), %rcx
    movq %rcx, 8(%rax)
    movq \skip+32(%rsp), %rcx
    movq %rcx, 16(%rax)
    movq \skip+40(%rsp), %rcx
    movq %rcx, 24(%rax)
    movq \skip+48(%rsp), %rcx
    movq %rcx, 32(%rax)
.endm
floor_invalid_opcode:
    forward 0
    movq %rax, 40(%rsp)
    movq floor_handler, %rcx
    movq %rcx, 16(%rsp)
    popq %rcx
    popq %rax
    iretq
floor_page_fault:
    forward 8
    movq %cr2, %rcx
    movq %rcx, 40(%rax)
    movq %rax, 48(%rsp)
    movq floor_handler, %rcx
    movq %rcx, 24(%rsp)
    popq %rcx
    popq %rax
    addq $8, %rsp
    iretq

# ring 3
.macro begin
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, %r15
.endm
.macro finish name
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    subq %r15, %rax
    movq %rax, %r14
    leaq \name(%rip), %r13
    callq floor_report
.endm
.macro measure label, text, count
    jmp 8f
\label\()_name: .asciz "\text"
8:  movl $\count, %ebx
    begin
.endm
floor_user:
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, %r14
    leaq boot_name(%rip), %r13
    movl $floor_user_stack, %esp
    movl $1, %ebx
    movl %ebx, %r12d
    callq floor_report
    jmp 1f
boot_name: .asciz "boot"
1:
    # every figure twice: the first run warms the translator
    movl $2, %ebp
again:
    movl $1000, %r12d
    measure empty, "empty", 1000
1:  decl %ebx
    jnz 1b
    finish empty_name
    measure null, "null_call", 1000
1:  xorl %eax, %eax
    syscall
    decl %ebx
    jnz 1b
    finish null_name
    movq $handle_skip, floor_handler
    measure exception, "exception", 1000
1:  ud2
    decl %ebx
    jnz 1b
    finish exception_name
    measure protect1, "protect_1", 1000
1:  movl $5, %edi
    movl $3, %eax
    syscall
    decl %ebx
    jnz 1b
    finish protect1_name
    measure protect100, "protect_100", 1000
1:  movl $0, %edi
    movl $100, %esi
    movl $5, %eax
    syscall
    decl %ebx
    jnz 1b
    finish protect100_name
    measure unprotect100, "unprotect_100", 1000
1:  movl $0, %edi
    movl $100, %esi
    movl $6, %eax
    syscall
    decl %ebx
    jnz 1b
    finish unprotect100_name
    # page 0 protected, page 1 not; each fault swaps them
    movl $0, %edi
    movl $3, %eax
    syscall
    movl $0x1000000, %esi
    movq $handle_swap, floor_handler
    measure fault, "fault_unprotect_protect", 1000
1:  movl %ebx, (%rsi)
    xorl $0x1000, %esi
    decl %ebx
    jnz 1b
    finish fault_name
    movl $0, %edi
    movl $512, %esi
    movl $6, %eax
    syscall
    # zero-fill: 256 pages not present
    movl $256, %r12d
    movl $floor_region, %edi
    movl $512, %ecx
    xorl %eax, %eax
    rep stosq
    movl $0, %edi
    movl $1, %esi
    movl $5, %eax
    syscall
    movq $handle_zero, floor_handler
    movl $0x1000000, %esi
    measure zero, "zero_fill", 256
1:  movl %ebx, (%rsi)
    addl $0x1000, %esi
    decl %ebx
    jnz 1b
    finish zero_name
    movl $0, %edi
    movl $256, %esi
    movl $5, %eax
    syscall
    movq $handle_copy, floor_handler
    movl $0x1000000, %esi
    measure copy, "cow_fault", 256
1:  movl %ebx, (%rsi)
    addl $0x1000, %esi
    decl %ebx
    jnz 1b
    finish copy_name
    # two contexts, each yields to the other: 2000 ways
    movl $2000, %r12d
    movq $floor_root_2, floor_other_root
    movq $1f, floor_other_instruction
    movq $floor_other_user_stack, floor_other_stack
    jmp 2f
1:  movl $9, %eax
    syscall
    jmp 1b
2:  measure yield, "yield", 1000
1:  movl $9, %eax
    syscall
    decl %ebx
    jnz 1b
    finish yield_name
    # c = a b, 150 x 150, 64-bit
    movl $1, %r12d
    measure matmul, "matmul_150", 1
    movl $0x3000000, %edi
    movl $0x3040000, %r8d
    movl $150, %r9d
1:  movl $0x3080000, %r10d
    movl $150, %r11d
2:  xorl %eax, %eax
    xorl %ecx, %ecx
    movq %r10, %rsi
3:  movq (%rdi,%rcx,8), %rdx
    imulq (%rsi), %rdx
    addq %rdx, %rax
    addq $1200, %rsi
    incq %rcx
    cmpq $150, %rcx
    jne 3b
    movq %rax, (%r8)
    addq $8, %r8
    addq $8, %r10
    decl %r11d
    jnz 2b
    addq $1200, %rdi
    decl %r9d
    jnz 1b
    finish matmul_name
    decl %ebp
    jnz again
    movl $2, %eax
    syscall
handle_skip:
    addq $2, (%rsp)
    iretq
.macro saving number
    pushq %rax
    pushq %rcx
    pushq %rdi
    pushq %r11
    movl 72(%rsp), %edi
    shrl $12, %edi
    subl $0x1000, %edi
    movl $\number, %eax
    syscall
.endm
.macro resume
    popq %r11
    popq %rdi
    popq %rcx
    popq %rax
    iretq
.endm
handle_swap:
    saving 4
    movl 72(%rsp), %edi
    shrl $12, %edi
    subl $0x1000, %edi
    xorl $1, %edi
    movl $3, %eax
    syscall
    resume
handle_zero:
    pushq %rdx
    pushq %rax
    pushq %rcx
    pushq %rdi
    pushq %r11
    movl 80(%rsp), %edi
    shrl $12, %edi
    subl $0x1000, %edi
    movl $7, %eax
    syscall
    popq %r11
    popq %rdi
    popq %rcx
    popq %rax
    popq %rdx
    iretq
handle_copy:
    pushq %rdx
    pushq %rsi
    pushq %r8
    pushq %r9
    pushq %rax
    pushq %rcx
    pushq %rdi
    pushq %r11
    movl 104(%rsp), %edi
    shrl $12, %edi
    subl $0x1000, %edi
    movl $8, %eax
    syscall
    popq %r11
    popq %rdi
    popq %rcx
    popq %rax
    popq %r9
    popq %r8
    popq %rsi
    popq %rdx
    iretq
# print "floor NAME TICKS REPETITIONS\n"
floor_report:
    leaq floor_word(%rip), %rsi
    callq floor_text
    movq %r13, %rsi
    callq floor_text
    movl $32, %edi
    callq floor_character
    movq %r14, %rax
    callq floor_number
    movl $32, %edi
    callq floor_character
    movl %r12d, %eax
    callq floor_number
    movl $10, %edi
    jmp floor_character
floor_text:
    movzbl (%rsi), %edi
    testl %edi, %edi
    jz 1f
    callq floor_character
    incq %rsi
    jmp floor_text
1:  ret
floor_number:
    movl $10, %r8d
    xorl %r9d, %r9d
1:  xorl %edx, %edx
    divq %r8
    addl $48, %edx
    pushq %rdx
    incl %r9d
    testq %rax, %rax
    jnz 1b
2:  popq %rdi
    callq floor_character
    decl %r9d
    jnz 2b
    ret
floor_character:
    movl $1, %eax
    syscall
    ret
floor_word: .asciz "floor "
.data
.p2align 12
floor_calls:
    .quad floor_null, floor_print, floor_halt, floor_protect, floor_unprotect, floor_protect_range
    .quad floor_unprotect_range, floor_zero, floor_copy, floor_switch
floor_handler: .quad 0
floor_other_root: .quad 0
floor_other_instruction: .quad 0
floor_other_stack: .quad 0
    .fill 2048, 1, 0
floor_user_stack:
    .fill 2048, 1, 0
floor_other_user_stack:
