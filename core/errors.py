"""Errors of the domain; the HTTP layer turns each into problem+json with the same code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One wrong field: JSON ``pointer``, the ``rule`` broken, and a ``message`` that says how to fix it."""

    pointer: str
    rule: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """Return the wire form."""
        return asdict(self)


class DomainError(Exception):
    """Base: ``status`` is the HTTP status, ``code`` the stable text that clients may rely on."""

    status = 400
    code = "bad_request"
    title = "The request cannot be carried out"

    def __init__(self, detail: str, *, errors: Sequence[FieldProblem] = (), code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        if code:
            self.code = code


class InvalidInputError(DomainError):
    """Fields are wrong; ``errors`` names each."""

    status = 422
    code = "invalid_input"
    title = "Some fields are not valid"


class NotSignedInError(DomainError):
    """No key or session, or one that is not known."""

    status = 401
    code = "not_signed_in"
    title = "Sign in or send a valid key"


class ForbiddenError(DomainError):
    """The key or person is known but may not do this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFoundError(DomainError):
    """No such thing in this marketplace, or not yours; the two are not told apart."""

    status = 404
    code = "not_found"
    title = "Not found"


class ConflictError(DomainError):
    """The state of the thing, or another request with the same key, forbids it."""

    status = 409
    code = "conflict"
    title = "Conflicts with the current state"


class TooManyRequestsError(DomainError):
    """A rate limit; try again after ``retry_after`` seconds."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class UnavailableError(DomainError):
    """A server this depends on is away; nothing was done; try again after ``retry_after`` seconds."""

    status = 503
    code = "unavailable"
    title = "Temporarily not available"

    def __init__(self, detail: str, *, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
