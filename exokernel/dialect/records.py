"""Records and arrays: places in memory, laid out as the machine and other domains see them.

Fields lie in order, each at its natural alignment, and assigning to one stores to
memory. Elements of an array are bounds-checked, and slicing one gives a view of it.
Where places live is the business of `memory`; scalars' storage that of `layout`.
"""

from collections.abc import Iterator, Sequence
from inspect import get_annotations
from typing import (
    Any,
    ClassVar,
    Generic,
    Self,
    TypeVar,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from exokernel.dialect import memory as storage
from exokernel.dialect.layout import FixedAttributes, Kind, kind_of
from exokernel.dialect.memory import Memory, PrivateMemory

Element = TypeVar("Element")


class Array(Generic[Element]):
    """A fixed number of elements, one after another.

    Raises:
        IndexError: an index or a bound is out of range, or lengths differ.
        OverflowError: a stored value does not fit an element.
    """

    __slots__ = ("_kind", "_length", "_memory", "_address")

    def __init__(self, kind: Kind, length: int, memory: Memory, address: int) -> None:
        self._kind, self._length = kind, length
        self._memory, self._address = memory, address

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Element: ...

    @overload
    def __getitem__(self, index: slice) -> "Array[Element]": ...

    def __getitem__(self, index: int | slice) -> "Element | Array[Element]":
        if isinstance(index, slice):
            return self._view(index)
        return cast(Element, self._kind.load(self._memory, self._place(index)))

    @overload
    def __setitem__(self, index: int, value: Element) -> None: ...

    @overload
    def __setitem__(
        self, index: slice, value: "Array[Element] | Sequence[Element]"
    ) -> None: ...

    def __setitem__(self, index: int | slice, value: Any) -> None:
        if isinstance(index, slice):
            self._view(index)._copy(value)
        else:
            self._kind.store(self._memory, self._place(index), value)

    def __iter__(self) -> Iterator[Element]:
        return (self[index] for index in range(self._length))

    def __bool__(self) -> bool:
        raise TypeError("an array is neither true nor false: compare its length")

    def __bytes__(self) -> bytes:
        """The elements as they are stored."""
        return self._memory.read(self._address, self._length * self._kind.size)

    def __repr__(self) -> str:
        return f"<Array of {self._length} at {self._address:#x}>"

    def _place(self, index: int) -> int:
        if not 0 <= index < self._length:
            raise IndexError(f"{index} is not within 0 to {self._length - 1}")
        return self._address + index * self._kind.size

    def _view(self, bounds: slice) -> "Array[Element]":
        low = 0 if bounds.start is None else int(bounds.start)
        high = self._length if bounds.stop is None else int(bounds.stop)
        if low < 0 or high < 0 or bounds.step is not None:
            raise IndexError("the bounds of a view are not negative and have no step")
        low, high = min(low, self._length), min(high, self._length)
        start = self._address + low * self._kind.size
        return Array(self._kind, max(high - low, 0), self._memory, start)

    def _copy(self, values: Any) -> None:
        if len(values) != self._length:
            raise IndexError(f"{len(values)} values for {self._length} elements")
        if isinstance(values, Array) and values._kind.size == self._kind.size:
            self._memory.write(self._address, bytes(values))
        elif isinstance(values, bytes) and self._kind.size == 1:
            self._memory.write(self._address, values)
        else:
            for index, value in enumerate(values):
                self._kind.store(self._memory, self._place(index), value)


class ArrayKind:
    """The storage of an array within a record."""

    def __init__(self, element: Kind, length: int) -> None:
        self.element, self.length = element, length
        self.size = element.size * length
        self.alignment = element.alignment

    def load(self, memory: Memory, address: int) -> Array[Any]:
        return Array(self.element, self.length, memory, address)

    def store(self, memory: Memory, address: int, value: Any) -> None:
        self.load(memory, address)[:] = value


class _Unplaced:
    """An `array(n)` that waits for its annotation to say what it is an array of."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __getattr__(self, name: str) -> Any:
        raise TypeError("array(n) outside a checked module needs to be told its elements: of=")

    __getitem__ = __setitem__ = __len__ = __iter__ = __getattr__


def array(length: int, *, of: Any = None) -> Any:
    """Make `length` zero elements of the type in the annotation, `Array[T]`.

    `of` repeats that type for CPython where it cannot see the annotation; modules that
    are imported through `checked` get it written for them.
    """
    if length < 0:
        raise IndexError(f"an array cannot have {length} elements")
    if of is None:
        return _Unplaced(length)
    kind = kind_of(of)
    return Array(kind, length, PrivateMemory(kind.size * length), 0)


class _Slot:
    """One field of a record: a descriptor that loads and stores it."""

    def __init__(self, kind: Kind, offset: int, default: Any) -> None:
        self.kind, self.offset, self.default = kind, offset, default

    def __get__(self, record: "Record | None", owner: type) -> Any:
        if record is None:
            return self
        return self.kind.load(record._memory, record._address + self.offset)

    def __set__(self, record: "Record", value: Any) -> None:
        self.kind.store(record._memory, record._address + self.offset, value)


class RecordKind:
    """The storage of a record: reading one gives the place, storing one copies it."""

    def __init__(self, record: "type[Record]") -> None:
        self._record = record
        self.size, self.alignment = record._size, record._alignment

    def load(self, memory: Memory, address: int) -> Any:
        return self._record._at(memory, address)

    def store(self, memory: Memory, address: int, value: "Record") -> None:
        if type(value) is not self._record:
            raise TypeError(f"a {type(value).__name__} is no {self._record.__name__}")
        memory.write(address, value._memory.read(value._address, self.size))


@dataclass_transform(kw_only_default=True)
class Record(metaclass=FixedAttributes):
    """A place with fields: `class Packet(Record): length: u16 = 0`.

    Making one gives new storage, with the fields named set and the rest at their
    defaults; arrays are zero. A name for a record is a reference to its place.
    """

    __slots__ = ("_memory", "_address")
    _memory: Memory
    _address: int
    _size: ClassVar[int] = 0
    _alignment: ClassVar[int] = 1
    _slots: ClassVar[dict[str, _Slot]] = {}
    _specialised: ClassVar[dict[Any, type]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._specialised = {}
        if not getattr(cls, "__parameters__", ()):  # a generic one has no layout yet
            cls._lay_out(cls, {})

    @classmethod
    def _lay_out(cls, declaration: "type[Record]", types: dict[Any, Any]) -> None:
        hints = get_type_hints(declaration, include_extras=True)
        offset, alignment, slots = 0, 1, {}
        for name in get_annotations(declaration):
            if get_origin(hints[name]) is ClassVar or hints[name] is ClassVar:
                continue
            initial = vars(declaration).get(name)
            kind = _field_kind(hints[name], initial, types)
            offset = _aligned(offset, kind.alignment)
            default = None if isinstance(initial, _Unplaced) else initial
            slots[name] = _Slot(kind, offset, default)
            offset += kind.size
            alignment = max(alignment, kind.alignment)
        cls._size, cls._alignment, cls._slots = _aligned(offset, alignment), alignment, slots
        for name, slot in slots.items():
            setattr(cls, name, slot)

    def __class_getitem__(cls, arguments: Any) -> Any:
        given = arguments if isinstance(arguments, tuple) else (arguments,)
        if any(isinstance(argument, TypeVar) for argument in given):
            return super().__class_getitem__(arguments)  # type: ignore[misc]
        if given not in cls._specialised:
            cls._specialised[given] = _specialise(cls, given)
        return cls._specialised[given]

    def __init__(self, **values: Any) -> None:
        self._memory = PrivateMemory(self._size)
        self._address = 0
        unknown = values.keys() - self._slots.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no field {sorted(unknown)[0]}")
        for name, slot in self._slots.items():
            value = values.get(name, slot.default)
            if value is not None:
                slot.__set__(self, value)
            elif not isinstance(slot.kind, ArrayKind):
                raise TypeError(f"{type(self).__name__} needs {name}")

    @classmethod
    def _at(cls, memory: Memory, address: int) -> Self:
        record = cls.__new__(cls)
        record._memory = memory
        record._address = address
        return record

    @classmethod
    def __kind__(cls) -> Kind:
        return RecordKind(cls)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._slots)
        return f"{type(self).__name__}({shown})"


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


def _field_kind(annotation: Any, initial: Any, types: dict[Any, Any]) -> Kind:
    if get_origin(annotation) is Array:
        if not isinstance(initial, _Unplaced):
            raise TypeError("an array field needs its length: = array(n)")
        (element,) = get_args(annotation)
        return ArrayKind(_kind_with(element, types), initial.length)
    return _kind_with(annotation, types)


def _kind_with(annotation: Any, types: dict[Any, Any]) -> Kind:
    """Find a kind in a generic record, whose type variables stand for `types`."""
    if annotation in types:
        return kind_of(types[annotation])
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Record):
        arguments = tuple(types.get(each, each) for each in get_args(annotation))
        return kind_of(origin.__class_getitem__(arguments))
    return kind_of(annotation)


def _specialise(declaration: type[Record], arguments: tuple[Any, ...]) -> type[Record]:
    """Make the record that a generic one is for these types."""
    parameters = getattr(declaration, "__parameters__", ())
    if len(parameters) != len(arguments):
        raise TypeError(f"{declaration.__name__} takes {len(parameters)} types")
    names = ", ".join(getattr(each, "__name__", str(each)) for each in arguments)
    special = FixedAttributes(f"{declaration.__name__}[{names}]", (declaration,), {})
    record = cast(type[Record], special)
    record._lay_out(declaration, dict(zip(parameters, arguments)))
    return record


def size_of(kind: Any) -> int:
    """How many bytes one value, record or element of this type takes in memory."""
    return kind_of(kind).size


def offset_of(record: type[Record], field: str) -> int:
    """How many bytes lie before a field of a record."""
    return record._slots[field].offset


def make_static(value: Any) -> Any:
    """Move a place that a module has just made into static storage.

    Anything that is not a place, or already has its storage, stays as it is.
    """
    if not isinstance(value, (Array, Record)):
        return value
    private = value._memory
    if not isinstance(private, PrivateMemory):
        return value
    kind: Kind
    if isinstance(value, Array):
        kind = ArrayKind(value._kind, len(value))
    else:
        kind = RecordKind(type(value))
    content = private.read(0, kind.size) if private.touched else b""
    if not any(content):
        content = b""
    value._memory, value._address = storage.static_storage(kind.size, kind.alignment, content)
    return value
