"""Memory: where a place is, loading and storing scalars, copying and clearing.

An index is checked against the length where it is used, and the length of a run is a constant.
A store of an integer into fewer bits than 64 is checked. Accesses to devices, to the frame
an interrupt pushed and, in programs, to placed statics are volatile: every one happens, in order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.extents import cell_bits
from exokernel.compiler.ir.operations import Fault
from exokernel.compiler.ir.types import U8, Bytes, Cell, Embedded, Reference, Run, Storage, Text, Truth, View
from exokernel.compiler.ir.types import WordCell
from exokernel.compiler.lower.arithmetic import constant_of, resized
from exokernel.compiler.lower.emitter import Emitter
from exokernel.compiler.lower.scalars import scalars


@dataclass(frozen=True)
class Spot:
    """A place reached: its address and storage; the length, when it is what a view views."""

    address: str
    storage: Storage
    volatile: bool = False
    length: str = ""
    offset: int = 0  # constant bytes still to be added to the address

    @property
    def access(self) -> str:
        return " volatile" if self.volatile else ""


def locate(emitter: Emitter, place: op.Place) -> Spot:
    """Walk a place's path, checking each index."""
    spot = base_of(emitter, place.base)
    for step in place.path:
        if isinstance(step, op.FieldStep):
            spot = into_field(emitter, spot, step.name)
        else:
            spot = into_element(emitter, spot, step)
    return settled(emitter, spot)


def settled(emitter: Emitter, spot: Spot) -> Spot:
    """The same spot with its whole offset in its address."""
    if spot.offset == 0:
        return spot
    address = emitter.define(f"getelementptr inbounds i8, ptr {spot.address}, i64 {spot.offset}")
    return replace(spot, address=address, offset=0)


def base_of(emitter: Emitter, base: op.Static | op.Slot | op.Local) -> Spot:
    match base:
        case op.Static():
            static = emitter.module.program.statics[base.name]
            volatile = static.address is not None and not emitter.module.conventions.alone
            return embedded(emitter, Spot(emitter.module.static_address(base.name), static.storage, volatile))
        case op.Slot():
            return embedded(emitter, Spot(f'%".slot.{base.name}"', emitter.function.slots[base.name]))
        case op.Local():
            pieces = emitter.value(base)
            if isinstance(base.type, Reference):
                volatile = base.name == emitter.module.interrupt_frame(emitter.function)
                return embedded(emitter, Spot(pieces[0], Embedded(base.type.record), volatile))
            return embedded(emitter, Spot(pieces[0], viewed(base), length=pieces[1]))


def viewed(view: op.Operand) -> Storage:
    """What a view, bytes or text is a run of."""
    match view.type:
        case View():
            return view.type.element
        case Bytes() | Text():
            return U8
        case _:
            raise TypeError(f"{view} is no view")


def embedded(emitter: Emitter, spot: Spot) -> Spot:
    """The spot, volatile if it is in a device."""
    innermost = spot.storage
    while isinstance(innermost, Run):
        innermost = innermost.element
    if isinstance(innermost, Embedded) and emitter.module.program.records[innermost.record].device:
        return replace(spot, volatile=True)
    return spot


def into_field(emitter: Emitter, spot: Spot, name: str) -> Spot:
    if not isinstance(spot.storage, Embedded):
        raise TypeError(f"{spot.storage} has no fields")
    field = emitter.module.program.records[spot.storage.record].fields[name]
    return embedded(emitter, replace(spot, storage=field.storage, offset=spot.offset + field.offset))


def into_element(emitter: Emitter, spot: Spot, step: op.IndexStep) -> Spot:
    element, length = spot.storage, spot.length
    if not length:
        if not isinstance(spot.storage, Run):
            raise TypeError(f"{spot.storage} has no elements")
        element, length = spot.storage.element, str(spot.storage.length)
    index = emitter.scalar(step.index)
    if not step.proved:
        check_index(emitter, step.index, index, length)
    size = emitter.module.size_of(element)
    known = constant_of(step.index)
    if known is not None:
        spot = replace(spot, storage=element, length="", offset=spot.offset + known * size)
        return embedded(emitter, spot)
    base = settled(emitter, spot)
    unit = "i8" if size == 1 else f"[{size} x i8]"
    address = emitter.define(f"getelementptr inbounds {unit}, ptr {base.address}, i64 {index}")
    return embedded(emitter, replace(base, address=address, storage=element, length=""))


def check_index(emitter: Emitter, operand: op.Operand, index: str, length: str) -> None:
    known = constant_of(operand)
    if known is not None and length.isdigit() and 0 <= known < int(length):
        return
    emitter.check(emitter.define(f"icmp ult i64 {index}, {length}"), Fault.INDEX)


# Scalars


def load(emitter: Emitter, item: op.Load) -> None:
    emitter.assign(item.target, load_scalar(emitter, locate(emitter, item.place)))


def load_scalar(emitter: Emitter, spot: Spot) -> str:
    storage = spot.storage
    bits = cell_bits(storage)
    raw = emitter.define(f"load{spot.access} i{bits}, ptr {spot.address}, align {bits // 8}")
    match storage:
        case Truth():
            return emitter.define(f"icmp ne i8 {raw}, 0")
        case WordCell():
            return resized(emitter, raw, f"i{bits}", f"i{storage.word.width}")
        case Cell() if bits == 64:
            if not storage.signed:
                emitter.check(emitter.define(f"icmp sge i64 {raw}, 0"), Fault.OVERFLOW)
            return raw
        case Cell():
            return emitter.define(f"{'sext' if storage.signed else 'zext'} i{bits} {raw} to i64")
        case _:
            raise TypeError(f"{storage} is no scalar")


