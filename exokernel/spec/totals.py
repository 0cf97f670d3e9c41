"""What is never made and never lost: the sum of each of these over all names stays what it was.

And it is at most what AT_MOST says, so no single one is more.
"""

from exokernel.abi.names import EnvironmentId
from exokernel.kernel.state import environments

AT_MOST = {"quota_of": 2**20}


def quota_of(environment: EnvironmentId) -> int:
    """Frames that an environment may own: handed on, never made."""
    return environments[environment].quota
