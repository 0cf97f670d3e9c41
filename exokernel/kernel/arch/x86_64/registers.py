"""Registers that only the kernel may touch: what their bits mean, and what we put there.

Nothing here reads or writes one: `instructions` does. [SDM vol. 3A §2.5; vol. 4 §2.1]
"""

from exokernel.dialect import Word, bit, bits


class Control0(Word, width=64):
    """CR0. [SDM vol. 3A §2.5]"""

    protection: bool = bit(0)
    monitor_coprocessor: bool = bit(1)  # WAIT traps too when `task_switched`
    emulation: bool = bit(2)
    task_switched: bool = bit(3)  # the next floating-point instruction traps
    extension_type: bool = bit(4)
    numeric_error: bool = bit(5)  # x87 errors are exceptions, not interrupts of a chip nobody has
    write_protect: bool = bit(16)  # read-only pages are so for the kernel too
    alignment_mask: bool = bit(18)  # lets user code ask for alignment checks
    paging: bool = bit(31)


class Control4(Word, width=64):
    """CR4. [SDM vol. 3A §2.5]"""

    physical_extension: bool = bit(5)
    machine_check: bool = bit(6)  # an exception, instead of a machine that just stops
    global_pages: bool = bit(7)
    fast_save: bool = bit(9)  # FXSAVE and SSE
    simd_exceptions: bool = bit(10)
    user_instruction_prevention: bool = bit(11)  # no SGDT, SIDT, SLDT, SMSW, STR outside the kernel
    supervisor_execution: bool = bit(20)  # the kernel executes no user page
    supervisor_access: bool = bit(21)  # nor reads or writes one


class ExtendedFeatures(Word, width=64):
    """The MSR that switches long mode on. [SDM vol. 3A §2.2.1]"""

    system_call: bool = bit(0)
    long_mode: bool = bit(8)
    no_execute: bool = bit(11)


class ProcessorFlags(Word, width=64):
    """RFLAGS. [SDM vol. 1 §3.4.3]"""

    always: bool = bit(1)
    trap: bool = bit(8)
    interrupt: bool = bit(9)
    direction: bool = bit(10)
    privilege: int = bits(12, 2)
    nested_task: bool = bit(14)
    resume: bool = bit(16)
    alignment_check: bool = bit(18)  # in the kernel: suspends supervisor_access


# The loader enters with paging off; these are what we run with from then on.
CONTROL_0 = Control0(
    protection=True,
    monitor_coprocessor=True,
    task_switched=True,
    extension_type=True,
    numeric_error=True,
    write_protect=True,
    alignment_mask=True,
    paging=True,
)
BOOT_CONTROL_4 = Control4(physical_extension=True)
CONTROL_4 = Control4(
    physical_extension=True,
    machine_check=True,
    global_pages=True,
    fast_save=True,
    simd_exceptions=True,
    user_instruction_prevention=True,
    supervisor_execution=True,
    supervisor_access=True,
)
BOOT_FEATURES = ExtendedFeatures(long_mode=True)
FEATURES = ExtendedFeatures(system_call=True, long_mode=True, no_execute=True)

USER_FLAGS = ProcessorFlags(always=True, interrupt=True)  # what an environment begins with
KERNEL_CLEARS = ProcessorFlags(trap=True, interrupt=True, direction=True, nested_task=True, alignment_check=True)

# Model-specific registers. [SDM vol. 4 §2.1]
APIC_BASE = 0x1B
EXTENDED_FEATURES = 0xC0000080
SYSTEM_CALL_SEGMENTS = 0xC0000081
SYSTEM_CALL_ENTRY = 0xC0000082
SYSTEM_CALL_MASK = 0xC0000084
