"""Make sure that what a command needs is installed, saying what and why when it is not.

Python packages go into an environment of the checkout, `.exok/venv`, from the groups in
`pyproject.toml`; programs come by the system's package manager. A group that is in place
costs one small file's comparison and no second interpreter: the environment's packages
are put on this interpreter's path. Nothing here downloads by itself.
"""

import errno
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from exokernel.host.errors import ToolError

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".exok"  # all that exok writes into a checkout
VENV = STATE / "venv"
PYTHON = VENV / "bin" / "python"
QEMU = "qemu-system-x86_64"
READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
FULL = (errno.ENOSPC, errno.EDQUOT)

WHY = {
    "run": "the compiler's LLVM and the reader of debug information",
    "test": "the test runner, the type checkers and the solver",
}


class PackageManager(NamedTuple):
    program: str
    refresh: tuple[str, ...]
    install: tuple[str, ...]
    packages: dict[str, str]  # what a program is packaged as


MANAGERS = (
    PackageManager(
        "apt-get",
        ("update", "-q"),
        ("install", "-y", "-q", "--no-install-recommends"),
        {QEMU: "qemu-system-x86", "gdb": "gdb", "ld.lld": "lld", "venv": "python%d.%d-venv" % sys.version_info[:2]},
    ),
    PackageManager("dnf", (), ("install", "-y"), {QEMU: "qemu-system-x86-core", "gdb": "gdb"}),
    PackageManager("pacman", ("-Sy",), ("-S", "--noconfirm"), {QEMU: "qemu-system-x86", "gdb": "gdb"}),
    PackageManager("zypper", (), ("install", "-y"), {QEMU: "qemu-x86", "gdb": "gdb"}),
    PackageManager("apk", (), ("add",), {QEMU: "qemu-system-x86_64", "gdb": "gdb"}),
)


def say(line: str) -> None:
    print(f"exok: {line}", file=sys.stderr, flush=True)


# Python packages


def provide_packages(*groups: str) -> None:
    """Put the packages of `groups` on the path, installed first where they are not.

    Raises:
        ToolError: they cannot be installed.
    """
    for group in groups:
        if not is_current(group):
            install_group(group)
    packages = str(site_packages())
    if packages not in sys.path:
        sys.path.insert(1, packages)


def site_packages() -> Path:
    return VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def stamp(group: str) -> Path:
    """A file that holds what `pyproject.toml` said when the group was last found complete."""
    return site_packages().parent / f"exok-{group}"


def is_current(group: str) -> bool:
    try:
        return stamp(group).read_bytes() == (ROOT / "pyproject.toml").read_bytes()
    except OSError:
        return False


def requirements(group: str) -> list[str]:
    import tomllib

    with open(ROOT / "pyproject.toml", "rb") as file:
        found = tomllib.load(file)["project"]["optional-dependencies"][group]
    return [str(requirement) for requirement in found]


def install_group(group: str) -> None:
    wanted = requirements(group)
    with one_at_a_time():
        if is_current(group):  # another exok was quicker
            return
        if not (site_packages() / "pip").is_dir():  # nothing there, or what was broken off
            make_environment()
        say(f"installing {', '.join(wanted)} into {VENV.relative_to(ROOT)}: {WHY[group]}")
        command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            sys.stderr.buffer.write(done.stdout)
            raise ToolError("the packages could not be installed; pip says why above", shlex.join(command))
        stamp(group).write_bytes((ROOT / "pyproject.toml").read_bytes())


def make_environment() -> None:
    """Make `.exok/venv` for this version of Python; an environment of another version goes."""
    if not can_make_environments():
        install_program("venv", "it makes the environment the Python packages go into")
    say(f"making an environment for Python packages in {VENV.relative_to(ROOT)}")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.stderr.buffer.write(done.stdout)
        raise ToolError("the environment could not be made; Python says why above", " ".join(command))


def can_make_environments() -> bool:
    return find_spec("ensurepip") is not None  # Debian ships it apart


def cannot_keep(error: OSError) -> ToolError:
    """What to say when something in the checkout's `.exok` cannot be written."""
    sentence = f"{error.filename or STATE}: {error.strerror}; exok keeps there what it installs and compiles"
    if error.errno in FULL:
        return ToolError(sentence, f"make room there; {STATE / 'cache'} may go at any time")
    return ToolError(sentence, "clone the sources to where you may write" if error.errno in READ_ONLY else "")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let only one exok at a time change the checkout's environment."""
    import fcntl

    try:
        STATE.mkdir(exist_ok=True)
        lock = open(STATE / "lock", "w")
    except OSError as error:
        raise cannot_keep(error) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# Programs


def provide_qemu() -> str:
    """Give the path of QEMU, installed first where it is missing.

    Raises:
        ToolError: it cannot be installed.
    """
    return provide_program(QEMU, "QEMU is the machine that programs run on")


def provide_program(program: str, why: str) -> str:
    found = shutil.which(program)
    if found is None:
        install_program(program, why)
        found = shutil.which(program)
    if found is None:
        raise ToolError(f"{program} was installed but is not on the PATH")
    return found


def install_program(program: str, why: str) -> None:
    manager = package_manager(program)
    if manager is None:
        raise ToolError(f"{program} is missing and no package manager known to exok is here", f"install {program}")
    if not may_install():
        also = [QEMU] if program == "venv" and shutil.which(QEMU) is None else []  # it would be asked for next
        raise ToolError(f"{program} is missing ({why}), and installing it needs root", installation(manager, program, *also))
    say(f"installing {manager.packages[program]} with {manager.program}: {why}")
    if manager.refresh:
        run_as_root(manager.program, *manager.refresh)  # if it fails, the installation says more
    done = run_as_root(manager.program, *manager.install, manager.packages[program])
    if done.returncode != 0:
        sys.stderr.buffer.write(done.stdout)
        raise ToolError(f"{program} could not be installed; {manager.program} says why above", installation(manager, program))


def installation(manager: PackageManager, *programs: str) -> str:
    """The line that installs these programs, as whoever is here has to type it."""
    packages = [manager.packages.get(program, program) for program in programs]
    commands = [[manager.program, *manager.refresh]] if manager.refresh else []
    lines = [shlex.join(command) for command in [*commands, [manager.program, *manager.install, *packages]]]
    if os.geteuid() == 0:
        return " && ".join(lines)
    if shutil.which("sudo") is None:
        return f"su - -c {shlex.quote(' && '.join(lines))}"
    return " && ".join(f"sudo {line}" for line in lines)


def package_manager(program: str) -> PackageManager | None:
    for manager in MANAGERS:
        if program in manager.packages and shutil.which(manager.program):
            return manager
    return None


def may_install() -> bool:
    """Whether root is at hand: we are root, or sudo works, asking for a password if someone is there."""
    if os.geteuid() == 0:
        return True
    if shutil.which("sudo") is None:
        return False
    quiet = subprocess.run(["sudo", "-n", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return quiet.returncode == 0 or (sys.stdin.isatty() and sys.stderr.isatty())


def run_as_root(*command: str) -> subprocess.CompletedProcess[bytes]:
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if prefix:  # sudo drops the environment unless told
        prefix = ["sudo", "DEBIAN_FRONTEND=noninteractive"]
    return subprocess.run([*prefix, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
