"""Many mappings with one call: written into our scratch page, done when it is full or finished."""

from exokernel.abi.names import Frame, Index
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import Record
from exokernel.libos import kernel
from exokernel.libos.exos.arch.requests import CAPACITY, REQUEST_SIZE, requests
from exokernel.libos.exos.layout import KEY, SCRATCH_PAGE


class Batch(Record):
    """What was asked for and not done yet."""

    count: int = 0

    def add(self, table: Frame, index: Index, entry: Entry) -> None:
        """Ask for one mapping. Raises what `kernel.map` raises, perhaps for an earlier one."""
        if self.count == CAPACITY:
            self.finish()
        request = requests[self.count]
        request.entry = entry
        request.table = table
        request.index = index
        self.count += 1

    def finish(self) -> None:
        """Have everything done. Raises what `kernel.map` raises."""
        done = 0
        while done < self.count:
            frame = kernel.entries_1[SCRATCH_PAGE].frame
            done += kernel.map_batch(frame, done * REQUEST_SIZE, self.count - done, KEY)
        self.count = 0
