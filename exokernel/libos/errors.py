"""What a Unix-like library can fail with, whichever library it is. The numbers are what travels.

Those below 64 are the kernel's, from 64 on a library's own additions to them, and from 80 on these.
"""


class FileError(Exception):
    """Something is wrong with a file."""

    number = 80


class NotFound(FileError):
    """No such file or directory."""

    number = 81


class IsDirectory(FileError):
    """A directory cannot be read."""

    number = 82


class NotReadable(FileError):
    """The file is there, but not for us."""

    number = 83


class NotOpen(FileError):
    """The descriptor stands for nothing that can be read."""

    number = 84


class TooManyOpen(FileError):
    """All descriptors are in use."""

    number = 85


class ProcessError(Exception):
    """A process cannot be made or found."""

    number = 86


class NoMemory(ProcessError):
    """There is no room for another process."""

    number = 87


class NoChild(ProcessError):
    """That is no child of ours."""

    number = 88


class NotExecutable(Exception):
    """The file is no program of ours."""

    number = 89


class TooLong(Exception):
    """The arguments do not fit."""

    number = 90


class HeapExhausted(Exception):
    """The heap's part of the address space is used up."""

    number = 91
