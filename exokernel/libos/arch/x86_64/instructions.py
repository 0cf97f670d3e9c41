"""The instructions a library needs that no expression of the dialect compiles to."""

from exokernel.dialect import instruction


@instruction("rdtsc; shl $32, %rdx; or %rdx, %rax", clobbers="rdx", result="a")
def time_stamp() -> int:
    """Read the processor's clock; its unit is the processor's own. [SDM vol. 2B, RDTSC]"""
    from time import perf_counter_ns

    return perf_counter_ns()
