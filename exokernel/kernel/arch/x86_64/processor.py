"""What the processor can do: protections, which we switch on or refuse to run without, and chance."""

from exokernel.dialect import Word, bit, rotate_left, wrapping_multiply
from exokernel.kernel.arch.x86_64.instructions import (
    hardware_random,
    identify_b,
    identify_c,
    identify_d,
    load_control_0,
    load_control_4,
    time_stamp,
    write_register,
)
from exokernel.kernel.arch.x86_64.registers import CONTROL_0, CONTROL_4, EXTENDED_FEATURES, FEATURES

BASIC_LEAF = 1
FEATURE_LEAF = 7
EXTENDED_LEAF = 0x80000001


class Basics(Word, width=64):
    """CPUID leaf 1, ECX. [SDM vol. 2A, CPUID]"""

    random: bool = bit(30)


class Protections(Word, width=64):
    """CPUID leaf 7, EBX."""

    supervisor_execution: bool = bit(7)
    supervisor_access: bool = bit(20)


class MoreProtections(Word, width=64):
    """CPUID leaf 7, ECX."""

    user_instruction_prevention: bool = bit(2)


class Extensions(Word, width=64):
    """CPUID leaf 0x80000001, EDX."""

    system_call: bool = bit(11)
    no_execute: bool = bit(20)


def missing() -> str:
    """Name a protection the processor lacks, or nothing."""
    extensions = Extensions.of(identify_d(EXTENDED_LEAF, 0))
    protections = Protections.of(identify_b(FEATURE_LEAF, 0))
    more = MoreProtections.of(identify_c(FEATURE_LEAF, 0))
    if not extensions.no_execute:
        return "NX"
    if not protections.supervisor_execution:
        return "SMEP"
    if not protections.supervisor_access:
        return "SMAP"
    return "" if more.user_instruction_prevention else "UMIP"


def allow_no_execute() -> None:
    """Make the processor understand the tables `paging.build` makes."""
    write_register(EXTENDED_FEATURES, int(FEATURES))


def protect() -> None:
    """Run with every protection from here on. The kernel's own tables must be in use."""
    load_control_4(int(CONTROL_4))
    load_control_0(int(CONTROL_0))


SAMPLES = 64  # of the time-stamp counter
MULTIPLIER = 0x2545F4914F6CDD1D  # odd, so that nothing is lost


def random() -> int:
    """Make a number that is hard to guess: as hard as the time of boot where the processor has no better source."""
    value = 0
    for _ in range(SAMPLES):
        value = rotate_left(wrapping_multiply(value ^ time_stamp(), MULTIPLIER), 23)
    if Basics.of(identify_c(BASIC_LEAF, 0)).random:
        value ^= hardware_random()
    return value
