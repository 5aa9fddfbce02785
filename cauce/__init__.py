"""What users import and type: the command line and the client.

Reaches the broker over the network only; ``cauce serve`` alone starts one.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("cauce")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
