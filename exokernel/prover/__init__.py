"""Proofs about the kernel, for all states and all arguments, from its own checked source."""
