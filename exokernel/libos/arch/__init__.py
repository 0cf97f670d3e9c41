"""What every library shares that knows the machine."""
