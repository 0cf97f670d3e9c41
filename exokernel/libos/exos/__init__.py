"""ExOS: processes, files and memory as Unix programs expect them, in a library.

What a program may import from here is listed below. Everything else is the library's own,
and a program that wants it otherwise imports, replaces or leaves out what it likes: the
kernel does not know this library.
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
from exokernel.libos.exos.arguments import arguments, program_name, variable
from exokernel.libos.exos.critical import critical
from exokernel.libos.exos.files import (
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
from exokernel.libos.exos.heap import integers, octets
from exokernel.libos.exos.loading import execute
from exokernel.libos.exos.output import errors, flush_all, write_output
from exokernel.libos.exos.processes import CHILD, fork, leave, process, wait

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
    "size_of_file",
    "variable",
    "wait",
    "write_output",
]
