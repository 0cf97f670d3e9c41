"""`python -m tests.kernel.find_story CALL`: a short story from boot in which a call goes wrong, as JSON.

A list of lines of Python, in which `trial` is a Trial; empty when none was found.
"""

import json
import sys

from tests.kernel.moves import SPECIFIED
from tests.kernel.trial import find_story


def main(call: str) -> None:
    known = call in (*SPECIFIED, "tick")
    print(json.dumps([str(each) for each in find_story({call}, call)] if known else []))


if __name__ == "__main__":
    main(sys.argv[1])
