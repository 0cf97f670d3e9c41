"""What was printed and not written yet. When it is written, and where to, is a library's business."""

from exokernel.dialect import Array, Record, array, u8

CAPACITY = 4096  # bytes of a buffer


class Buffer(Record):
    """The bytes of one stream that wait."""

    length: int
    octets: Array[u8] = array(CAPACITY)

    def take(self, data: bytes) -> int:
        """Add what there is room for, and answer how many bytes that were."""
        count = min(CAPACITY - self.length, len(data))
        self.octets[self.length : self.length + count] = data[:count]
        self.length += count
        return count
