"""Why a delivery is in its state: stable codes, and what each means in plain words."""

from __future__ import annotations

BOT = "bot"
CODE_DISABLED = "code_disabled"
NO_CONSENT = "no_consent"
CONSENT_WITHDRAWN = "consent_withdrawn"
TOO_OLD = "too_old"
NOT_TAKEN = "not_taken"
RETRYING = "retrying"
THROTTLED = "throttled"
NEEDS_RECONNECT = "needs_reconnect"
SUBMITTED = "submitted"
REPLAYED = "replayed"
INVALID = "invalid"
GAVE_UP = "gave_up"

EXPLAIN = {
    BOT: ("This was a robot, not a person.", "Nothing to do: robots are left out."),
    CODE_DISABLED: (
        "The tracking code is switched off or deleted.",
        "Switch it on or bring it back if you want this platform to hear of such events.",
    ),
    NO_CONSENT: ("The visitor did not agree to this purpose.", "Nothing to do: without consent nothing is sent."),
    CONSENT_WITHDRAWN: (
        "The visitor withdrew their consent before it was sent.",
        "Nothing to do: nothing left this server.",
    ),
    TOO_OLD: (
        "It had become too old for the platform before it could be sent.",
        "Find out what held it up: a connection that waited for a new token, or an import of old events.",
    ),
    NOT_TAKEN: ("The platform does not take this kind of event from our server.", "Nothing to do."),
    RETRYING: (
        "The last try failed on the way.",
        "Nothing to do: it is tried again by itself, and never counted twice.",
    ),
    THROTTLED: ("The platform asked for a pause.", "Nothing to do: it is sent when the pause is over."),
    NEEDS_RECONNECT: (
        "The platform no longer accepts the stored token.",
        "Replace the token; what waits is sent then.",
    ),
    SUBMITTED: ("The platform has it and has not decided yet.", "Nothing to do: it is asked again."),
    REPLAYED: ("Somebody asked for another try.", "Nothing to do: it is sent within seconds."),
    INVALID: ("The platform refused what the event says.", "Correct the field that is named, then replay it."),
    GAVE_UP: ("It was tried for three days without success.", "Check the connection, then replay it."),
}
"""Reason → (what happened, what to do)."""
