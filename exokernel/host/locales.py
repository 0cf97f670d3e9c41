"""The caller's locale, for the guest: the variables that say which characters text is made of.

They are taken from what this process was started with, for Python itself sets LC_CTYPE in its
environment where the caller has the C locale (PEP 538). A locale that is not installed here is
not handed on: with it, programs of this machine run in the C locale, and so do the guest's.
"""

import locale
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

NAMES = ("LC_ALL", "LC_CTYPE", "LANG")
CATEGORIES = (  # of the GNU C library; `setlocale` fails if only one of them cannot be had
    "LC_CTYPE LC_NUMERIC LC_TIME LC_COLLATE LC_MONETARY LC_MESSAGES LC_PAPER LC_NAME LC_ADDRESS LC_TELEPHONE "
    "LC_MEASUREMENT LC_IDENTIFICATION"
).split()
STARTED_WITH = Path("/proc/self/environ")


def with_locale(environment: Iterable[str]) -> list[str]:
    """A guest's variables, NAME=VALUE: the caller's of the locale, but for those that are given, and what is given."""
    given = list(environment)
    named = {text.partition("=")[0] for text in given}
    caller = started_with()
    handed = {name: caller[name] for name in NAMES if name in caller}
    if not handed or not is_installed(caller):
        return given
    return [*(f"{name}={value}" for name, value in handed.items() if name not in named), *given]


def started_with() -> Mapping[str, str]:
    """The variables this process was started with."""
    try:
        items = STARTED_WITH.read_bytes().split(b"\0")
    except OSError:  # no /proc
        return os.environ
    return dict(os.fsdecode(item).split("=", 1) for item in items if b"=" in item)


def is_installed(variables: Mapping[str, str]) -> bool:
    """Whether a program of this machine would get the locale these variables ask for."""
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, ";".join(f"{category}={wanted(variables, category)}" for category in CATEGORIES))
    except (locale.Error, ValueError):
        return False
    finally:
        locale.setlocale(locale.LC_ALL, before)
    return True


def wanted(variables: Mapping[str, str], category: str) -> str:
    """The locale asked for: by the first variable that is not empty."""
    return variables.get("LC_ALL") or variables.get(category) or variables.get("LANG") or "C"
