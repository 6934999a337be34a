"""What to do about a refused event, in words, by reason and by the rule that was broken."""

from __future__ import annotations

from collections.abc import Mapping

BY_RULE: Mapping[str, str] = {
    "required": "A field that this event must have is missing. Send it, or fill it in here.",
    "type": "The value has another type than the event’s description says. Convert it, or leave the field out.",
    "enum": "Only the values of a short list are known here. Send one of them.",
    "const": "Exactly one value is right here. Send that one.",
    "format": "The value is not written as it should be, for example a time without its zone. Write it as described.",
    "pattern": "The value is not written as it should be: money is a decimal text such as 120.50, a currency has three "
    "capital letters.",
    "minimum": "The number is smaller than it may be. Check its unit.",
    "maximum": "The number is larger than it may be. Check its unit.",
    "minLength": "The text is empty or too short. Send it, or leave the field out.",
    "maxLength": "The text is longer than it may be. Shorten it where it is made.",
    "minItems": "The list is empty. Send its entries, or leave it out.",
    "maxItems": "The list is longer than it may be. Send several events.",
    "maxProperties": "There are more fields than there may be. Leave out what nobody needs.",
    "depth": "The event is nested too deeply. Send it flatter.",
    "size": "The event holds too many values. Send several events.",
    "characters": "The text holds a character that cannot be stored. Remove it where the text is made.",
    "storage": "It was accepted, but the database could not store it. Look at its numbers and texts, then replay it.",
}
BY_CODE: Mapping[str, str] = {
    "unknown_event": "No event has this name. Correct it, or define one of your own: its name begins with «custom.».",
    "unknown_version": "This version of the event is not known. Use one that is.",
    "too_old": "It arrived long after it happened. Replaying takes it with its own time.",
    "too_new": "By its own clock it is yet to happen. Set the sender’s clock, or use the time at which it arrived.",
    "untrusted": "Only a backend may report this, with a server key. Report the order through the Orders API instead.",
    "wrong_tenant": "The key belongs to another marketplace. Leave tenant_id out, or use the right key.",
    "wrong_site": "The key belongs to another site. Leave site_id out, or use that site’s write key.",
    "wrong_source": "This key does not speak for that source. Use the key that was made for it.",
    "wrong_live_event": "The scanner is bound to another live event. Use the key of this one.",
    "wrong_gate": "The scanner is bound to another gate. Use the key of this one.",
    "wrong_device": "The scanner’s key belongs to another device. Make a key for this one.",
}
OTHERWISE = "Compare the value with the event’s description, and correct it where the event is made."


def remedy(code: str, rule: str) -> str:
    """Return what to do about one problem of an event that was refused with this code."""
    return BY_CODE.get(code) or BY_RULE.get(rule) or OTHERWISE


def every_text() -> list[str]:
    """Return all of them, for the catalogues of translations."""
    return [*BY_RULE.values(), *BY_CODE.values(), OTHERWISE]
