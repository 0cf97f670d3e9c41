"""Say hello with the smallest library, without ExOS."""

from exokernel.libos import bare

STATUS = 0


def main() -> int:
    print("Hello, bare world!")
    bare.shut_down(STATUS)
