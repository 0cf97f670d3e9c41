"""What this machine's C library says of characters in C.UTF-8, and the table made from it.

  python -m tests.programs.characters     writes it anew in exokernel/libos/characters.py

The table follows one version of the C library, which `VERSION` names.
"""

import ctypes
import re
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

TABLE = Path(__file__).parents[2] / "exokernel" / "libos" / "characters.py"
CHARACTERS = 0x110000
VERSION = b"2.36"  # of the GNU C library
COLUMNS = 126
LC_CTYPE = 0


def c_library() -> ctypes.CDLL:
    """The C library, its characters those of C.UTF-8. Raises OSError where it is not the version we follow."""
    library = ctypes.CDLL("libc.so.6")
    library.gnu_get_libc_version.restype = ctypes.c_char_p
    library.newlocale.restype = ctypes.c_void_p
    if library.gnu_get_libc_version() != VERSION:
        raise OSError("the C library is of another version")
    return library


def members(test: str) -> list[bool]:
    """For every character whether `iswprint`, `iswspace` … holds."""
    library = c_library()
    locale = ctypes.c_void_p(library.newlocale(1 << LC_CTYPE, b"C.UTF-8", None))
    ask: Callable[[int, ctypes.c_void_p], int] = getattr(library, f"{test}_l")
    return [ask(character, locale) != 0 for character in range(CHARACTERS)]


def boundaries(inside: Sequence[bool]) -> list[int]:
    """The characters that differ from the one before them; before the first stands one outside."""
    return [at for at, here in enumerate(inside) if here != (at > 0 and inside[at - 1])]


def main() -> None:
    numbers = ", ".join(f"0x{character:x}" for character in boundaries(members("iswprint")))
    lines = textwrap.fill(f"{numbers},", COLUMNS, initial_indent="    ", subsequent_indent="    ")
    text = TABLE.read_text(encoding="utf-8")
    TABLE.write_text(re.sub(r"(?<=PRINTABLE = \(\n).*?(?=^\))", f"{lines}\n", text, flags=re.DOTALL | re.MULTILINE), encoding="utf-8")


if __name__ == "__main__":
    main()
