"""The door of accounts: the only module other features import."""

from core.accounts.audit import record_audit, verify_audit
from core.accounts.keys import KeyView, get_key, issue_key, list_keys, revoke_key
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
from core.accounts.service import (
    Actor,
    SiteKey,
    authenticate_key,
    ensure_installation_key,
    find_site,
    forget_sites,
    tenant_key,
    touch_key,
)
from core.accounts.setup import NewTenant, create_key, create_organizer, create_tenant, tenant_exists
from core.accounts.sign_in import Profile, load_profile, sign_in
from core.accounts.sites import SiteView, create_site, get_site, list_sites, update_site
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
    "Actor",
    "KeyView",
    "NewTenant",
    "OrganizerView",
    "Profile",
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
    "ensure_installation_key",
    "find_site",
    "forget_sites",
    "get_key",
    "get_organizer",
    "get_site",
    "issue_key",
    "list_keys",
    "list_sites",
    "load_profile",
    "normalise_email",
    "organizer_external_ids",
    "organizers",
    "readable_email",
    "record_audit",
    "revoke_key",
    "set_password",
    "sign_in",
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
