"""The kernel, ready to be proved, and a copy of its source in which to change it."""

import pytest

from exokernel.prover.mutants import Workshop
from exokernel.prover.system import System, load_system


@pytest.fixture(scope="module")
def system() -> System:
    return load_system()


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("kernel"))
