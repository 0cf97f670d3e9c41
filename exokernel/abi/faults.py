"""Why a compiled program stops itself: the number in the `ud1` a failed check executes."""

from exokernel.dialect import Enumeration


class Fault(Enumeration, bits=8):
    INDEX = 1  # IndexError
    OVERFLOW = 2  # OverflowError
    DIVISION = 3  # ZeroDivisionError
    ASSERTION = 4  # AssertionError
    UNREACHABLE = 5  # a match without an arm for the value
    VALUE = 6  # ValueError
    UNCAUGHT = 7  # an exception nobody caught
