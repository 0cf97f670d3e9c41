"""Starting a program: an executable of the archive, mapped into a process of its own.

Nothing is read: code is mapped where it lies in the archive, and data too, copy-on-write.
Memory the file has no bytes for comes into being when it is touched. A file that is no
program of ours is refused before anything is made.
"""

from typing import NoReturn

from exokernel.abi.errors import KernelError
from exokernel.abi.layout import IMAGE
from exokernel.abi.names import FRAME_SIZE, SLICES, TABLE_ENTRIES, EnvironmentId, Frame, Index, Page, Slice
from exokernel.abi.tables import Resource
from exokernel.abi.x86_64 import Entry
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64.memory import octets_from
from exokernel.libos.errors import NoMemory, NotExecutable, NotFound, TooLong
from exokernel.libos.exos.allocation import new_frame
from exokernel.libos.exos.arch.elf import (
    EXECUTABLE,
    EXECUTE,
    HEADER_SIZE,
    LOAD,
    MAGIC,
    SEGMENT_SIZE,
    WRITE,
    X86_64,
    ElfHeader,
    Segment,
    header_at,
    segments_at,
)
from exokernel.libos.exos.arch.state import page_in_window, state, state_in_window
from exokernel.libos.exos.archive import Member, find
from exokernel.libos.exos.critical import critical
from exokernel.libos.exos.embryo import (
    Share,
    bring_to_life,
    close_window,
    conceive,
    map_environment_page,
    settle,
    show,
    tables_of,
)
from exokernel.libos.exos.layout import ARGUMENTS, ARGUMENTS_PAGE, HEAP, KEY, WINDOW
from exokernel.libos.exos.memory import COPY_ON_WRITE, archive_entry
from exokernel.libos.exos.output import flush_all
from exokernel.libos.exos.processes import leave
from exokernel.libos.exos.reaping import discard
from exokernel.libos.exos.tables import Tables

PROGRAMS = b"bin/"  # where the archive has them
SPACE = 32
RESERVE = 32  # frames we keep when another process takes our place


def check(program: Member) -> ElfHeader:
    """The header of a program that can be loaded. Raises NotExecutable."""
    if program.size < HEADER_SIZE or program.address % FRAME_SIZE != 0:
        raise NotExecutable
    header = header_at(program.address)
    if header.magic != MAGIC or header.machine != X86_64 or header.kind != EXECUTABLE:
        raise NotExecutable
    if header.segment_size != SEGMENT_SIZE or not 0 <= header.segments <= program.size:
        raise NotExecutable
    if header.segment_count * SEGMENT_SIZE > program.size - header.segments:
        raise NotExecutable
    for segment in segments_at(program.address + header.segments, header.segment_count):
        if segment.kind == LOAD and not is_loadable(segment, program.size):
            raise NotExecutable
    return header


def is_loadable(segment: Segment, size: int) -> bool:
    """Whether a segment keeps to the file and to the part of memory that is the image's."""
    in_file = 0 <= segment.file_size <= segment.memory_size and 0 <= segment.offset <= size
    in_memory = IMAGE <= segment.address <= HEAP and segment.memory_size <= HEAP - segment.address
    together = (segment.address - segment.offset) % FRAME_SIZE == 0
    return in_file and in_memory and together and segment.file_size <= size - segment.offset


def map_image(program: Member, header: ElfHeader, tables: Tables) -> None:
    """Map all that the file has bytes for."""
    for segment in segments_at(program.address + header.segments, header.segment_count):
        if segment.kind == LOAD and segment.file_size > 0:
            first = segment.address // FRAME_SIZE
            end = (segment.address + segment.file_size + FRAME_SIZE - 1) // FRAME_SIZE
            source = kernel.page_of(program.address + segment.offset)
            map_run(tables, Page(first), end - first, segment_entry(source, segment.flags))


def segment_entry(source: Page, flags: int) -> Entry:
    """How a page of the archive appears in a segment with these flags."""
    executable = flags & EXECUTE != 0
    sharing = COPY_ON_WRITE if flags & WRITE != 0 else 0
    return archive_entry(source).replace(no_execute=not executable, software=sharing)


def map_run(tables: Tables, page: Page, count: int, entry: Entry) -> None:
    """Map frames that follow each other to pages that do."""
    done = 0
    while done < count:
        table = tables.covering(Page(page + done))
        index = (page + done) % TABLE_ENTRIES
        wanted = min(count - done, TABLE_ENTRIES - index)
        next_entry = entry.replace(frame=Frame(entry.frame + done))
        done += kernel.map_range(table, Index(index), wanted, next_entry, KEY)


