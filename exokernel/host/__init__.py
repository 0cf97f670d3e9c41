"""What runs on the user's machine: the `exok` command and all it needs to boot a guest.

One module per command, found through the table in `command`, and one per thing a command
is made of: the archive, the machine's command line, its lifetime, its report. Ordinary
Python, not the dialect. It compiles nothing itself; `exokernel.compiler.driver` does.
A warm run must be quick, so modules import late what only some runs need.
"""
