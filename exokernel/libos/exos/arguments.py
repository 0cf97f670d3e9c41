"""What the program was started with: its arguments and its environment's variables.

Both are text with a NUL behind each item, in the boot archive or, of a program started by
`execute`, in a page of their own. Nothing here changes them.
"""

from collections.abc import Iterator

from exokernel.dialect import text_of
from exokernel.libos.arch.x86_64.memory import bytes_from
from exokernel.libos.errors import NotFound
from exokernel.libos.exos.arch.state import state
from exokernel.libos.exos.archive import find

NUL = b"\0"
ENVIRONMENT = b"environment"  # member of the archive


def items(data: bytes) -> Iterator[bytes]:
    """Yield what stands before each NUL."""
    start = 0
    for position in range(len(data)):
        if data[position] == 0:
            yield data[start:position]
            start = position + 1


def given() -> bytes:
    """All arguments, the program's own name first, each with a NUL behind it."""
    return bytes_from(state().arguments, state().arguments_size)


def arguments() -> Iterator[str]:
    """Yield the arguments behind the program's name, in order."""
    position = 0
    for item in items(given()):
        if position > 0:
            yield text_of(item)
        position += 1


def program_name() -> str:
    """The name the program was started by."""
    for item in items(given()):
        return text_of(item)
    return ""


def variable(name: str, default: str = "") -> str:
    """The value of an environment variable, or `default` when it is not set."""
    wanted = name.encode()
    for item in items(variables()):
        if len(item) > len(wanted) and item.startswith(wanted) and item[len(wanted)] == 61:
            return text_of(item[len(wanted) + 1 :])
    return default


def variables() -> bytes:
    """All variables as NAME=VALUE, each with a NUL behind it."""
    try:
        member = find(ENVIRONMENT)
    except NotFound:
        return b""
    return bytes_from(member.address, member.size)