def store(emitter: Emitter, item: op.Store) -> None:
    value = emitter.scalar(item.value)
    spot = locate(emitter, item.place)
    storage = spot.storage
    bits = cell_bits(storage)
    if isinstance(storage, Cell) and not item.proved:
        check_fits(emitter, storage, item.value, value)
    (given,) = scalars(item.value.type)
    stored = resized(emitter, value, given, f"i{bits}")
    emitter.emit(f"store{spot.access} i{bits} {stored}, ptr {spot.address}, align {bits // 8}")


def check_fits(emitter: Emitter, cell: Cell, operand: op.Operand, value: str) -> None:
    known = constant_of(operand)
    least = -(1 << cell.bits - 1) if cell.signed else 0
    limit = 1 << (cell.bits - 1 if cell.signed else cell.bits)
    if cell == Cell(64, signed=True) or (known is not None and least <= known < limit):
        return
    if cell.bits == 64:
        holds = emitter.define(f"icmp sge i64 {value}, 0")
    elif cell.signed:
        moved = emitter.define(f"add i64 {value}, {-least}")
        holds = emitter.define(f"icmp ult i64 {moved}, {1 << cell.bits}")
    else:
        holds = emitter.define(f"icmp ult i64 {value}, {limit}")
    emitter.check(holds, Fault.OVERFLOW)


# Whole places


def refer(emitter: Emitter, item: op.Refer) -> None:
    spot = locate(emitter, item.place)
    if isinstance(item.target.type, Reference):
        emitter.assign(item.target, spot.address)
    else:
        length = spot.length or str(spot.storage.length if isinstance(spot.storage, Run) else 1)
        emitter.assign(item.target, spot.address, length)


def bytes_in(emitter: Emitter, spot: Spot) -> str:
    """The size of a spot; of all elements, when a view views it."""
    return bytes_of(emitter, spot.length or "1", spot.storage)


def bytes_of(emitter: Emitter, length: str, element: Storage) -> str:
    """The size of a number of elements, which cannot overflow: the memory exists."""
    size = emitter.module.size_of(element)
    if length.isdigit():
        return str(int(length) * size)
    return length if size == 1 else emitter.define(f"mul i64 {length}, {size}")


def copy_record(emitter: Emitter, item: op.CopyRecord) -> None:
    source, target = locate(emitter, item.source), locate(emitter, item.target)
    move(emitter, target, source, bytes_in(emitter, target))


def move(emitter: Emitter, target: Spot, source: Spot, size: str) -> None:
    volatile = str(target.volatile or source.volatile).lower()
    alignment = emitter.module.alignment_of(target.storage)
    emitter.emit(
        f"call void @llvm.memmove.p0.p0.i64(ptr align {alignment} {target.address}, "
        f"ptr align {alignment} {source.address}, i64 {size}, i1 {volatile})"
    )


def zero(emitter: Emitter, item: op.Zero) -> None:
    spot = locate(emitter, item.place)
    size, alignment = bytes_in(emitter, spot), emitter.module.alignment_of(spot.storage)
    volatile = str(spot.volatile).lower()
    emitter.emit(
        f"call void @llvm.memset.p0.i64(ptr align {alignment} {spot.address}, i8 0, i64 {size}, i1 {volatile})"
    )


def address_of(emitter: Emitter, item: op.AddressOf) -> None:
    spot = locate(emitter, item.place)
    emitter.assign(item.target, emitter.define(f"ptrtoint ptr {spot.address} to i64"))


# Views


def part(emitter: Emitter, item: op.Slice) -> None:
    """`view[lower:upper]`: both clamped to the length, then lower to upper."""
    address, length = emitter.view(item.view)
    lower, upper = emitter.scalar(item.lower), emitter.scalar(item.upper)
    for operand, bound in ((item.lower, lower), (item.upper, upper)):
        known = constant_of(operand)
        if known is None or known < 0:
            emitter.check(emitter.define(f"icmp sge i64 {bound}, 0"), Fault.INDEX)
    end = emitter.define(f"call i64 @llvm.umin.i64(i64 {upper}, i64 {length})")
    if lower == "0":
        emitter.assign(item.target, address, end)
        return
    start = emitter.define(f"call i64 @llvm.umin.i64(i64 {lower}, i64 {end})")
    size = emitter.module.size_of(viewed(item.view))
    first = emitter.define(f"getelementptr inbounds [{size} x i8], ptr {address}, i64 {start}")
    emitter.assign(item.target, first, emitter.define(f"sub i64 {end}, {start}"))


def length(emitter: Emitter, item: op.Length) -> None:
    emitter.assign(item.target, emitter.view(item.view)[1])


def octet(emitter: Emitter, item: op.Octet) -> None:
    address, length = emitter.view(item.view)
    spot = Spot(address, U8, length=length)
    spot = settled(emitter, into_element(emitter, spot, op.IndexStep(item.index, item.proved)))
    emitter.assign(item.target, load_scalar(emitter, spot))


def copy_elements(emitter: Emitter, item: op.CopyElements) -> None:
    target, source = emitter.view(item.target), emitter.view(item.source)
    if target[1] != source[1]:
        emitter.check(emitter.define(f"icmp eq i64 {target[1]}, {source[1]}"), Fault.INDEX)
    into, out_of = Spot(target[0], viewed(item.target)), Spot(source[0], viewed(item.source))
    size = bytes_of(emitter, target[1], into.storage)
    move(emitter, embedded(emitter, into), embedded(emitter, out_of), size)


def at_address(emitter: Emitter, item: op.AtAddress) -> None:
    address = emitter.define(f"inttoptr i64 {emitter.scalar(item.address)} to ptr")
    extent = () if item.length is None else (emitter.scalar(item.length),)
    emitter.assign(item.target, address, *extent)
