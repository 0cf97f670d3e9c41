"""The scratch page as the kernel will read it: requests for a batch of mappings."""

from exokernel.abi.names import FRAME_SIZE
from exokernel.abi.tables import MapRequest
from exokernel.dialect import Array, size_of
from exokernel.dialect.unsafe import placed
from exokernel.libos.exos.layout import SCRATCH

REQUEST_SIZE = size_of(MapRequest)
CAPACITY = FRAME_SIZE // REQUEST_SIZE  # requests in one frame

requests: Array[MapRequest] = placed(SCRATCH, CAPACITY)
