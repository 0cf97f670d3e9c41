"""Remembers what was compiled from what, so that nothing is compiled twice.

Two levels, both under `.exok/cache`. A *manifest* per request lists every file that was read with
its size, time and hash: when all still agree, the image is there and neither LLVM nor the
compiler is loaded. An *image* is filed under the hash of the LLVM IR it came from, so that a
change which does not reach the code costs no code generation. Nothing here compiles, and
nothing is ever taken from the cache by time alone: a file with a new time is hashed. Of the
images only the newest are kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".exok" / "cache"

KEPT_IMAGES = 300
KEPT_SECONDS = 3600  # whoever asked for an image may still be reading it

Stamp = tuple[int, int, str]  # size, time of modification in ns, SHA-256


def digest(*parts: str | bytes) -> str:
    """A hash of several texts; their boundaries count."""
    state = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        state.update(len(content).to_bytes(8, "little"))
        state.update(content)
    return state.hexdigest()


def stamp(path: str) -> Stamp:
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        return status.st_size, status.st_mtime_ns, hashlib.sha256(file.read()).hexdigest()


def is_unchanged(path: str, known: Stamp) -> bool:
    try:
        status = os.stat(path)
        if (status.st_size, status.st_mtime_ns) == (known[0], known[1]):
            return True
        return status.st_size == known[0] and stamp(path)[2] == known[2]
    except OSError:
        return False


def manifest_path(request: str) -> Path:
    return CACHE / "requests" / f"{digest(request)[:32]}.json"


def find(request: str) -> Path | None:
    """The image of a request, if no file it was made from has changed."""
    try:
        manifest = json.loads(manifest_path(request).read_bytes())
    except (OSError, ValueError):
        return None
    image = CACHE / str(manifest["image"])
    inputs: Mapping[str, Any] = manifest["inputs"]
    if image.exists() and all(is_unchanged(str(ROOT / path), (*known,)) for path, known in inputs.items()):
        return image
    return None


def remember(request: str, image: Path, inputs: Iterable[Path]) -> None:
    """File an image under its request, with the files it was made from."""
    known = {relative(path): stamp(str(path)) for path in sorted(set(inputs))}
    manifest = {"image": str(image.relative_to(CACHE)), "inputs": known}
    write(manifest_path(request), json.dumps(manifest, indent=0).encode())
    prune(time.time() - KEPT_SECONDS)


def prune(before: float) -> None:
    """Drop the oldest images, as long as there are too many, and the manifests that named them."""
    import shutil  # not wanted by a warm answer

    by_age = sorted((CACHE / "images").iterdir(), key=modified, reverse=True)
    for folder in by_age[KEPT_IMAGES:]:
        if modified(folder) < before:
            shutil.rmtree(folder, ignore_errors=True)
    if len(by_age) > KEPT_IMAGES:
        for manifest in (CACHE / "requests").iterdir():
            if modified(manifest) < before and named_image(manifest) is None:
                manifest.unlink(missing_ok=True)


def modified(path: Path) -> float:
    """When something was last written; long ago, if somebody else has removed it."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def named_image(manifest: Path) -> Path | None:
    """The image a manifest names, if it is still there."""
    try:
        image = CACHE / str(json.loads(manifest.read_bytes())["image"])
    except (OSError, ValueError, KeyError):
        return None
    return image if image.exists() else None


def relative(path: Path) -> str:
    """A path as manifests name it: from the checkout where it is inside."""
    resolved = path.resolve()
    return str(resolved.relative_to(ROOT) if resolved.is_relative_to(ROOT) else resolved)


def write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a whole file or none, whoever else is writing it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.chmod(mode)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)  # when the disk is full, or somebody has no patience


def image_path(key: str, name: str) -> Path:
    """Where the image of a name made from IR with this hash is filed."""
    return CACHE / "images" / key[:32] / f"{name}.elf"
