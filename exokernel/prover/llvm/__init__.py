"""The optimised LLVM IR of the calls, executed symbolically like their source, and compared."""
