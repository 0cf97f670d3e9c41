"""Library operating systems: all that a system usually decides, decided without privilege.

`bare` is the smallest, `exos` the usual one; `on_linux` has the interface of `exos` and runs
on Linux. None is special to the kernel. Folders named `arch` are the only places that know
the machine.
"""
