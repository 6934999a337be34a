"""Words for roles, account types, permissions, levels and tiers, and for what can be wrong in forms about people."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from core.errors import DomainError
from webui.words import State, plain, sentence

ROLES: Mapping[str, tuple[str, str]] = {
    "owner": (later("Owner"), later("Everything the account type allows, every role included.")),
    "admin": (later("Administrator"), later("Everything the account type allows, but changes no owner.")),
    "manager": (later("Manager"), later("Daily work: everything but people, keys, privacy and approvals.")),
    "analyst": (later("Analyst"), later("Looks at numbers and exports them; changes nothing.")),
    "gate_staff": (later("Gate staff"), later("Sees live events, for work at the gates.")),
}
TYPES: Mapping[str, str] = {
    "user": later("User"),
    "artist": later("Artist"),
    "venue": later("Venue"),
    "promoter": later("Promoter"),
    "organizer": later("Organiser"),
    "ad_account": later("Ad account"),
    "venue_manager": later("Venue manager"),
    "label": later("Label"),
    "media": later("Media"),
    "marketplace": later("Marketplace"),
    "admin": later("Marketplace administrator"),
}
SUBJECTS: Mapping[str, str] = {
    "marketplace": later("The marketplace"),
    "organizer": later("An organiser"),
    "artist": later("An artist"),
    "venue": later("A venue"),
    "label": later("A label"),
    "promoter": later("A promoter"),
    "ad_account": later("An ad account"),
}
LEVELS: Mapping[str, State] = {
    "none": State(later("Not verified"), "calm"),
    "email": State(later("E-mail verified"), "calm"),
    "phone": State(later("Telephone verified"), "good"),
    "identity": State(later("Identity verified"), "good"),
    "business": State(later("Business verified"), "good"),
}
TIERS: Mapping[str, str] = {
    "free": later("Free"),
    "premium": later("Premium"),
    "professional": later("Professional"),
    "enterprise": later("Enterprise"),
}
PERMISSION_GROUPS: tuple[tuple[str, Mapping[str, str]], ...] = (
    (
        later("Live events and profiles"),
        {
            "view_events": later("See live events"),
            "create_events": later("Add live events"),
            "claim_events": later("Claim live events as one’s own"),
            "manage_catalog": later("Change the catalogue"),
            "manage_artist_profile": later("Change an artist’s page"),
            "manage_venue_profile": later("Change a venue’s page"),
        },
    ),
    (
        later("Sales"),
        {
            "view_orders": later("See orders"),
            "place_orders": later("Report and change orders"),
            "view_persons": later("See buyers by name"),
        },
    ),
    (
        later("Tracking"),
        {
            "manage_tracking_codes": later("Change tracking codes"),
            "view_collection": later("See collected and refused events"),
            "manage_collection": later("Repair refused events, define own events"),
            "view_deliveries": later("See what was sent to platforms"),
            "manage_connections": later("Connect accounts of platforms"),
            "manage_keys": later("Make and revoke keys"),
        },
    ),
    (
        later("Advertising"),
        {
            "manage_ads": later("Change ads"),
            "create_campaigns": later("Plan campaigns"),
            "approve_campaigns": later("Approve campaigns"),
            "manage_promotions": later("Promote live events"),
            "target_users": later("Choose audiences"),
        },
    ),
    (
        later("Results"),
        {
            "view_event_analytics": later("See results of live events"),
            "view_artist_analytics": later("See results of artists"),
            "view_venue_analytics": later("See results of venues"),
            "view_ad_analytics": later("See results of advertising"),
            "view_all_analytics": later("See everybody’s results"),
            "export_data": later("Download data"),
        },
    ),
    (
        later("People and rules"),
        {
            "manage_users": later("Invite, change and remove people"),
            "manage_privacy": later("Answer privacy requests"),
            "moderate_content": later("Remove others’ content"),
            "admin": later("Change everything about the marketplace"),
        },
    ),
)
WRONG: Mapping[tuple[str, str], str] = {
    ("password", "length"): later("Use 12 to 500 characters."),
    ("password", "simple"): later("This would be guessed at once. Use a few unrelated words."),
    ("new", "length"): later("Use 12 to 500 characters."),
    ("new", "simple"): later("This would be guessed at once. Use a few unrelated words."),
    ("current", "match"): later("This is not your present password."),
    ("display_name", "length"): later("Use 1 to 80 characters."),
    ("email", "email"): later("Use an address such as ana@scena.example."),
    ("email", "unique"): later("This person is a member already. Change their role instead."),
    ("code", "match"): later("Use the six digits that your telephone shows now."),
    ("subject_id", "known"): later("Choose one of the list."),
    ("subject_id", "length"): later("Use the id by which your marketplace knows it."),
    ("statement", "length"): later("Say in up to 2,000 characters what proves it."),
    ("account_type", "one_of"): later("Choose another account type."),
    ("time_zone", "iana"): later("Choose one of the list."),
    ("ends_at", "future"): later("Choose a day that is still to come."),
}
REFUSED: Mapping[str, str] = {
    "last_admin": later("This is the last administrator. Make another one first."),
    "admin_only": later("Only an administrator makes or changes administrators."),
    "type_by_admin": later("Only an administrator gives people another account type."),
    "role_above_own": later("Nobody hands out or changes a role above their own."),
    "own_account_type": later("Your own account type changes only through verification, under «Your account»."),
    "already_member": later("This person is a member already. Change their role instead."),
    "account_exists": later("This address has an account already. Open the link again and sign in."),
    "invited_often": later("They got five mails already. Withdraw the invitation and invite them anew."),
    "verification_waiting": later("Your earlier wish still waits for an answer."),
    "decided": later("This was decided already."),
    "own_request": later("Nobody decides about themselves. Ask another administrator."),
    "link_ended": later("This link was used already or is too old."),
}


def by_field(error: DomainError) -> dict[str, str]:
    """Return what is wrong with each field of a form, in the reader's language."""
    found = {}
    for item in error.errors:
        name = item.pointer.strip("/")
        known = WRONG.get((name, item.rule))
        found[name] = str(known) if known else sentence(item.message)
    return found


def refusal(error: DomainError) -> str:
    """Return in the reader's language why something was not done."""
    known = REFUSED.get(error.code)
    said = " ".join(by_field(error).values())
    return str(known) if known else said or sentence(error.detail)


def role(name: str) -> str:
    """Return what a role is called."""
    return str(ROLES[name][0]) if name in ROLES else plain(name)


def account_type(name: str) -> str:
    """Return what an account type is called."""
    return str(TYPES.get(name, plain(name)))


def permission(name: str) -> str:
    """Return what a permission lets one do."""
    words = {key: text for _group, keys in PERMISSION_GROUPS for key, text in keys.items()}
    return str(words.get(name, plain(name)))


def level(name: str) -> State:
    """Return the word for a verification level."""
    found = LEVELS.get(name, LEVELS["none"])
    return State(str(found.word), found.tone)


def tier(name: str) -> str:
    """Return what a subscription tier is called."""
    return str(TIERS.get(name, plain(name)))


def place(kind: str, name: str) -> str:
    """Return what somebody is a member of."""
    if kind == "marketplace":
        return _("The marketplace")
    return name if kind == "organizer" else f"{plain(kind)} {name}"


def device(name: str) -> str:
    """Return how a browser is called that said nothing about itself."""
    return name or _("Unknown browser")
