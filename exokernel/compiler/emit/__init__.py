"""From LLVM IR text to machine code, by llvmlite's binding of LLVM, and what can be read off it."""