def spawn(program: Member, share: Share, parent: EnvironmentId, arguments: int, size: int) -> EnvironmentId:
    """Start a program in a process of its own. What is passed is said in `loaded`.

    Raises:
        NotExecutable: it is no program of ours.
        NoMemory: there is no room for another process.
    """
    child = loaded(program, share, arguments, size)
    try:
        with critical():  # an embryo whose maker is not its parent would outlive both
            settle(parent)
            close_window()
            bring_to_life(child)
    except KernelError:
        discard(child)
        raise NoMemory
    return child


def loaded(program: Member, share: Share, arguments: int, size: int) -> EnvironmentId:
    """Make an embryo with a program in it, whose page the window shows. `arguments` is an address in the new process.

    Where that is ARGUMENTS, the window shows, before, the frame that is to lie there. Raises as `spawn` does.
    """
    header = check(program)
    try:
        passed = kernel.entries_1[kernel.page_of(WINDOW)].frame if arguments == ARGUMENTS else Frame(0)
        child = conceive(share)
    except KernelError:
        raise NoMemory
    try:
        tables = Tables(root=tables_of(child))
        map_environment_page(child, tables)
        if arguments == ARGUMENTS:
            entry = Entry(present=True, user=True, frame=passed, key=KEY, no_execute=True)
            kernel.map(tables.covering(ARGUMENTS_PAGE), kernel.index_of(ARGUMENTS_PAGE), entry, KEY)
        map_image(program, header, tables)
        show(kernel.environments[child].page, KEY)
        page_in_window().begin = header.entry
        page_in_window().end = header.entry  # until it says otherwise: whoever yields to it may do so late
        theirs = state_in_window()
        theirs.arguments = arguments
        theirs.arguments_size = size
    except KernelError:
        discard(child)
        raise NoMemory
    return child


def execute(name: str, arguments: str) -> NoReturn:
    """Let a program of the archive go on in our place; `arguments`, a space between two, follow its name.

    Raises:
        NotFound: the archive has no such program.
        NotExecutable: it is no program of ours.
        NoMemory: there is no room for it.
        TooLong: the arguments do not fit a page.
    Source: POSIX execve; the new program has a new environment, as in Xok exec.c.
    """
    flush_all()
    program = find_program(name.encode())
    size = pass_arguments(name.encode(), arguments.encode())
    successor = loaded(program, all_we_have(), ARGUMENTS, size)
    try:
        with critical():
            settle(state().parent)
            close_window()
            hand_over_slices(successor)
            kernel.environment_start(successor, KEY)
            state().successor = successor
            leave(0)
    except KernelError:
        discard(successor)
        raise NoMemory


def all_we_have() -> Share:
    """What a process gets that takes our place; with it go our slices."""
    frames, names = kernel.unused_quota() - RESERVE, kernel.unused_quota(Resource.NAMES) - 1
    return Share(max(frames, 0), kernel.unused_quota(Resource.SLICES), names)


def hand_over_slices(successor: EnvironmentId) -> None:
    """Give all slices of ours, and the quota with them, to who takes our place."""
    ours = kernel.ourselves()
    for position in range(SLICES):
        if kernel.slices[position].owner == ours:
            kernel.slice_give(Slice(position), KEY, successor)


def find_program(name: bytes) -> Member:
    """Find a program as the archive names it, or below its folder of programs. Raises NotFound."""
    try:
        return find(name)
    except NotFound:
        return find(name, PROGRAMS)


def pass_arguments(name: bytes, arguments: bytes) -> int:
    """Write a name and arguments into a new frame, which the window then shows. Answers their length.

    Raises:
        TooLong: they do not fit.
        NoMemory: there is no frame.
    """
    length = len(name) + 1 + (len(arguments) + 1 if len(arguments) > 0 else 0)
    if length > FRAME_SIZE:
        raise TooLong
    try:
        show(new_frame(state().guard), KEY)
    except KernelError:
        raise NoMemory
    written = octets_from(WINDOW, FRAME_SIZE)
    written[: len(name)] = name
    start = len(name) + 1
    for position in range(len(arguments)):
        written[start + position] = 0 if arguments[position] == SPACE else arguments[position]
    return length
