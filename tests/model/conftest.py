"""Leaves no machine, and no kernel loaded onto one, behind for the tests of others."""

import sys
from collections.abc import Iterator

import pytest

from exokernel.dialect import calls, memory

LOADED = ("exokernel.kernel", "exokernel.libos", "programs")


@pytest.fixture(autouse=True)
def world_of_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(memory, "machine", memory.machine)
    for registry in ("_implemented", "_admitting"):
        monkeypatch.setattr(calls, registry, dict(getattr(calls, registry)))
    before = {name: module for name, module in sys.modules.items() if name.startswith(LOADED)}
    yield
    for name in [name for name in sys.modules if name.startswith(LOADED)]:
        del sys.modules[name]
    sys.modules.update(before)
