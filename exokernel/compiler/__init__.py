"""Python source to checked, typed IR to LLVM IR to an ELF file; the folder list is the pipeline."""
