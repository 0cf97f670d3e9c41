"""What is missing is installed, and said; what cannot be is an error with the exact fix."""

import subprocess
import sys
from pathlib import Path

import pytest

from exokernel.host import provision
from exokernel.host.errors import ToolError


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own, with one empty group of requirements and one that cannot be met."""
    (tmp_path / "pyproject.toml").write_text("[project.optional-dependencies]\nrun = ['./package']\ntest = ['./nowhere']\n")
    package = tmp_path / "package"
    package.mkdir()
    (package / "pyproject.toml").write_text("[project]\nname = 'sample'\nversion = '1'\n")
    monkeypatch.setattr(provision, "ROOT", tmp_path)
    monkeypatch.setattr(provision, "STATE", tmp_path / ".exok")
    monkeypatch.setattr(provision, "VENV", tmp_path / ".exok" / "venv")
    monkeypatch.setattr(provision, "PYTHON", tmp_path / ".exok" / "venv" / "bin" / "python")
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


@pytest.fixture
def installs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Record what pip would be asked, and let it succeed unless the requirement is nowhere."""
    asked: list[list[str]] = []
    really = subprocess.run

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        if "pip" not in command:
            return really(command, **options)  # type: ignore[call-overload, no-any-return]
        asked.append(command)
        return subprocess.CompletedProcess(command, 1 if "./nowhere" in command else 0, b"pip's own words\n")

    monkeypatch.setattr(provision.subprocess, "run", run)
    return asked


@pytest.mark.slow
def test_packages_are_installed_once_and_again_when_they_change(
    checkout: Path, installs: list[list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    provision.provide_packages("run")
    assert len(installs) == 1 and provision.is_current("run")
    assert "installing ./package into .exok/venv: the compiler's LLVM" in capfd.readouterr().err
    assert str(provision.site_packages()) in sys.path
    provision.provide_packages("run")
    assert len(installs) == 1 and capfd.readouterr().err == ""
    with open(checkout / "pyproject.toml", "a") as file:
        file.write("# changed\n")
    provision.provide_packages("run")
    assert len(installs) == 2
    with pytest.raises(ToolError) as caught:
        provision.provide_packages("test")
    assert "pip install" in caught.value.fix and "pip's own words" in capfd.readouterr().err
    assert not provision.is_current("test")


def test_a_checkout_that_cannot_be_written(checkout: Path) -> None:
    (checkout / ".exok").write_text("in the way")
    with pytest.raises(ToolError, match="exok keeps there what it installs"):
        provision.provide_packages("run")


def test_a_program_nobody_can_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision.shutil, "which", lambda name: None)
    with pytest.raises(ToolError) as caught:
        provision.provide_qemu()
    assert caught.value.fix == f"install {provision.QEMU}"


def test_without_root_the_fix_is_the_line_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(provision.os, "geteuid", lambda: 1000)
    with pytest.raises(ToolError) as caught:
        provision.provide_qemu()
    lines = "apt-get update -q && apt-get install -y -q --no-install-recommends qemu-system-x86"
    assert caught.value.fix == f"su - -c '{lines}'"


def test_the_fix_is_for_who_is_here_and_names_all_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    here = ("apt-get", "sudo")
    monkeypatch.setattr(provision.shutil, "which", lambda name: f"/usr/bin/{name}" if name in here else None)
    monkeypatch.setattr(provision, "may_install", lambda: False)
    monkeypatch.setattr(provision.os, "geteuid", lambda: 1000)
    with pytest.raises(ToolError) as caught:
        provision.install_program("venv", "why")
    assert caught.value.fix.startswith("sudo apt-get update -q && sudo apt-get install ")
    version = "python%d.%d" % sys.version_info[:2]
    assert caught.value.fix.endswith(f" {version}-venv qemu-system-x86")
    monkeypatch.setattr(provision.os, "geteuid", lambda: 0)
    assert "sudo" not in provision.installation(provision.MANAGERS[0], "gdb")


def test_with_root_it_is_installed(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    here = {"apt-get"}
    ran: list[tuple[str, ...]] = []

    def run(*command: str) -> subprocess.CompletedProcess[bytes]:
        ran.append(command)
        here.add(provision.QEMU)
        return subprocess.CompletedProcess(command, 0, b"")

    monkeypatch.setattr(provision.shutil, "which", lambda name: f"/usr/bin/{name}" if name in here else None)
    monkeypatch.setattr(provision.os, "geteuid", lambda: 0)
    monkeypatch.setattr(provision, "run_as_root", run)
    assert provision.provide_qemu() == f"/usr/bin/{provision.QEMU}"
    assert ran[0] == ("apt-get", "update", "-q") and ran[1][-1] == "qemu-system-x86"
    assert "installing qemu-system-x86 with apt-get: QEMU is the machine" in capfd.readouterr().err


def test_our_groups_are_the_ones_explained() -> None:
    assert all(provision.requirements(group) for group in provision.WHY)
