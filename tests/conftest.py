"""What all tests share: where the checkout is, and which tests are left out unless asked for."""

import shutil
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SLOW = (  # whole files and folders that take long together, if not each test alone
    "boot/test_calls.py",
    "boot/test_entry_points.py",
    "boot/test_exceptions.py",
    "boot/test_machine_faults.py",
    "boot/test_switching.py",
    "compiler/fuzz",
    "compiler/test_diagnostics.py",
    "compiler/test_meaning.py",
    "compiler/test_shared_memory.py",
    "host/test_newcomer.py",
    "kernel/test_state_machine.py",
    "libos",
    "model/test_machine.py",
    "programs",
)
sys.path.insert(0, str(ROOT))


def pytest_configure() -> None:
    """Take back what whoever runs the tests in the background has all programs ignore: some tests interrupt theirs."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for each in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(each, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="also the tests that take minutes")


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    slow = tuple(str(ROOT / "tests" / name) for name in SLOW)
    for item in items:
        if str(item.path).startswith(slow):
            item.add_marker("slow")
        if "deep" in item.keywords and not config.getoption("--deep"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: exok test --deep"))
        if "boot" in item.keywords and shutil.which("qemu-system-x86_64") is None:
            item.add_marker(pytest.mark.skip(reason="QEMU is not installed: exok doctor"))
