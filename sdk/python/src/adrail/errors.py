"""Errors a plugin raises, sorted by what the caller does next.

AdrailError
├── RetryableError          the same call may succeed later
│   └── ThrottledError      … but not before ``retry_after`` seconds
├── InvalidPayloadError     this data will never be taken; do not send it again
├── AuthError               the credentials are dead; pause the connection and ask for a new sign-in
├── SignatureError          a webhook does not come from whom it says; answer as little as possible
└── NotSupportedError       the platform has no such ability

An exception speaks for the whole call. What concerns one item of a batch is an outcome (`adrail.conversions`).
Messages must not contain identifiers, tokens or payloads: they reach logs and the delivery page.
"""


class AdrailError(Exception):
    """Base of every error that crosses the plugin boundary.

    ``code`` is the platform's own code (text), kept for support requests; ``reference`` the platform's trace id.
    """

    def __init__(self, message: str, *, code: str = "", reference: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reference = reference


class RetryableError(AdrailError):
    """Something on the way failed; the same call may succeed later."""


class ThrottledError(RetryableError):
    """The platform asks for a pause of ``retry_after`` seconds."""

    def __init__(self, message: str, *, retry_after: float, code: str = "", reference: str = "") -> None:
        super().__init__(message, code=code, reference=reference)
        self.retry_after = retry_after


class InvalidPayloadError(AdrailError):
    """The platform will never take this request.

    ``pointer`` names the refused field and ``index`` the place in the request of the item to blame, when they are
    known: core sends the others again without it, else in halves.
    """

    def __init__(
        self, message: str, *, pointer: str = "", code: str = "", reference: str = "", index: int | None = None
    ) -> None:
        super().__init__(message, code=code, reference=reference)
        self.pointer = pointer
        self.index = index


class AuthError(AdrailError):
    """Credentials or permissions are missing, expired or revoked; sending again cannot help."""


class SignatureError(AdrailError):
    """A webhook's signature is missing, wrong or too old: nobody knows who sent it."""


class NotSupportedError(AdrailError):
    """The platform does not offer what was asked for."""
