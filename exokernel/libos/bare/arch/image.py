"""Where the linker put the zeros of the image."""

from exokernel.dialect.unsafe import symbol_address


def zeros_begin() -> int:
    return symbol_address("image_bss")


def zeros_end() -> int:
    return symbol_address("image_end")
