"""The conformance kit: three lines of test code try a platform plugin against every rule its capabilities call for.

```python
from adrail.testing import PlatformConformance
from adrail_example import register_platform


class TestExample(PlatformConformance):
    platform = register_platform()
```

It needs pytest (``pip install adrail[testing]``) and nothing of the server: the plugin's own sandbox stands in for the
vendor. A failure says which rule was broken, what was found and how to mend it. What a platform cannot do at all is
declared with its reason on the class (`Declarations`), and shows as a skipped case with that reason.
"""

from adrail.testing.bench import Answer, Bench, open_bench
from adrail.testing.canonical import CANONICAL_EVENTS
from adrail.testing.conformance import PlatformConformance
from adrail.testing.declarations import Declarations
from adrail.testing.factories import NOW, conversion
from adrail.testing.payment_cases import PaymentConformance

__all__ = [
    "CANONICAL_EVENTS",
    "NOW",
    "Answer",
    "Bench",
    "Declarations",
    "PaymentConformance",
    "PlatformConformance",
    "conversion",
    "open_bench",
]
