"""Settings with a field of every type."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from adrail import setting


@dataclass(frozen=True, slots=True)
class ToySettings:
    """One account."""

    account: str = setting(
        label="Account", pattern=r"^T-[0-9]{4,8}$", usual=r"^T-[0-9]{6}$", example="T-123456", public_id=True
    )
    token: str = setting(label="Token", secret=True, default="")
    window: int = setting(label="Window", pattern=r"^[0-9]{1,3}$", default=30)
    factor: Decimal = setting(label="Factor", default=Decimal("1.0"))  # noqa: RUF009 - frozen and immutable
    domains: tuple[str, ...] = setting(
        label="Domains", pattern=r"^[a-z.]+$", example="a.example", default=("b.example",)
    )
    enhanced: bool = setting(label="Enhanced", default=True)
