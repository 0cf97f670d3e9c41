"""Loading: the kernel's modules, or a library's and its programs', into images.

Modules are imported through `checked`, and while they are, statics, symbols and assembly go
to the image. Loading again forgets the modules first, since a static lives at one address.
What the kernel finds in physical memory when it is entered is made here as well: its image,
and what the loader of a real machine tells it. [Xen, PVH boot ABI, hvm_start_info]
"""

import struct
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from exokernel.abi.console import Stream
from exokernel.abi.layout import IMAGE, KERNEL_BASE
from exokernel.dialect import memory
from exokernel.dialect.checked import CheckedLoader
from exokernel.model.image import Image, Region
from exokernel.model.processor import Processor
from exokernel.model.translation import ADDRESSES

BASE = KERNEL_BASE % ADDRESSES
# Physical addresses of the kernel's parts, which have room to spare.
BOOT, CODE, CONSTANTS, ZEROS, END = 0x100000, 0x110000, 0x140000, 0x180000, 0x400000
USER_CODE, USER_DATA, USER_ZEROS, USER_END = IMAGE + 0x1000, 0x440000, 0x800000, 0x4000_0000

MAGIC = 0x336EC578
RAM, RESERVED = 1, 2
START_INFO = 0x1000  # physical; below the first mebibyte nobody else lives
LOW_MEMORY = 0x9F000  # bytes of it that are memory
PAGE = 0x1000

BOOT_CR4 = 1 << 5  # physical-address extension
BOOT_CR0 = 1 << 31 | 1 << 16 | 1  # paging, write protection, protected mode


def load_kernel(processor: Processor, root: str) -> Image:
    """Import the kernel whose first module is `root`, into an image of its own."""
    image = Image(
        boot=Region(BOOT, CODE),
        code=Region(BASE + CODE, BASE + CONSTANTS),
        data=Region(BASE + CONSTANTS, BASE + ZEROS),
        zeros=Region(BASE + ZEROS, BASE + END),
    )
    image.symbols |= {
        "image_text": BASE + CODE,
        "image_rodata": BASE + CONSTANTS - PAGE,  # the data that assembly makes is written to
        "image_data": BASE + CONSTANTS,
        "image_bss": BASE + ZEROS,
        "image_end": BASE + END,
        "boot_end": CODE,
    }
    with _loading(processor, image):
        _import_anew(["exokernel.kernel"], [root])
    processor.kernel_image = image
    return image


def load_programs(
    processor: Processor, library: Sequence[str], output: str, programs: Sequence[Path]
) -> Image:
    """Import a library's first modules and programs, into one image for them all.

    The program of each file begins at the symbol `entry_symbol` gives, and `print` writes
    through the module named `output`.
    """
    image = Image(
        code=Region(USER_CODE, USER_DATA),
        data=Region(USER_DATA, USER_ZEROS),
        zeros=Region(USER_ZEROS, USER_END),
    )
    with _loading(processor, image):
        _import_anew(["exokernel.libos"], [*library, output])
        printing = printer(sys.modules[output])
        for path in programs:
            module = import_file(f"programs.{path.stem}", path, {"print": printing})
            if not hasattr(module, "main"):
                raise ImportError(f"{path} has no function `main`, which the library calls for the program's status")
            processor.programs[path.stem] = module.main
            image.exports[entry_symbol(path.stem)] = _starter(processor, path.stem)
        for name in [name for name in sys.modules if name.startswith("exokernel.libos.")]:
            vars(sys.modules[name])["print"] = printing  # for those that a library prints with
    image.add_faults()
    image.symbols["image_bss"] = USER_ZEROS
    image.symbols["image_end"] = -(-image.regions["zeros"].next // PAGE) * PAGE
    processor.user_image = image
    return image


def entry_symbol(program: str) -> str:
    """Name the symbol where a program of the image begins."""
    return f"_start of {program}"


def _starter(processor: Processor, program: str) -> Callable[[], None]:
    def start() -> None:
        processor.program = program
        processor.user_image.exports["_start"]()

    return start


def printer(output: ModuleType) -> Callable[..., None]:
    """Make the `print` that writes through a library's module, as the compiler has it."""

    def print_(*values: object, sep: str = " ", end: str = "\n", file: Stream = Stream.OUTPUT) -> None:
        output.write_text(file, sep.join(str(value) for value in values) + end)

    return print_


class ProgramLoader(CheckedLoader):
    """Loads a file of a program, which finds `names` as built in."""

    def __init__(self, name: str, path: Path, names: Mapping[str, object]) -> None:
        super().__init__(name, str(path))
        self.names = names

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(self.names)
        super().exec_module(module)


class Beside(MetaPathFinder):
    """Finds a program's own modules: the files beside it, as the compiler does."""

    def __init__(self, folder: Path, names: Mapping[str, object]) -> None:
        self.folder, self.names = folder, names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = self.folder / f"{fullname}.py"
        if path is not None or not file.is_file():
            return None
        return spec_from_file_location(fullname, file, loader=ProgramLoader(fullname, file, self.names))


def import_file(name: str, path: Path, names: Mapping[str, object]) -> ModuleType:
    """Import a program's file under a name of our own, and with it the modules beside it that it imports."""
    loader = ProgramLoader(name, path, names)
    spec = spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise ImportError(f"{path} is no module")
    module = module_from_spec(spec)
    sys.modules[name] = module
    beside = Beside(path.resolve().parent, names)
    sys.meta_path.insert(0, beside)
    try:
        loader.exec_module(module)
    finally:
        sys.meta_path.remove(beside)
    return module


@contextmanager
def _loading(processor: Processor, image: Image) -> Iterator[None]:
    """Let modules that are imported in the body belong to `image`."""
    memory.machine = processor
    memory.static_storage, before = image.static_storage, memory.static_storage
    memory.exports = image.exports
    processor.loading = image
    try:
        yield
        image.close()
    finally:
        processor.loading = None
        memory.static_storage = before
        memory.exports = {}


def _import_anew(packages: Sequence[str], modules: Sequence[str]) -> None:
    for name in list(sys.modules):
        if any(name == package or name.startswith(f"{package}.") for package in packages):
            del sys.modules[name]
    for module in modules:
        import_module(module)


def place_kernel(processor: Processor, archive: bytes) -> int:
    """Put kernel and archive into memory as a boot loader does; return where it says so."""
    ram = processor.ram
    for piece in processor.kernel_image.pieces:
        ram.write(piece.address if piece.address < END else piece.address - BASE, piece.content)
    archive_address = ram.size - len(archive) & ~(PAGE - 1)
    ram.write(archive_address, archive)
    module, ranges = START_INFO + 0x100, START_INFO + 0x200
    ram.write(module, struct.pack("<4Q", archive_address, len(archive), 0, 0))
    usable = [(0, LOW_MEMORY, RAM), (BOOT, ram.size - BOOT, RAM)]
    ram.write(ranges, b"".join(struct.pack("<2Q2L", *each, 0) for each in usable))
    info = struct.pack("<4L4Q2L", MAGIC, 1, 0, 1, module, 0, 0, ranges, len(usable), 0)
    ram.write(START_INFO, info)
    return START_INFO


def enter_long_mode(processor: Processor) -> None:
    """Do what the boot assembly does before it calls Python."""
    controls = processor.translator.controls
    controls.cr4, controls.cr0 = BOOT_CR4, BOOT_CR0
    processor.load_cr3(processor.kernel_image.symbols["boot_root"])
