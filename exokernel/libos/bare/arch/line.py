"""A line of output, in the one page that is there from the start: our environment page."""

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.layout import ENVIRONMENT_PAGE
from exokernel.dialect import Array, offset_of, u8
from exokernel.dialect.unsafe import placed

CAPACITY = 256  # bytes

line: Array[u8] = placed(ENVIRONMENT_PAGE + offset_of(EnvironmentPage, "library"), CAPACITY)
