"""What the loader tells: which memory there is, and what it loaded besides the kernel.

The records are the loader's, read once, at boot, through the direct map. Nothing in them is
checked beyond the signature: the loader is trusted as the processor is. [Xen, PVH boot ABI,
hvm_start_info]
"""

from exokernel.abi.layout import DIRECT_MAP
from exokernel.dialect import Array, Record, u32, u64
from exokernel.dialect.unsafe import array_at, record_at

MAGIC = 0x336EC578
RAM = 1  # the type of a range that is memory to use


class StartInfo(Record):
    """The root of it all. Addresses are physical."""

    magic: u32
    version: u32
    flags: u32
    module_count: u32
    modules: u64
    command_line: u64
    root_descriptor: u64
    memory_map: u64
    memory_count: u32
    reserved: u32


class Module(Record):
    """Something the loader put into memory for us."""

    address: u64
    size: u64
    command_line: u64
    reserved: u64


class MemoryRange(Record):
    address: u64
    size: u64
    kind: u32
    reserved: u32


def start_info(address: int) -> StartInfo:
    """See the record whose physical address the loader passed."""
    return record_at(StartInfo, DIRECT_MAP + address)


def memory_map(info: StartInfo) -> Array[MemoryRange]:
    return array_at(MemoryRange, DIRECT_MAP + info.memory_map, info.memory_count)


def modules(info: StartInfo) -> Array[Module]:
    return array_at(Module, DIRECT_MAP + info.modules, info.module_count)
