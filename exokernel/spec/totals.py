"""What is never made and never lost: the sum of each of these over all names stays what it was.

And it is at most what AT_MOST says, so no single one is more.
"""

from exokernel.abi.names import EnvironmentId
from exokernel.kernel.state import environments

AT_MOST = {"quota_of": 2**20, "slice_quota_of": 2**7, "name_quota_of": 2**8}


def quota_of(environment: EnvironmentId) -> int:
    """Frames that an environment may own: handed on, never made."""
    return environments[environment].quota


def slice_quota_of(environment: EnvironmentId) -> int:
    """Slices that an environment may own; the quota goes with a slice that is given."""
    return environments[environment].slice_quota


def name_quota_of(environment: EnvironmentId) -> int:
    """Names that an environment may use, its own and those of others it makes."""
    return environments[environment].name_quota
