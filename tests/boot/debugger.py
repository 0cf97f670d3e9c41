"""A machine under control: stopped, stepped and looked at by QEMU's own debugger stub.

It speaks just enough of gdb's remote protocol for tests that must do something between two
particular instructions of the kernel. Nothing is decided by time: the machine stands still
whenever nobody lets it go. [GDB manual, appendix E; QEMU 7.2, gdbstub]
"""

import socket
import struct
import time
from pathlib import Path
from typing import NamedTuple

PATIENCE = 180.0  # seconds for one answer, on the busiest host
GENERAL = 16  # registers, of eight bytes
# Bits of QEMU's own packet for stepping: interrupts and timers rest while one instruction is done.
STEP, WITHOUT_INTERRUPTS, WITHOUT_TIMERS = 1, 2, 4


class Registers(NamedTuple):
    """What the stub tells of the processor."""

    general: tuple[int, ...]  # RAX RBX RCX RDX RSI RDI RBP RSP R8 to R15
    instruction: int
    flags: int
    code_segment: int
    stack_segment: int

    @property
    def stack(self) -> int:
        return self.general[7]

    @property
    def in_kernel(self) -> bool:
        return self.code_segment & 3 == 0


class Debugger:
    """The other end of a stub that listens on a socket."""

    def __init__(self, path: Path) -> None:
        self.socket = connected(path)
        self.received = b""
        self.ask("?")
        self.ask("qXfer:features:read:target.xml:0,fff")  # or it lets nobody set a single register

    def close(self) -> None:
        self.socket.close()

    # What the machine does

    def go_on(self) -> bool:
        """Let the machine run until it reaches a stop; say whether it still is there."""
        self.send("c")
        return self.stopped()

    def step(self) -> bool:
        """Do one instruction, undisturbed."""
        self.send("s")
        return self.stopped()

    def stopped(self) -> bool:
        try:
            while True:
                answer = self.receive()
                if answer[:1] in ("T", "S"):
                    return True
                if answer[:1] in ("W", "X"):
                    return False
        except ConnectionError:
            return False

    def stop_at(self, address: int) -> None:
        self.ask(f"Z1,{address % 2**64:x},1")

    def pass_by(self, address: int) -> None:
        self.send(f"z1,{address % 2**64:x},1")
        self.receive()  # also when there was no stop

    def run_to(self, address: int) -> bool:
        """Let the machine run until it is about to do the instruction at an address."""
        self.stop_at(address)
        alive = self.go_on()
        if alive:
            self.pass_by(address)
        return alive

    def end(self) -> None:
        """Switch the machine off."""
        self.send("k")

    def command(self, line: str) -> None:
        """Give a command to QEMU's monitor."""
        self.send("qRcmd," + line.encode().hex())
        while self.receive() != "OK":
            pass

    # What is in it

    def registers(self) -> Registers:
        content = bytes.fromhex(self.ask("g"))
        general = struct.unpack_from(f"<{GENERAL}Q", content)
        instruction, flags, code, stack = struct.unpack_from("<QIII", content, 8 * GENERAL)
        return Registers(general, instruction, flags, code, stack)

    def set_instruction(self, address: int) -> None:
        self.ask(f"P{GENERAL:x}={struct.pack('<Q', address % 2**64).hex()}")

    def set_flags(self, flags: int) -> None:
        self.ask(f"P{GENERAL + 1:x}={struct.pack('<I', flags).hex()}")

    def bytes_at(self, address: int, count: int) -> bytes:
        return bytes.fromhex(self.ask(f"m{address % 2**64:x},{count:x}"))

    def words(self, address: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}Q", self.bytes_at(address, 8 * count))

    def set_word(self, address: int, value: int) -> None:
        self.ask(f"M{address % 2**64:x},8:{struct.pack('<Q', value % 2**64).hex()}")

    # The protocol

    def ask(self, request: str) -> str:
        self.send(request)
        answer = self.receive()
        assert answer and (answer[0] != "E" or len(answer) != 3), f"{request}: {answer}"
        return answer

    def send(self, request: str) -> None:
        self.socket.sendall(f"${request}#{sum(request.encode()) % 256:02x}".encode())

    def receive(self) -> str:
        """The next packet. Raises ConnectionError when the machine is gone."""
        while True:
            begin = self.received.find(b"$")
            end = self.received.find(b"#", begin)
            if begin >= 0 and 0 <= end <= len(self.received) - 3:
                packet = self.received[begin + 1 : end]
                self.received = self.received[end + 3 :]
                self.socket.sendall(b"+")
                return packet.decode()
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError
            self.received += more


def connected(path: Path) -> socket.socket:
    """A connection to a stub that may not be listening yet."""
    deadline = time.monotonic() + PATIENCE
    while True:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(path))
            client.settimeout(PATIENCE)
            return client
        except OSError:
            client.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
