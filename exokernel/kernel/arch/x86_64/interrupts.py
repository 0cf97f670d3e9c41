"""Where the 256 vectors lead, and the interrupt controllers nobody uses.

Exceptions and the timer go to `vectors`' code, the rest is ignored. The old pair of controllers
is moved away from the exceptions' vectors, where a stray interrupt would look like a fault,
and silenced. Devices' interrupts will come with their drivers. [SDM vol. 3A §6.3; Intel 8259A]
"""

from exokernel.dialect.unsafe import symbol_address
from exokernel.kernel.arch.x86_64.descriptors import GATES, set_gate
from exokernel.kernel.arch.x86_64.instructions import output_byte
from exokernel.kernel.arch.x86_64.vectors import VECTORS, entry_points

FIRST_COMMAND, FIRST_DATA = 0x20, 0x21  # ports of the controller that the second hangs on
SECOND_COMMAND, SECOND_DATA = 0xA0, 0xA1
INITIALISE = 0x11  # four words follow, the last three as data
UNUSED_VECTORS = 0xE0
SECOND_LINE = 2  # of the first controller
PLAIN = 1
ALL_MASKED = 0xFF


def prepare() -> None:
    """Open the gates, and close the old controllers."""
    for vector in range(VECTORS):
        set_gate(vector, entry_points[vector])
    for vector in range(VECTORS, GATES):
        set_gate(vector, symbol_address("ignored_interrupt"))

    output_byte(FIRST_COMMAND, INITIALISE)
    output_byte(SECOND_COMMAND, INITIALISE)
    output_byte(FIRST_DATA, UNUSED_VECTORS)
    output_byte(SECOND_DATA, UNUSED_VECTORS + 8)
    output_byte(FIRST_DATA, 1 << SECOND_LINE)
    output_byte(SECOND_DATA, SECOND_LINE)
    output_byte(FIRST_DATA, PLAIN)
    output_byte(SECOND_DATA, PLAIN)
    output_byte(FIRST_DATA, ALL_MASKED)
    output_byte(SECOND_DATA, ALL_MASKED)
