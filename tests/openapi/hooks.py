"""What schemathesis can't know: who may call, and what there is."""

import json
import os

import requests
import schemathesis
from hypothesis import strategies as st

BASE = os.environ["FED_URL"]
CITY, LOST_CITY = "city_shop", "city_spare"
KNOWN = json.loads(os.environ["FED_KNOWN"])


# These end sessions or take more than a fresh one gives, so each call has a session of its own.
OWN_SESSION = ("logout", "delete", "revoke", "unlink", "link", "change")
SIGNED_IN = {}


def sign_in():
    body = {"name": "somebody", "city_id": CITY}
    return requests.post(f"{BASE}/v1/accounts/local/login", json=body, timeout=20).json().get("user_token")


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """The bearer that the operation asks for."""

    def get(self, case, context):
        names = {name for way in case.operation.definition.raw.get("security") or [] for name in way}
        if "admin_key" in names:
            return os.environ["FED_ADMIN_KEY"]
        if "user_token" not in names:
            return None
        if case.operation.path.endswith(OWN_SESSION) or not SIGNED_IN:
            SIGNED_IN["token"] = sign_in()
        return SIGNED_IN["token"]

    def set(self, case, data, context):
        if data:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


def there(context, strategy):
    """The same values, and some in which fields name what is really there."""

    path = context.operation.path
    ends = path.endswith(("remove", "revoke", "delete", "end", "merge"))
    # What ends something has the first of each for itself; the others are left for all else.
    all_known = {name: some[:1] if ends else some[1:] or some for name, some in KNOWN.items()}

    def fill(drawn):
        fields, picks = drawn
        if not isinstance(fields, dict):
            return fields
        picked = zip(all_known.items(), picks, strict=True)
        return {**fields, **{name: some[pick % len(some)] for (name, some), pick in picked if name in fields}}

    picks = st.lists(st.integers(0, 7), min_size=len(KNOWN), max_size=len(KNOWN))
    filled = st.tuples(strategy, picks).map(fill)
    # Mostly filled: what is made up alone is refused for its first field that nobody has.
    return st.one_of(filled, filled, filled, strategy)


@schemathesis.hook
def before_generate_body(context, strategy):
    return there(context, strategy)


@schemathesis.hook
def before_generate_query(context, strategy):
    return there(context, strategy)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Values are also learnt from answers. What all else needs is neither removed nor paused."""
    needed = (CITY, "city_downcity")
    ends = case.operation.path in ("/v1/cities/remove", "/v1/cities/pause")
    if ends and isinstance(case.body, dict) and case.body.get("city_id") in needed:
        case.body = {**case.body, "city_id": LOST_CITY}
