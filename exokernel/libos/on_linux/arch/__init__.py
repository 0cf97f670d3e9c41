"""What this library has that knows the machine: its start, and the way into Linux."""
