"""The run-time checks that optimisation could not remove from what a call or a trap executes.

The proof shows those of calls out of reach; those of the trap handlers are tested, not proved. The
list may shrink, not grow: `EXOK_UPDATE=1` writes it anew, for a reader to compare. What only boot
and panic execute is left out.
"""

import os
import re
from pathlib import Path

from exokernel.compiler import driver

LIST = Path(__file__).with_name("surviving_checks.txt")
ONCE = re.compile(r"kernel_main$|kernel_panic$|exokernel\.kernel\.(main|first|memory)\.|.*\.(panic|boot|start_info)\.")


def surviving() -> list[str]:
    """Function and kind of every check that is left, as the source has them."""
    checks = driver.report(driver.build_kernel())["checks"]
    return sorted({f"{check['function']} {check['kind']}" for check in checks if not ONCE.match(check["inside"])})


def test_no_check_is_left_that_was_not_left_before() -> None:
    found = surviving()
    if os.environ.get("EXOK_UPDATE"):
        LIST.write_text("".join(f"{line}\n" for line in found))
    assert found == LIST.read_text().splitlines()
