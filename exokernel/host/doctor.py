"""Say what is here and what is missing, with the exact fix for each.

Nothing is installed or changed. Whether there is KVM is not asked: machines run emulated.
The status is 1 when something that `exok run` needs is missing.
"""

import shlex
import shutil
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from typing import NamedTuple

from exokernel.host.errors import Status
from exokernel.host.provision import (
    MANAGERS,
    PYTHON,
    QEMU,
    WHY,
    can_make_environments,
    installation,
    is_current,
    package_manager,
    requirements,
    site_packages,
)

OLDEST_PYTHON = (3, 11)
OLDEST_QEMU = (7, 0)


class Finding(NamedTuple):
    name: str
    good: bool
    needed: bool  # by `exok run`
    found: str
    fix: str = ""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the same in JSON")


def execute(options: Namespace) -> int:
    findings = [python(), *venv(), environment("run"), environment("test"), qemu(), debugger(), linker()]
    if options.json:
        import json

        print(json.dumps([finding._asdict() for finding in findings], indent=2))
    else:
        for finding in findings:
            mark = "ok" if finding.good else "MISSING" if finding.needed else "-"
            print(f"{mark:8}{finding.name:10}{finding.found}")
            if finding.fix:
                print(f"{'':18}fix: {finding.fix}")
    return Status.FAILED if any(finding.needed and not finding.good for finding in findings) else 0


def python() -> Finding:
    good = sys.version_info[:2] >= OLDEST_PYTHON
    fix = "" if good else install_line("python3.11")
    return Finding("python", good, True, f"{sys.version.split()[0]}, {sys.executable}", fix)


def venv() -> list[Finding]:
    """Python's module that makes environments: looked for only where one is still to be made."""
    if can_make_environments() or site_packages().is_dir():
        return []
    return [Finding("venv", False, True, "Python came without ensurepip, which makes environments", install_line("venv"))]


def environment(group: str) -> Finding:
    wanted = ", ".join(requirements(group))
    if is_current(group):
        return Finding(group, True, group == "run", f"{wanted} in {site_packages()}")
    fix = f"./exok {'build' if group == 'run' else 'check'}   (installs them: {WHY[group]})"
    if site_packages().is_dir():
        fix += "; or " + shlex.join([str(PYTHON), "-m", "pip", "install", *requirements(group)])
    return Finding(group, False, False, f"{wanted}: not installed yet", fix)


def qemu() -> Finding:
    path = shutil.which(QEMU)
    if path is None:
        return Finding("qemu", False, True, f"{QEMU} is not on the PATH", install_line(QEMU))
    said = subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True).stdout.split("\n")[0]
    version = next((word for word in said.split() if word[:1].isdigit()), "0")
    good = tuple(int(number) for number in version.split(".")[:2]) >= OLDEST_QEMU
    return Finding("qemu", good, True, said, "" if good else f"install QEMU {OLDEST_QEMU[0]}.{OLDEST_QEMU[1]} or newer")


def debugger() -> Finding:
    path = shutil.which("gdb")
    return Finding("gdb", path is not None, False, path or "not here; exok debug needs it", "" if path else install_line("gdb"))


def linker() -> Finding:
    path = shutil.which("ld.lld")
    found = path or "not here; only the tests' cross-check of our linker uses it"
    return Finding("lld", path is not None, False, found, "" if path else install_line("ld.lld"))


def install_line(program: str) -> str:
    return installation(package_manager(program) or MANAGERS[0], program)
