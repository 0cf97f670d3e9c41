"""What a Unix-like library can fail with, whichever library it is. The numbers are what travels."""


class FileError(Exception):
    """Something is wrong with a file."""

    number = 84


class NotFound(FileError):
    """No such file or directory."""

    number = 85


class IsDirectory(FileError):
    """A directory cannot be read."""

    number = 91


class NotReadable(FileError):
    """The file is there, but not for us."""

    number = 92


class NotOpen(FileError):
    """The descriptor stands for nothing that can be read."""

    number = 86


class TooManyOpen(FileError):
    """All descriptors are in use."""

    number = 87


class ProcessError(Exception):
    """A process cannot be made or found."""

    number = 80


class NoMemory(ProcessError):
    """There is no room for another process."""

    number = 81


class NoChild(ProcessError):
    """That is no child of ours."""

    number = 82


class NoFile(Exception):
    """There is no file of this name."""

    number = 83


class NotExecutable(Exception):
    """The file is no program of ours."""

    number = 89


class TooLong(Exception):
    """The arguments do not fit."""

    number = 90


class HeapExhausted(Exception):
    """The heap's part of the address space is used up."""

    number = 88
