"""What LLVM expects to find in every image, and the two comparisons of byte runs.

LLVM may replace loops and copies by calls of memset, memcpy, memmove and memcmp, and there is
no C library to supply them. They move eight bytes an iteration: QEMU counts each iteration of a
`rep` as one instruction, and so does the processor's own microcode at small sizes.
"""

from __future__ import annotations

# A library defines `raised`, two integers; `raise` notes there where it stands, and its stack pointer.
NOTE_RAISE_SITE = "leaq (%rip), %rax\\0Amovq %rax, raised\\0Amovq %rsp, raised+8"

ASSEMBLY = """
.text
.cfi_sections .debug_frame
.macro function name
.p2align 4
.globl \\name
.type \\name, @function
\\name:
.cfi_startproc
.endm
.macro finish name
ret
.cfi_endproc
.size \\name, . - \\name
.endm

function memset
    movq %rdi, %r8
    movzbl %sil, %eax
    movabsq $0x0101010101010101, %rcx
    imulq %rcx, %rax
    movq %rdx, %rcx
    shrq $3, %rcx
    rep stosq
    movl %edx, %ecx
    andl $7, %ecx
    rep stosb
    movq %r8, %rax
finish memset

function memmove
    movq %rdi, %rax
    subq %rsi, %rax
    cmpq %rdx, %rax
    jae memcpy                          # the target does not begin inside the source
    movq %rdi, %rax
    leaq -1(%rdi,%rdx), %rdi
    leaq -1(%rsi,%rdx), %rsi
    std
    movl %edx, %ecx
    andl $7, %ecx
    rep movsb
    subq $7, %rdi
    subq $7, %rsi
    movq %rdx, %rcx
    shrq $3, %rcx
    rep movsq
    cld
finish memmove

function memcpy
    movq %rdi, %rax
    movq %rdx, %rcx
    shrq $3, %rcx
    rep movsq
    movl %edx, %ecx
    andl $7, %ecx
    rep movsb
finish memcpy

.globl bcmp
.type bcmp, @function
bcmp:
function memcmp
    cmpq $8, %rdx
    jb 2f
1:  movq (%rdi), %rax
    movq (%rsi), %rcx
    cmpq %rcx, %rax
    jne 4f
    addq $8, %rdi
    addq $8, %rsi
    subq $8, %rdx
    cmpq $8, %rdx
    jae 1b
2:  testq %rdx, %rdx
    jz 3f
    movzbl (%rdi), %eax
    movzbl (%rsi), %ecx
    incq %rdi
    incq %rsi
    decq %rdx
    cmpl %ecx, %eax
    je 2b
    subl %ecx, %eax
    jmp 5f
3:  xorl %eax, %eax
    jmp 5f
4:  bswapq %rax                         # the first differing byte decides
    bswapq %rcx
    cmpq %rcx, %rax
    sbbl %eax, %eax
    orl $1, %eax
5:
finish memcmp
"""

DECLARATIONS = """
declare {i64, i1} @llvm.sadd.with.overflow.i64(i64, i64)
declare {i64, i1} @llvm.ssub.with.overflow.i64(i64, i64)
declare {i64, i1} @llvm.smul.with.overflow.i64(i64, i64)
declare i1 @llvm.expect.i1(i1, i1)
declare i64 @llvm.umin.i64(i64, i64)
declare i64 @llvm.fshl.i64(i64, i64, i64)
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.ubsantrap(i8 immarg)
declare dso_local i32 @memcmp(ptr, ptr, i64) #2

define internal i1 @same_bytes(ptr %a, i64 %n, ptr %b, i64 %m) #0 {
  %alike = icmp eq i64 %n, %m
  br i1 %alike, label %compare, label %differ
compare:
  %order = call i32 @memcmp(ptr %a, ptr %b, i64 %n)
  %same = icmp eq i32 %order, 0
  ret i1 %same
differ:
  ret i1 false
}

define internal i64 @order_of_bytes(ptr %a, i64 %n, ptr %b, i64 %m) #0 {
  %common = call i64 @llvm.umin.i64(i64 %n, i64 %m)
  %order = call i32 @memcmp(ptr %a, ptr %b, i64 %common)
  %bytes = sext i32 %order to i64
  %alike = icmp eq i32 %order, 0
  %lengths = sub i64 %n, %m
  %result = select i1 %alike, i64 %lengths, i64 %bytes
  ret i64 %result
}
"""
