"""A storm of calls, each argument made up by what its type says: mostly a name that means something, at times any number.

The callers may well take away their own slices, guards or memory and die of it; that is their
business. Calls that only end the run are left out.
"""

from inspect import signature

from exokernel.abi.capability import ROOT, Capability, Rights, extended
from exokernel.abi.layout import ENTRIES_2, ENTRIES_3, ENTRIES_4, ENVIRONMENT_PAGE, EXPOSED, SELF_SLOT
from exokernel.abi.names import FRAME_SIZE, SLICES, EnvironmentId, Frame, Index, Page, Slice, Slot
from exokernel.abi.tables import MachineState
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import offset_of
from exokernel.dialect.calls import declared_calls
from tests.boot.guest import FREE_FRAME, NUMBERS
from tests.boot.test_switching import BEGIN, END

CALLS = 40_000
LEFT_OUT = ("machine_halt", "console_write")
RARE = ("capability_drop", "environment_destroy", "slice_free")  # or there would soon be nobody who may do anything
CROWD = 8  # environments in a storm of many, the first among them
SHARE = 40  # frames that each of the others may own at first
PLAYGROUND = 0x2000  # frames from here on are asked for again and again
ELSEWHERE = 128  # an entry of our level-2 table: a level-1 table that maps nothing we need


# Each of the others is cloned: it has a page of its own, slices, and in slot 0 a key: to everything, or to nothing yet.
MAKE_CROWD = f"""
    movl $2, %ebx
make_next:
    call free_frame
    movq %rax, %r13
    movl %ebx, %edi
    movq %r13, %rsi
    leal {ENVIRONMENT_PAGE // FRAME_SIZE - 1}(%rbx), %edx
    xorl %r10d, %r10d
    movl ${SHARE}, %r8d
    ask environment_clone
    testl %edx, %edx
    must z
    movabsq ${(ENTRIES_2 + 8 * (ENVIRONMENT_PAGE >> 21)) % 2**64}, %rax
    movq (%rax), %rdi
    shrq $12, %rdi
    leal {ENVIRONMENT_PAGE // FRAME_SIZE % 512 - 1}(%rbx), %esi
    movq %r13, %rdx
    shlq $12, %rdx
    orq $7, %rdx
    xorl %r10d, %r10d
    ask map
    testl %edx, %edx
    must z
    movq %rbx, %r14
    shlq $12, %r14
    movq $again, page - {FRAME_SIZE} + {BEGIN}(%r14)
    movq $ended, page - {FRAME_SIZE} + {END}(%r14)
    movl %ebx, %edi
    xorl %esi, %esi
    movl %ebx, %edx
    andl $1, %edx
    negl %edx
    andl %ebx, %edx                     # its own number if that is odd, else 0
    xorl %r10d, %r10d
    ask capability_install
    testl %edx, %edx
    must z
    movl %ebx, %edi
    xorl %esi, %esi
    ask environment_start
    testl %edx, %edx
    must z
    incl %ebx
    cmpl ${CROWD}, %ebx
    jbe make_next
    movl ${SLICES - 1}, %ebx
give_next:
    movl %ebx, %edi
    xorl %esi, %esi
    movl %ebx, %edx
    andl ${CROWD - 1}, %edx
    incl %edx
    ask slice_give
    testl %edx, %edx
    must z
    decl %ebx
    jnz give_next
"""


def words() -> list[Capability]:
    """The capabilities of the first environment's slots 0 to 7: keys to everything, and keys below them."""
    return [extended(ROOT, number) if number % 2 else ROOT for number in range(CROWD)]


def keys() -> str:
    """Fill the slots."""
    return "".join(
        f"xorl %edi, %edi\n movl ${slot}, %esi\n movabsq ${int(word) % 2**64}, %rdx\n ask capability_forge\n testl %edx, %edx\n must z\n"
        for slot, word in enumerate(words())
        if slot
    )


# How to make up an argument of each type; what follows is a routine's name in the guest.
KINDS = {
    Slot: "few",
    Rights: "few",
    EnvironmentId: "name",
    Slice: "some",
    Index: "index",
    Page: "page",
    Frame: "frame",
    Entry: "entry",
    Capability: "capability",
    int: "amount",
}
SPECIAL = {"parent": "table", "table": "table", "seal": "sealed", "clear": "flags", "set": "flags"}  # parameters of which more is known than the type
ROUTINES = ("anything", *dict.fromkeys([*KINDS.values(), *SPECIAL.values()]))


def shapes() -> str:
    """For each call, eight bytes: which routine makes which argument."""
    rows = []
    for declaration in declared_calls().values():
        found = [
            ROUTINES.index(SPECIAL.get(name) or KINDS.get(parameter.annotation, "few"))
            for name, parameter in signature(declaration, eval_str=True).parameters.items()
        ]
        rows.append(".byte " + ", ".join(map(str, [*found, *[0] * (8 - len(found))])))
    return "\n".join(rows)


# The frames of tables to play with: our root and the tables below it that map the image, and one that maps nothing.
FIND_TABLES = f"""
    movabsq ${(ENTRIES_4 + 8 * SELF_SLOT) % 2**64}, %rax
    movq (%rax), %rbx
    movabsq ${ENTRIES_4 % 2**64}, %rax
    movq (%rax), %rbp
    movabsq ${ENTRIES_3 % 2**64}, %rax
    movq (%rax), %r13
    shrq $12, %rbx
    shrq $12, %rbp
    shrq $12, %r13
    andl $0xfffff, %ebx
    movl %ebx, tables
    movl %ebp, tables + 4
    movl %r13d, tables + 8
    movl $0x3000, %r12d
    call free_frame
    movl %eax, tables + 12
    movl %eax, %edx
    movl %r13d, %edi
    movl ${ELSEWHERE}, %esi
    xorl %r10d, %r10d
    ask table_alloc
    testl %edx, %edx
    must z
"""

