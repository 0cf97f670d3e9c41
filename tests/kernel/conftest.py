"""A fresh world for every test of the kernel."""

import pytest

from exokernel.dialect import memory
from tests.kernel.worlds import World


@pytest.fixture
def world():
    before = memory.machine
    yield World()
    memory.machine = before
