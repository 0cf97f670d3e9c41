"""The interface of ExOS, and of `bare`, on Linux, so that one program can be compared with itself.

The compiler puts this package in the place of either when it builds a static Linux
executable. It has the same names with the same meaning and no C library; what ExOS does with
page tables, Linux does here.
"""

from exokernel.libos.errors import (
    FileError,
    HeapExhausted,
    IsDirectory,
    NoChild,
    NoMemory,
    NotExecutable,
    NotFound,
    NotOpen,
    NotReadable,
    ProcessError,
    TooLong,
    TooManyOpen,
)
from exokernel.libos.on_linux.arguments import arguments, program_name, variable
from exokernel.libos.on_linux.critical import critical
from exokernel.libos.on_linux.files import (
    ERRORS,
    INPUT,
    OUTPUT,
    Descriptor,
    blocks,
    close,
    content,
    is_regular,
    open_file,
    read,
    size_of_file,
)
from exokernel.libos.on_linux.heap import integers, octets
from exokernel.libos.on_linux.loading import execute
from exokernel.libos.on_linux.output import errors, flush_all, write_output
from exokernel.libos.on_linux.processes import (
    CHILD,
    fork,
    leave,
    process,
    shut_down,
    wait,
)

__all__ = [
    "CHILD",
    "ERRORS",
    "INPUT",
    "OUTPUT",
    "Descriptor",
    "FileError",
    "HeapExhausted",
    "IsDirectory",
    "NoChild",
    "NoMemory",
    "NotExecutable",
    "NotFound",
    "NotOpen",
    "NotReadable",
    "ProcessError",
    "TooLong",
    "TooManyOpen",
    "arguments",
    "blocks",
    "close",
    "content",
    "critical",
    "errors",
    "execute",
    "flush_all",
    "fork",
    "integers",
    "is_regular",
    "leave",
    "octets",
    "open_file",
    "process",
    "program_name",
    "read",
    "shut_down",
    "size_of_file",
    "variable",
    "wait",
    "write_output",
]
