"""The kernel, compiled once, and machines to boot it on."""

from pathlib import Path

import pytest

from exokernel.compiler import driver
from tests.boot.guest import Computer


@pytest.fixture(scope="session")
def kernel() -> Path:
    return driver.build_kernel()


@pytest.fixture
def computer(kernel: Path, tmp_path: Path) -> Computer:
    return Computer(kernel, tmp_path)
