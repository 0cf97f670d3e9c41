"""Say hello, as a process of ExOS."""


def main() -> int:
    print("Hello, world!")
    return 0
