"""Text and its bytes: a `str` of the dialect is a view of UTF-8."""


def text_of(data: bytes) -> str:
    """See bytes as text. What is not UTF-8 in them prints as it is, and cannot be encoded."""
    return data.decode("utf-8", "surrogateescape")
