"""The machine under CPython: memory, processor, devices, and the host processes that are environments.

Kernel, libraries and programs run on it as the Python they are written in. Protection is
real here too: user memory is reached through page tables in the machine's memory, by the
rules of the processor. What is not modelled is time between instructions, caches, and
anything the kernel never asks for.
"""
