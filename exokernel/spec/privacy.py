"""What a call may learn of what is not public. [PROOF N1]

Every table of the kernel is public: each environment has it mapped, read-only, so nothing in
it can be a secret, least of all who owns what. Private are the contents of frames, page tables
among them, what a library has put into its page, and what seals are made with. A call's answer,
and what it does to the tables, depends on a private cell only where `NAME_may_learn_THING` says
so, before the call, of that cell:

- `memory`: a word of a frame, as entry `any_index` of the page table `any_frame`;
- `requests`: a request that begins at word `any_index` of the frame `any_frame`;
- `begin`, `end`: where the library whose page is `any_frame` wants its slices to begin, and to hear of their end;
- `bytes`: byte `any_index` of the frame `any_frame`, for a device;
- `secret`: what seals are made with, one way only.

What no function names nobody learns: other words of pages, what the kernel keeps to itself. These
functions look at public tables only. Coarser than they could be: a batch may learn any entry it
could set, and whoever gives the processor up where any library on the wheel wants to begin. What a
call moves from frame to frame is its own specification's; which translations and registers are
dropped is not told here.
"""

from exokernel.abi.capability import Rights
from exokernel.abi.names import EnvironmentId, Frame, Index, Slot
from exokernel.abi.tables import Phase
from exokernel.kernel.state import environments, frames, machine_state
from exokernel.spec.frames import is_data
from exokernel.spec.rows import held, is_abandoned, is_table
from exokernel.spec.translations import names_page

WORDS_OF_A_REQUEST = 2
WORD_SIZE = 8

# Entries


def is_named(table: Frame, index: Index, count: int, any_frame: Frame, any_index: Index) -> bool:
    """Whether a word is one of so many entries, from a place on, of the page table that a call names."""
    return is_table(table) and any_frame == table and 0 <= any_index - index < count


def may_write(caller: EnvironmentId, key: Slot, table: Frame) -> bool:
    return held(caller, key).grants(Rights.WRITE, frames[table].guard)


def table_alloc_may_learn_memory(
    caller: EnvironmentId, parent: Frame, index: Index, key: Slot, any_frame: Frame, any_index: Index
) -> bool:
    return is_named(parent, index, 1, any_frame, any_index) and may_write(caller, key, parent)


def table_free_may_learn_memory(
    caller: EnvironmentId, parent: Frame, index: Index, key: Slot, any_frame: Frame, any_index: Index
) -> bool:
    return is_named(parent, index, 1, any_frame, any_index) and (may_write(caller, key, parent) or is_abandoned(parent))


def map_may_learn_memory(
    caller: EnvironmentId, table: Frame, index: Index, key: Slot, any_frame: Frame, any_index: Index
) -> bool:
    return is_named(table, index, 1, any_frame, any_index) and may_write(caller, key, table)


def map_range_may_learn_memory(
    caller: EnvironmentId, table: Frame, index: Index, count: int, key: Slot, any_frame: Frame, any_index: Index
) -> bool:
    return is_named(table, index, count, any_frame, any_index) and may_write(caller, key, table)


def protect_may_learn_memory(
    caller: EnvironmentId, table: Frame, index: Index, count: int, key: Slot, any_frame: Frame, any_index: Index
) -> bool:
    return is_named(table, index, count, any_frame, any_index) and may_write(caller, key, table)


def repossess_may_learn_memory(table: Frame, index: Index, any_frame: Frame, any_index: Index) -> bool:
    """Whoever asks is told whether anything is mapped there."""
    return is_named(table, index, 1, any_frame, any_index)


def map_batch_may_learn_memory(caller: EnvironmentId, key: Slot, any_frame: Frame) -> bool:
    """The entries of all tables that the key opens for writing."""
    return names_page(any_frame) and may_write(caller, key, any_frame)


def map_batch_may_learn_requests(
    caller: EnvironmentId, requests: Frame, offset: int, count: int, key: Slot, any_frame: Frame, any_index: Index
) -> bool:
    """The requests it is given, in a frame of data that the key opens for reading."""
    if any_frame != requests or not is_data(requests):
        return False
    is_among_them = 0 <= any_index - offset // WORD_SIZE < count * WORDS_OF_A_REQUEST - 1
    return is_among_them and held(caller, key).grants(Rights.READ, frames[requests].guard)


def console_write_may_learn_bytes(
    caller: EnvironmentId, frame: Frame, offset: int, length: int, frame_key: Slot, any_frame: Frame, any_index: int
) -> bool:
    """What it is to show, of a frame that the key opens for reading."""
    if any_frame != frame or not 0 <= any_index - offset < length:
        return False
    return held(caller, frame_key).grants(Rights.READ, frames[frame].guard)


# Whether an environment wants to run


def is_page_of(environment: EnvironmentId, any_frame: Frame) -> bool:
    """Whether a frame is the page of an environment that lives."""
    return environments[environment].phase == Phase.LIVE and environments[environment].page == any_frame


def is_on_the_wheel(any_frame: Frame) -> bool:
    """Whether a frame is the page of an environment that lives and has a slice."""
    owner = frames[any_frame].owner
    return is_page_of(owner, any_frame) and environments[owner].slices > 0


def environment_destroy_may_learn_begin(any_frame: Frame) -> bool:
    return is_on_the_wheel(any_frame)


def yield_to_may_learn_begin(environment: EnvironmentId, any_frame: Frame) -> bool:
    return is_on_the_wheel(any_frame) or is_page_of(environment, any_frame)


def die_may_learn_begin(any_frame: Frame) -> bool:
    return is_on_the_wheel(any_frame)


def tick_may_learn_begin(any_frame: Frame) -> bool:
    return is_on_the_wheel(any_frame)


def tick_may_learn_end(any_frame: Frame) -> bool:
    return is_page_of(machine_state().current, any_frame)


# Seals


def capability_seal_may_learn_secret() -> bool:
    return True


def capability_unseal_may_learn_secret() -> bool:
    return True
