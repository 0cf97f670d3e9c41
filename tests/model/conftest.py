"""Leaves no machine behind for the tests of others."""

import pytest

from exokernel.dialect import memory


@pytest.fixture(autouse=True)
def machine_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "machine", memory.machine)
