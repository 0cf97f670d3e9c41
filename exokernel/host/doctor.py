"""Say what is here and what is missing, with the exact fix for each.

Nothing is installed or changed. KVM is tried by running a guest, because a device node
says nothing: on some hosts kernel code runs there thousands of times slower than emulated.
The status is 1 when something that `exok run` needs is missing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from typing import NamedTuple

from exokernel.host.errors import Status
from exokernel.host.flat import flat_guest
from exokernel.host.machine import EXIT_PORT, POWERED_OFF, quoted
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
PROBE_SECONDS = 5.0
LOOPS = 1_000_000  # of two instructions, in the probe
SLOW = 0.25  # seconds more than an empty guest: then kernel code is emulated, not run

# mov $LOOPS,%ecx; 1: dec %ecx; jnz 1b; mov $16,%al; out %al,$EXIT_PORT; hlt, in 32-bit code
PROBE = b"\xb9" + LOOPS.to_bytes(4, "little") + b"\x49\x75\xfd\xb0\x10\xe6" + bytes([EXIT_PORT]) + b"\xf4"


class Finding(NamedTuple):
    name: str
    good: bool
    needed: bool  # by `exok run`
    found: str
    fix: str = ""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the same in JSON")


def execute(options: Namespace) -> int:
    findings = [python(), *venv(), environment("run"), environment("test"), qemu(), kvm(), debugger(), linker()]
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
        fix += "; or " + quoted([str(PYTHON), "-m", "pip", "install", *requirements(group)])
    return Finding(group, False, False, f"{wanted}: not installed yet", fix)


def qemu() -> Finding:
    path = shutil.which(QEMU)
    if path is None:
        return Finding("qemu", False, True, f"{QEMU} is not on the PATH", install_line(QEMU))
    said = subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True).stdout.split("\n")[0]
    version = next((word for word in said.split() if word[:1].isdigit()), "0")
    good = tuple(int(number) for number in version.split(".")[:2]) >= OLDEST_QEMU
    return Finding("qemu", good, True, said, "" if good else f"install QEMU {OLDEST_QEMU[0]}.{OLDEST_QEMU[1]} or newer")


def kvm() -> Finding:
    device = "/dev/kvm"
    path = shutil.which(QEMU)
    if path is None or not os.path.exists(device):
        return Finding("kvm", False, False, "not here; machines run emulated (TCG), as they do by default")
    if not os.access(device, os.R_OK | os.W_OK):
        return Finding("kvm", False, False, f"no access to {device}", "sudo usermod -aG kvm $USER, and log in again")
    seconds = probe(path)
    if seconds is None:
        return Finding("kvm", False, False, "the device is there but a guest does not run on it; TCG is used")
    if seconds > SLOW:
        return Finding("kvm", False, False, f"emulates kernel code here ({seconds / LOOPS * 1e9:,.0f} ns a loop); TCG is used")
    return Finding("kvm", True, False, f"runs kernel code ({seconds / LOOPS * 1e9:,.1f} ns a loop); TCG is used all the same")


def probe(qemu_path: str) -> float | None:
    """Seconds that the loop takes under KVM, start and end of QEMU taken off; None when it fails."""
    empty = boot_once(qemu_path, PROBE[8:])
    full = boot_once(qemu_path, PROBE)
    return None if empty is None or full is None else max(0.0, full - empty)


def boot_once(qemu_path: str, instructions: bytes) -> float | None:
    with tempfile.NamedTemporaryFile(suffix=".elf") as guest:
        guest.write(flat_guest(instructions))
        guest.flush()
        command = [qemu_path, "-M", "microvm", "-accel", "kvm", "-nodefaults", "-no-user-config", "-no-reboot"]
        command += ["-display", "none", "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=4", "-kernel", guest.name]
        started = time.perf_counter()
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        return time.perf_counter() - started if done.returncode == POWERED_OFF else None


def debugger() -> Finding:
    path = shutil.which("gdb")
    return Finding("gdb", path is not None, False, path or "not here; exok debug needs it", "" if path else install_line("gdb"))


def linker() -> Finding:
    path = shutil.which("ld.lld")
    found = path or "not here; only the tests' cross-check of our linker uses it"
    return Finding("lld", path is not None, False, found, "" if path else install_line("ld.lld"))


def install_line(program: str) -> str:
    return installation(package_manager(program) or MANAGERS[0], program)
