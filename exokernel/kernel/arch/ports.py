"""What drivers need of the processor: ports, and a way to stop."""

from exokernel.kernel.arch.x86_64.instructions import input_byte, output_byte, output_double, stop

__all__ = ["input_byte", "output_byte", "output_double", "stop"]
