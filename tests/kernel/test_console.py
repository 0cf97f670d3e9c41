"""The console and the power switch: only by capability, and never beyond a frame."""

import pytest

from exokernel.abi.capability import CONSOLE_GUARD, POWER_GUARD, ROOT, Rights
from exokernel.abi.console import Stream
from exokernel.abi.errors import BadLength, NoCapability, NothingToRead, NotPermitted, WrongKind
from exokernel.abi.names import FIRST
from tests.kernel import fake_machine
from tests.kernel.refusals import assert_refused
from tests.kernel.worlds import World, named


@pytest.fixture
def text(world: World) -> int:
    """A frame that begins with a text; slot 1 opens only the console, slot 2 nothing of all this."""
    world.call("frame_alloc", 30, 0)
    fake_machine.bytes_in(30)[:11] = b"hello world"
    world.held(FIRST, 1).capability = CONSOLE_GUARD
    world.held(FIRST, 2).capability = named(1)
    return 30


@pytest.mark.parametrize("stream", list(Stream))
def test_write_writes_bytes_of_a_frame(world, text, stream):
    world.call("console_write", stream, 1, text, 6, 5, 0)
    assert world.log.output[stream] == b"world"


def test_write_writes_a_whole_frame_or_nothing(world, text):
    world.call("console_write", Stream.OUTPUT, 0, text, 0, 4096, 0)
    world.call("console_write", Stream.OUTPUT, 0, text, 4096, 0, 0)
    assert len(world.log.output[0]) == 4096


@pytest.mark.parametrize("key, frame_key", [(5, 0), (0, 5)])
def test_write_refuses_an_empty_key(world, text, key, frame_key):
    assert_refused(world, NoCapability, "console_write", Stream.OUTPUT, key, text, 0, 1, frame_key)


@pytest.mark.parametrize("key, frame_key", [(2, 0), (0, 2), (0, 1)])
def test_write_refuses_keys_that_do_not_open(world, text, key, frame_key):
    assert_refused(world, NotPermitted, "console_write", Stream.OUTPUT, key, text, 0, 1, frame_key)


def test_write_refuses_a_key_to_read_the_console(world, text):
    world.held(FIRST, 1).capability = CONSOLE_GUARD.replace(rights=Rights.READ)
    assert_refused(world, NotPermitted, "console_write", Stream.OUTPUT, 1, text, 0, 1, 0)


@pytest.mark.parametrize("frame", [0, 8, 40])
def test_write_refuses_what_holds_no_data(world, text, frame):
    assert_refused(world, WrongKind, "console_write", Stream.OUTPUT, 0, frame, 0, 1, 0)


@pytest.mark.parametrize(
    "offset, length",
    [(0, 4097), (4096, 1), (4097, 0), (-1, 1), (0, -1), (2**63 - 1, 1), (1, 2**63 - 1), (-(2**63), -(2**63))],
)
def test_write_refuses_bytes_beyond_the_frame(world, text, offset, length):
    assert_refused(world, BadLength, "console_write", Stream.OUTPUT, 0, text, offset, length, 0)


def test_read_gives_what_was_typed(world):
    world.log.typed = [104, 0, 255]
    assert [world.call("console_read", 0) for _ in range(3)] == [104, 0, 255]


def test_read_refuses_when_nothing_was_typed(world):
    assert_refused(world, NothingToRead, "console_read", 0)


def test_read_refuses_an_empty_key(world):
    assert_refused(world, NoCapability, "console_read", 5)


def test_read_refuses_a_key_that_does_not_open_the_console(world):
    world.held(FIRST, 1).capability = CONSOLE_GUARD.replace(rights=Rights.WRITE)
    world.held(FIRST, 2).capability = POWER_GUARD
    assert_refused(world, NotPermitted, "console_read", 1)
    assert_refused(world, NotPermitted, "console_read", 2)


@pytest.mark.parametrize("status, reported", [(0, b"000"), (7, b"007"), (255, b"255"), (256, b"000"), (-1, b"255")])
def test_halt_reports_the_status(world, status, reported):
    with pytest.raises(fake_machine.PoweredOff):
        world.call("machine_halt", 0, status)
    assert bytes(world.log.output[2]) == b"exit " + reported + b"\n"


def test_halt_refuses_an_empty_key(world):
    assert_refused(world, NoCapability, "machine_halt", 5, 0)


def test_halt_refuses_a_key_that_does_not_open_the_switch(world):
    world.held(FIRST, 1).capability = ROOT.replace(rights=Rights.READ)
    world.held(FIRST, 2).capability = CONSOLE_GUARD
    assert_refused(world, NotPermitted, "machine_halt", 1, 0)
    assert_refused(world, NotPermitted, "machine_halt", 2, 0)
