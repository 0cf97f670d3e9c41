"""The page walk gives what the tables say and nothing more."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exokernel.abi.x86_64 import Entry, Linear
from exokernel.model.physical import PhysicalMemory
from exokernel.model.translation import (
    GLOBAL_PAGES,
    SUPERVISOR_ACCESS,
    SUPERVISOR_EXECUTION,
    WRITE_PROTECT,
    Access,
    NotCanonical,
    PageFault,
    Translator,
)

ROOT, DATA = 1, 9  # frames
TABLES = (2, 3, 4)
FULL = Entry(present=True, writable=True, user=True)


def translator_for(address: int, *levels: Entry) -> Translator:
    """A translator whose tables map one address, by entries from the root down."""
    translator = Translator(PhysicalMemory(1 << 20))
    linear = Linear.of(address)
    indices = (linear.level4, linear.level3, linear.level2, linear.level1)
    for table, index, entry in zip((ROOT, *TABLES), indices, levels):
        translator.memory.store(table * 4096 + 8 * index, 8, int(entry) % 2**64)
    translator.controls.cr3 = ROOT * 4096
    translator.controls.cr0 = WRITE_PROTECT
    translator.controls.cr4 = SUPERVISOR_ACCESS | SUPERVISOR_EXECUTION
    return translator


def chain(change: Callable[[int, Entry], Entry]) -> list[Entry]:
    """Four entries that give all rights, after `change` by level, 4 to 1."""
    frames = (*TABLES, DATA)
    return [change(4 - n, FULL.replace(frame=frame)) for n, frame in enumerate(frames)]


addresses = st.integers(0, 2**47 - 1)
levels = st.integers(1, 4)


@given(addresses)
def test_a_mapped_address_is_translated_to_its_frame(address: int) -> None:
    translator = translator_for(address, *chain(lambda level, entry: entry))
    found = translator.physical(address, Access.WRITE, user=True)
    assert found == DATA * 4096 + address % 4096


@given(addresses, levels, st.sampled_from(["present", "writable", "user", "no_execute"]))
def test_a_right_must_be_given_at_every_level(address: int, lacking: int, right: str) -> None:
    change = {right: right == "no_execute"}
    entries = chain(lambda level, entry: entry.replace(**change) if level == lacking else entry)
    access = {"writable": Access.WRITE, "no_execute": Access.FETCH}.get(right, Access.READ)
    with pytest.raises(PageFault) as caught:
        translator_for(address, *entries).physical(address, access, user=True)
    assert caught.value.error.present == (right != "present")
    assert caught.value.error.write == (access is Access.WRITE)
    assert caught.value.error.user


@given(addresses)
def test_the_kernel_neither_reads_nor_executes_user_pages(address: int) -> None:
    for access in Access:
        translator = translator_for(address, *chain(lambda level, entry: entry))
        with pytest.raises(PageFault):
            translator.physical(address, access, user=False)


def test_read_only_pages_are_so_for_the_kernel_too() -> None:
    entries = chain(lambda level, entry: entry.replace(user=False, writable=level != 1))
    translator = translator_for(0x5000, *entries)
    assert translator.physical(0x5000, Access.READ, user=False) == DATA * 4096
    with pytest.raises(PageFault):
        translator.physical(0x5000, Access.WRITE, user=False)


def test_large_pages_end_the_walk() -> None:
    entries = chain(lambda level, entry: entry)
    entries[2] = FULL.replace(large=True, frame=512)
    translator = translator_for(0x1234567, *entries[:3])
    assert translator.physical(0x1234567, Access.READ, user=True) == 0x200000 + 0x034567


def test_accessed_and_dirty_are_set_when_they_must_be() -> None:
    translator = translator_for(0x5000, *chain(lambda level, entry: entry))
    leaf = TABLES[2] * 4096 + 8 * 5

    def entry() -> Entry:
        return Entry.of(translator.memory.load(leaf, 8))

    assert not entry().accessed
    translator.physical(0x5000, Access.READ, user=True)
    assert entry().accessed and not entry().dirty
    translator.physical(0x5000, Access.WRITE, user=True)
    assert entry().dirty


def test_a_translation_is_kept_until_it_is_invalidated() -> None:
    translator = translator_for(0x5000, *chain(lambda level, entry: entry))
    translator.physical(0x5000, Access.WRITE, user=True)
    translator.memory.store(TABLES[2] * 4096 + 8 * 5, 8, 0)
    translator.physical(0x5000, Access.WRITE, user=True)
    translator.forget(0x5000)
    with pytest.raises(PageFault):
        translator.physical(0x5000, Access.WRITE, user=True)


def test_loading_a_root_keeps_global_translations_only() -> None:
    for global_ in (False, True):
        entries = chain(lambda level, entry: entry.replace(global_=global_))
        translator = translator_for(0x5000, *entries)
        translator.controls.cr4 |= GLOBAL_PAGES
        translator.physical(0x5000, Access.READ, user=True)
        translator.controls.cr3 = 5 * 4096
        translator.forget_local()
        if global_:
            translator.physical(0x5000, Access.READ, user=True)
        else:
            with pytest.raises(PageFault):
                translator.physical(0x5000, Access.READ, user=True)


@given(st.integers(2**47, 2**64 - 2**47 - 1))
def test_addresses_in_the_hole_are_nobodys(address: int) -> None:
    with pytest.raises(NotCanonical):
        translator_for(0, *chain(lambda level, entry: entry)).physical(address, Access.READ, user=True)
