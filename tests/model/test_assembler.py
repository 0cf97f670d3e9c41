"""Labels and data of assembly get the addresses an assembler would give them."""

from exokernel.model.image import Image, Region


def image() -> Image:
    return Image(
        code=Region(0x1000, 0x2000),
        data=Region(0x2000, 0x3000),
        zeros=Region(0x3000, 0x8000),
        boot=Region(0x100, 0x200),
    )


def test_labels_data_and_alignment() -> None:
    made = image()
    made.assemble(
        """
.text
.globl first
first:
1:  mov %rax, %rbx      # a comment: no label
    jmp 1b
second: ret
.data
bytes: .byte 1, 2
.p2align 3
pair:
    .quad second, -1
after:
.bss
.p2align 12
table: .skip 2 * 4096
end:
"""
    )
    made.close()
    assert made.symbols["first"] == 0x1000 and made.symbols["second"] == 0x1010
    assert made.symbols["bytes"] == 0x2000 and made.symbols["pair"] == 0x2008
    assert made.symbols["after"] == 0x2018
    assert (made.symbols["table"], made.symbols["end"]) == (0x3000, 0x5000)
    content = {piece.address: piece.content for piece in made.pieces}
    assert content[0x2008] == (0x1010).to_bytes(8, "little")
    assert content[0x2010] == b"\xff" * 8


def test_a_reference_may_come_before_its_symbol() -> None:
    made = image()
    made.assemble('.section .boot.data, "aw"\n.quad later + 3\n.asciz "ok"\nlater: .long 7')
    made.close()
    content = {piece.address: piece.content for piece in made.pieces}
    assert content[0x100] == (0x10B + 3).to_bytes(8, "little")
    assert content[0x108] == b"ok\0"