# Each makes an argument of the random RAX.
MAKE_ARGUMENTS = f"""
anything:
    call advance
    ret
few:
    andl $7, %eax
    ret
name:
    testl $0x300000, %eax
    jz caller
    andl $15, %eax
    ret
caller:
    movl %r15d, %eax
    ret
flags:
    movq %rax, %rcx
    andl $0xe62, %eax
    sarq $63, %rcx
    shlq $63, %rcx
    orq %rcx, %rax
    ret
some:
    andl $127, %eax
    ret
amount:
    andl $15, %eax
    ret
index:
    movl %eax, %ecx
    shrl $24, %ecx
    andl $3, %ecx
    jz some
    andl $15, %eax
    ret
page:
    andl $15, %eax
    addl ${ENVIRONMENT_PAGE // FRAME_SIZE}, %eax
    ret
frame:
    movl %eax, %ecx
    shrl $24, %ecx
    andl $7, %ecx
    jz any_frame
    andl $31, %eax
    addl ${PLAYGROUND}, %eax
    ret
any_frame:
    andl $0x3fff, %eax
    ret
table:
    movl %eax, %ecx
    shrl $24, %ecx
    andl $7, %ecx
    jz frame
    andl $3, %eax
    cmpl $4, %ecx
    jb 1f
    movl $3, %eax
1:  movl tables(,%rax,4), %eax
    ret
entry:
    movq %rax, %rcx
    movq %rax, %rdx
    andl $31, %eax
    addl ${PLAYGROUND}, %eax
    shlq $12, %rax
    shrq $40, %rcx
    andl $0xe62, %ecx
    orl $5, %ecx
    orq %rcx, %rax
    shrq $24, %rdx
    andl $7, %edx
    shlq $52, %rdx                      # under any of our keys
    orq %rdx, %rax
    ret
capability:
    andl $7, %eax
    movq capabilities(,%rax,8), %rax
    ret
sealed:
    movq seal, %rax
    ret
advance:
    movq seed, %rax
    movq %rax, %rcx
    shlq $13, %rcx
    xorq %rcx, %rax
    movq %rax, %rcx
    shrq $7, %rcx
    xorq %rcx, %rax
    movq %rax, %rcx
    shlq $17, %rcx
    xorq %rcx, %rax
    movq %rax, seed
    ret
"""


def storm(seed: int, crowd: bool = False, calls: int = CALLS) -> str:
    """A guest that makes calls by a pseudo-random sequence, alone or one of many, and halts with 0 if it lives to its end."""
    skip = "".join(f"cmpl ${NUMBERS[name]}, %ebx\n je again\n" for name in LEFT_OUT)
    rare = "".join(f"cmpl ${NUMBERS[name]}, %ebx\n je rarely\n" for name in RARE)
    return f"""
        {FIND_TABLES}
        {keys()}
        movq $again, page + {BEGIN}
        movq $ended, page + {END}
        {MAKE_CROWD if crowd else ""}
    again:
        movabsq ${(EXPOSED + offset_of(MachineState, "current")) % 2**64}, %rax
        movzbl (%rax), %r15d
        movq %r15, %rsp
        shlq $12, %rsp
        addq ${ENVIRONMENT_PAGE - 64}, %rsp     # in its own page
        decl left
        js over
        call advance
        shrq $32, %rax
        movl %eax, %ebx
        andl $31, %ebx
        {skip}
        {rare}
    prepare:
        xorl %ebp, %ebp
    8:  call advance
        movzbl shapes(%rbp,%rbx,8), %ecx
        movq %rax, %rdx
        shrq $59, %rdx
        jnz 9f
        xorl %ecx, %ecx
    9:  callq *routines(,%rcx,8)
        movq %rax, arguments(,%rbp,8)
        incl %ebp
        cmpl $6, %ebp
        jb 8b
        cmpl $call_environment_destroy, %ebx
        jne 9f
        cmpb $1, arguments              # whose end would be the machine's
        je again
    9:  movq arguments, %rdi
        movq arguments + 8, %rsi
        movq arguments + 16, %rdx
        movq arguments + 24, %r10
        movq arguments + 32, %r8
        movq arguments + 40, %r9
        movl %ebx, %eax
        syscall
        testl %edx, %edx
        jnz again
        incq successes(,%rbx,8)
        cmpl $call_capability_seal, %ebx
        jne again
        movq %rax, seal
        jmp again
    rarely:
        testb $7, seed + 2
        jnz again
        jmp prepare
    ended:
        movl $call_yield_to, %eax
        xorl %edi, %edi
        syscall
        jmp again
    over:
        cmpl $1, %r15d
        je 9f
        movl $call_yield_to, %eax
        movl $1, %edi
        syscall
        jmp over
    9:  halt $0
        ud2                             # nothing is left that opens the power switch
    {MAKE_ARGUMENTS}
    {FREE_FRAME}
    .data
    .p2align 3
    routines: .quad {", ".join(ROUTINES)}
    shapes:
    {shapes()}
    capabilities: .quad {", ".join(str(int(word) % 2**64) for word in words())}
    arguments: .fill 48
    seed: .quad {seed * 0x9E3779B97F4A7C15 % 2**64}
    seal: .quad 0
    successes: .fill 512
    tables: .fill 16
    left: .long {calls}
    """
