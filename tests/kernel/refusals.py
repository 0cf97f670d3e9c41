"""How a refusal is tested: the error is the one promised, and not a byte has changed."""

from typing import Any

from exokernel.abi.errors import KernelError
from exokernel.abi.names import FIRST
from tests.kernel.worlds import World, error_of


def assert_refused(world: World, error: type[KernelError], name: str, *arguments: Any, by: int = FIRST) -> None:
    world.machine.current = by  # type: ignore[assignment]
    before = world.snapshot()
    answer = world.answer(name, *arguments, by=by)
    assert answer.error != 0, f"{name}{arguments} succeeded"
    assert error_of(answer) is error
    assert world.snapshot() == before, "a call that raises has changed something"
    assert world.log.departure is None
