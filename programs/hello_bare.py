"""Say hello with the smallest library, without ExOS."""

from exokernel.libos.bare import shut_down


def main() -> int:
    print("Hello, bare world!")
    shut_down(0)
