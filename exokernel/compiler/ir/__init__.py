"""The intermediate form: typed, explicit, printable. See `operations` for its rules."""
