"""The rules every platform keeps, tried on Meta."""

from adrail.testing import PlatformConformance
from plugins.meta import register_platform


class TestMeta(PlatformConformance):
    """Every case that Meta's capabilities call for."""

    platform = register_platform()
