"""From the loader to Python: the PVH entry, long mode, and the memory both need.

The loader (QEMU, Firecracker, Xen) finds the entry by the note, and enters it in 32-bit
protected mode without paging, EBX naming an `hvm_start_info`. We switch on long mode with
tables that only have to last until `paging.build` has made the real ones, take the kernel's
stack, and call `kernel_main`. Nothing here decides anything, and nothing is run again.
[Xen, PVH boot ABI; SDM vol. 3A §10.8.5]
"""

from exokernel.abi.layout import KERNEL_BASE
from exokernel.abi.names import ENVIRONMENTS, FRAME_SIZE
from exokernel.dialect import size_of
from exokernel.dialect.unsafe import assembly, symbol_address
from exokernel.kernel.arch.x86_64.departure import Departure
from exokernel.kernel.arch.x86_64.floating_point import SavedState
from exokernel.kernel.arch.x86_64.registers import (
    BOOT_CONTROL_4,
    BOOT_FEATURES,
    CONTROL_0,
    EXTENDED_FEATURES,
)

STACK_SIZE = 0x4000  # bytes; the build refuses a kernel that could need more
SPARE_STACKS = 4  # for debug, NMI, double fault, machine check; each lies above a guard page
SPARE_STACK_SIZE = 0x2000

PVH_ENTRY = 18  # XEN_ELFNOTE_PHYS32_ENTRY
BOOT_CODE = 8  # selector
PRESENT_WRITABLE = 3  # of an entry of a page table

assembly(f"""
.section .note.pvh, "a", @note
.p2align 2
.long 4, 8, {PVH_ENTRY}
.asciz "Xen"
.quad boot_entry

.section .boot.text, "ax", @progbits
.code32
.globl boot_entry
boot_entry:
    cli
    cld
    movl %ebx, %edi                     # kernel_main's argument
    movl ${int(BOOT_CONTROL_4)}, %eax
    movl %eax, %cr4
    movl $boot_root, %eax
    movl %eax, %cr3
    movl ${EXTENDED_FEATURES:#x}, %ecx
    movl ${int(BOOT_FEATURES)}, %eax
    xorl %edx, %edx
    wrmsr
    movl ${int(CONTROL_0)}, %eax
    movl %eax, %cr0
    lgdtl boot_descriptors
    ljmpl ${BOOT_CODE}, $boot_long_mode
.code64
boot_long_mode:
    xorl %eax, %eax
    movl %eax, %ds                      # long mode wants no data segments
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    movl %edi, %edi                     # the upper half is undefined after the switch
    xorl %ebp, %ebp
    movq $trap_stack_top, %rsp
    movq $kernel_main, %rax
    callq *%rax
    ud2                                 # it does not return

.section .boot.data, "aw", @progbits
.p2align 12
boot_root:                              # the image where it lies, and where it is linked
    .quad boot_pointers + {PRESENT_WRITABLE}
    .fill 510, 8, 0
    .quad boot_pointers + {PRESENT_WRITABLE}
boot_pointers:
    .quad boot_directory + {PRESENT_WRITABLE}
    .fill 509, 8, 0
    .quad boot_directory + {PRESENT_WRITABLE}
    .quad 0
boot_directory:
    .quad 0x000083, 0x200083            # two large pages: physical 0 to 4 MiB
    .fill 510, 8, 0
boot_segments:
    .quad 0, 0x00209a0000000000         # 64-bit code
boot_descriptors:
    .word 15
    .long boot_segments
""")

# What must be aligned, or must have a neighbour. A guard page stays unmapped, so that a
# stack that overflows faults and the double fault finds a stack of its own.
assembly(f"""
.section .bss.boot, "aw", @nobits
.p2align 12
.globl kernel_stack_guard, trap_stack_top, departure, kernel_stack_top
kernel_stack_guard:
    .skip {FRAME_SIZE}
    .skip {STACK_SIZE - 8 - size_of(Departure)}
trap_stack_top:                         # where all begins but a call, which begins with `departure`
    .skip 8                             # as C wants the stack aligned
departure:
    .skip {size_of(Departure)}
kernel_stack_top:

.globl spare_stacks
spare_stacks:
    .skip {SPARE_STACKS * (FRAME_SIZE + SPARE_STACK_SIZE)}

.globl kernel_root, direct_level3, direct_level2, direct_level1
.globl image_level3, image_level2, image_level1, window_level3, window_level2
kernel_root:    .skip {FRAME_SIZE}
direct_level3:  .skip {FRAME_SIZE}
direct_level2:  .skip {4 * FRAME_SIZE}
direct_level1:  .skip {FRAME_SIZE}
image_level3:   .skip {FRAME_SIZE}
image_level2:   .skip {FRAME_SIZE}
image_level1:   .skip {2 * FRAME_SIZE}
window_level3:  .skip {FRAME_SIZE}
window_level2:  .skip {FRAME_SIZE}

.globl floating_point_states
floating_point_states:
    .skip {ENVIRONMENTS * size_of(SavedState)}
.text
""")


def physical(address: int) -> int:
    """Where a byte of the image lies in physical memory."""
    return address - KERNEL_BASE


def spare_stack_guard(number: int) -> int:
    """The guard page below one of the spare stacks, counted from 0."""
    return symbol_address("spare_stacks") + number * (FRAME_SIZE + SPARE_STACK_SIZE)


def spare_stack_top(number: int) -> int:
    return spare_stack_guard(number) + FRAME_SIZE + SPARE_STACK_SIZE
