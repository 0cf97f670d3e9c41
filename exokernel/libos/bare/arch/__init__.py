"""What the smallest library has that knows the machine."""
