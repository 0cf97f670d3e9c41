"""The scratch page as the kernel will read it: requests for a batch of mappings."""

from exokernel.abi.tables import MapRequest
from exokernel.dialect import Array
from exokernel.dialect.unsafe import placed
from exokernel.libos.exos.layout import SCRATCH

CAPACITY = 256  # requests in one frame

requests: Array[MapRequest] = placed(SCRATCH, CAPACITY)
