"""A fresh world for every test of the kernel, on each machine that runs in this process."""

import pytest

from exokernel.dialect import memory
from tests.kernel.native_world import NativeWorld
from tests.kernel.worlds import World


@pytest.fixture(params=[World, NativeWorld], ids=["cpython", "native"])
def world(request):
    before = memory.machine
    yield request.param()
    memory.machine = before
