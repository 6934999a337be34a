"""The door of accounts: the only module other features import."""

from core.accounts.audit import record_audit, verify_audit
from core.accounts.key_issuing import KeyWish, NewKey, issue_key, rotate_key
from core.accounts.key_kinds import DEFAULT_OVERLAP, KEY_SCOPES, default_scopes, grantable
from core.accounts.keys import KeyView, get_key, list_keys, revoke_key
from core.accounts.organizer_rows import ORGANIZERS
from core.accounts.people import (
    StaffMember,
    check_new_user,
    create_user,
    normalise_email,
    readable_email,
    set_password,
    staff_of,
    user_with_email,
)
from core.accounts.preferences import set_language
from core.accounts.profiles import Profile, load_profile
from core.accounts.service import (
    Actor,
    ScannerBinding,
    SiteKey,
    authenticate_key,
    ensure_installation_key,
    find_site,
    forget_sites,
    tenant_key,
    touch_key,
)
from core.accounts.setup import NewTenant, create_key, create_organizer, create_tenant, tenant_exists
from core.accounts.sign_in import sign_in
from core.accounts.sites import (
    SiteView,
    create_site,
    get_site,
    list_sites,
    retire_write_key,
    rotate_write_key,
    site_page,
    update_site,
)
from core.accounts.views import (
    OrganizerView,
    TenantView,
    get_organizer,
    organizer_external_ids,
    organizers,
    tenant_view,
    tenant_with_slug,
    write_key_of,
)

__all__ = [
    "DEFAULT_OVERLAP",
    "KEY_SCOPES",
    "ORGANIZERS",
    "Actor",
    "KeyView",
    "KeyWish",
    "NewKey",
    "NewTenant",
    "OrganizerView",
    "Profile",
    "ScannerBinding",
    "SiteKey",
    "SiteView",
    "StaffMember",
    "TenantView",
    "authenticate_key",
    "check_new_user",
    "create_key",
    "create_organizer",
    "create_site",
    "create_tenant",
    "create_user",
    "default_scopes",
    "ensure_installation_key",
    "find_site",
    "forget_sites",
    "get_key",
    "get_organizer",
    "get_site",
    "grantable",
    "issue_key",
    "list_keys",
    "list_sites",
    "load_profile",
    "normalise_email",
    "organizer_external_ids",
    "organizers",
    "readable_email",
    "record_audit",
    "retire_write_key",
    "revoke_key",
    "rotate_key",
    "rotate_write_key",
    "set_language",
    "set_password",
    "sign_in",
    "site_page",
    "staff_of",
    "tenant_exists",
    "tenant_key",
    "tenant_view",
    "tenant_with_slug",
    "touch_key",
    "update_site",
    "user_with_email",
    "verify_audit",
    "write_key_of",
]
