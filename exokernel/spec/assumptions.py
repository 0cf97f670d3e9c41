"""What is taken for granted of every state, and not shown to be kept.

Each function is one clause, and a reason to believe it.
"""

from exokernel.kernel.state import machine_state


def ticks_do_not_run_out() -> bool:
    """The machine has been up for less than a hundred million years."""
    return 0 <= machine_state().ticks < 2**62
