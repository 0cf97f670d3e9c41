"""The image of the bare floor, assembled from `floor.s`.

What it measures is written there; what its figures are compared with is `bench`'s business.
"""

from pathlib import Path

from exokernel.compiler import cache
from exokernel.compiler.link.layout import EXECUTABLE, READABLE, WRITABLE, Layout, Segment
from exokernel.compiler.targets import Target

SOURCE = Path(__file__).with_name("floor.s")
ENTRY = "pvh_start"
EVERYTHING = Segment("floor", READABLE | WRITABLE | EXECUTABLE, (".note", ".boot", ".text", ".data"), low=True)
FLOOR = Target("floor", Layout(0x100000, 0, (EVERYTHING,)), entry=ENTRY)


def floor_image() -> Path:
    """Return the path of the image, assembling it when the source has changed."""
    source = SOURCE.read_text()
    image = cache.image_path(cache.digest(source, FLOOR.name), FLOOR.name)
    if not image.exists():
        cache.write(image, assembled(source))
    return image


def assembled(source: str) -> bytes:
    """Return the ELF file made of an assembly source."""
    from exokernel.compiler.emit.machine_code import emit
    from exokernel.compiler.link.linker import link

    lines = (line.replace("\\", "\\5C").replace('"', "\\22") for line in source.splitlines())
    module = "\n".join(f'module asm "{line}"' for line in lines)
    return link(emit(module, FLOOR).object, FLOOR.layout, ENTRY)
