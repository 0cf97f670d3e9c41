"""A stand-in for the compiler, so that the command can be tried without one."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from exokernel.compiler.diagnostics import CompileError
from exokernel.host.symbols import Symbols
from tests.host.cells import write_image
from tests.host.flat import flat_guest


class FakeDriver(ModuleType):
    """Answers with the guest it was given as the kernel, made just now; a source that says `# refuse` is refused."""

    def __init__(self, folder: Path) -> None:
        super().__init__("exokernel.compiler.driver")
        self.folder = folder
        self.guest = b""
        self.made: set[Path] = set()

    def build_kernel(self) -> Path:
        kernel = self.folder / "kernel.elf"
        kernel.write_bytes(self.guest)
        self.made.add(kernel)
        return kernel

    def build_program(self, source: Path, target: str = "exokernel", level: int = 2) -> Path:
        if "# refuse" in source.read_text():
            raise CompileError("this is refused", None, "do not")
        path = self.folder / f"{source.stem}.{target}.elf"
        if target == "linux":
            path.write_text(f"#!/bin/sh\n{source.read_text()}")
            path.chmod(0o755)
        else:
            path.write_bytes(flat_guest(source.read_bytes()))
        return path

    def report(self, image: Path) -> dict[str, object]:
        return {}


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    (tmp_path / "built").mkdir()
    fake = FakeDriver(tmp_path / "built")
    monkeypatch.setitem(sys.modules, "exokernel.compiler.driver", fake)
    monkeypatch.setattr("exokernel.compiler.driver", fake, raising=False)
    monkeypatch.setattr("exokernel.host.command.provide_packages", lambda *groups: None)
    monkeypatch.setattr("exokernel.host.provision.provide_packages", lambda *groups: None)
    monkeypatch.setattr("exokernel.host.locales.started_with", dict)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prog.py").write_text("'''A program.'''\n\n\ndef main() -> int:\n    '''Do it.'''\n    return 0\n")
    return fake


Exok = Callable[..., tuple[int, bytes, str]]


@pytest.fixture
def exok(capfdbinary: pytest.CaptureFixture[bytes]) -> Exok:
    """Run the command in this process: status, standard output, standard error."""
    from exokernel.host.command import main

    def run(*words: str) -> tuple[int, bytes, str]:
        capfdbinary.readouterr()
        status = main(words)
        sys.stdout.flush()
        output, error = capfdbinary.readouterr()
        return status, output, error.decode()

    return run


@pytest.fixture(params=[4, 5], ids=lambda version: f"dwarf{version}")
def image(request: pytest.FixtureRequest, tmp_path: Path) -> Symbols:
    return Symbols(write_image(tmp_path, request.param))
