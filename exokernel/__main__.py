"""`python -m exokernel` is `exok`."""

import sys

from exokernel.host.command import main

sys.exit(main(sys.argv[1:]))
