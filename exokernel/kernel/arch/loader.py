"""What the loader left: the memory map, and the modules it loaded beside the kernel."""

from exokernel.kernel.arch.x86_64.start_info import MAGIC, RAM, MemoryRange, Module, StartInfo, memory_map, modules, start_info

__all__ = ["MAGIC", "RAM", "MemoryRange", "Module", "StartInfo", "memory_map", "modules", "start_info"]
