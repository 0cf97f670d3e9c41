"""The ports of the host-native kernel: three streams into memory, and a switch that faults.

Compiled in place of `exokernel.kernel.arch.ports`.
"""


from exokernel.dialect import Array, u8
from exokernel.dialect.unsafe import placed

STREAMS = 0x1800010000
SIZE = 0x4000  # bytes of each stream; the first eight of a stream's place say how many are used
SERIAL, STATUS = 0x3F8, 0x3FD
ERROR_PORT, REPORT_PORT = 0xE9, 0xEA
SENT, RECEIVED = 0x20, 0x01

streams: Array[u8] = placed(STREAMS, 4 * SIZE)  # the fourth is what is typed; a call reads its first byte
used: Array[int] = placed(STREAMS + 4 * SIZE, 8)  # bytes of each; and whether the machine is off


def output_byte(port: int, value: int) -> None:
    match port:
        case 0x3F8:
            append(0, value)
        case 0xE9:
            append(1, value)
        case 0xEA:
            append(2, value)
        case _:
            pass


def append(stream: int, value: int) -> None:
    streams[stream * SIZE + used[stream]] = value
    used[stream] += 1


def input_byte(port: int) -> int:
    if port == SERIAL:
        return streams[3 * SIZE]
    if port == STATUS:
        return SENT + (RECEIVED if used[3] != 0 else 0)
    return 0


def output_double(port: int, value: int) -> None:
    used[5] = 1  # switched off


def stop() -> None:
    assert used[5] == 0, "nothing runs on a machine that is off"
