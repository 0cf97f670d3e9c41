"""Runs programs as a user does, and the system's own tools beside them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 180  # the longest any run may take


def exok(
    machine: str,
    program: str,
    arguments: Sequence[str],
    data: bytes | None,
    folder: Path,
    locale: str = "C",
    options: Sequence[str] = (),
) -> subprocess.CompletedProcess[bytes]:
    """Run a program of ours in `folder`, with `data` on a pipe or with no input."""
    tool = [sys.executable, str(ROOT / "exok"), "run", "-q", "--machine", machine]
    command = [*tool, *options, str(ROOT / "programs" / program), "--"]
    return subprocess.run(
        [*command, *arguments],
        input=data,
        stdin=subprocess.DEVNULL if data is None else None,
        capture_output=True,
        cwd=folder,
        env=os.environ | {"LC_ALL": locale},
        timeout=SECONDS,
    )


def gnu(
    name: str, arguments: Sequence[str], data: bytes | None, folder: Path, locale: str = "C"
) -> subprocess.CompletedProcess[bytes]:
    """Run the system's tool of this name."""
    environment = {"LC_ALL": locale, "PATH": os.environ["PATH"]}
    return subprocess.run(
        [name, *arguments],
        input=data,
        stdin=subprocess.DEVNULL if data is None else None,
        capture_output=True,
        cwd=folder,
        env=environment,
        timeout=SECONDS,
    )


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of every awkward kind."""
    here = tmp_path_factory.mktemp("files")
    (here / "text").write_bytes(b"one two  three\n\tfour\nfive six")
    (here / "empty").write_bytes(b"")
    (here / "newline").write_bytes(b"\n")
    (here / "binary").write_bytes(bytes(range(256)) * 70)
    (here / "latin").write_bytes(b"caf\xe9 \xff\xfe na\xefve\x00 end\n\x01\x02 x\n")
    (here / "long").write_bytes(b"a line of some words, again and again\n" * 5000)
    (here / "-dash").write_bytes(b"behind two dashes\n")
    (here / "folder").mkdir()
    return here
