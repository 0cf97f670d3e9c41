"""The processor's time-stamp counter, in nanoseconds.

QEMU's translator passes the host's counter through, so one calibration serves every guest of
a run. Nothing here measures a guest.
"""

import ctypes
import time

CALIBRATION = 0.05  # seconds

TIME_STAMP = """
define i64 @time_stamp() nounwind {
  %value = call i64 asm sideeffect "rdtsc; shlq $$32, %rdx; orq %rdx, %rax", "={ax},~{dx},~{flags}"()
  ret i64 %value
}
"""


def ticks_per_nanosecond() -> float:
    """Count the ticks of a twentieth of a second."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    machine = llvm.Target.from_default_triple().create_target_machine()
    with llvm.create_mcjit_compiler(llvm.parse_assembly(TIME_STAMP), machine) as engine:
        time_stamp = ctypes.CFUNCTYPE(ctypes.c_int64)(engine.get_function_address("time_stamp"))
        began, first = time.perf_counter_ns(), time_stamp()
        time.sleep(CALIBRATION)
        ended, last = time.perf_counter_ns(), time_stamp()
    return float(last - first) / (ended - began)
