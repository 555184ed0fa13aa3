"""Sign-in by the national unified identity (统一身份认证): OpenID Connect, authorization code with PKCE.

The service is found by its discovery document; its ID token counts when the signature fits one of its published
keys and issuer, audience, time and nonce are right. Every call goes out by `kernel.outgoing`.

Services call what they tell by different names: `TONGBAN_OIDC_CLAIMS="identity=cert_no,level=auth_level"`.
"""

import base64
import datetime
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import transaction
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tongban.kernel import numbers, outgoing, refusals
from tongban.people import applicants, identity, mandates
from tongban.people import queries as people
from tongban.people.models import Applicant, Person, RealName

# What we call it → what the service calls it, where it is not said otherwise.
CLAIMS = {
    "name": "name",
    "identity": "id_number",
    "level": "real_name_level",
    "phone": "phone_number",
    "enterprise_code": "credit_code",
    "enterprise_name": "enterprise_name",
    "enterprise_role": "enterprise_role",
}
CHECKED_LEVELS = frozenset(
    {"2", "3", "4", "L2", "L3", "L4", "checked"}
)  # seen in person, by face or by document
LEGAL_REPRESENTATIVE = "legal_representative"
# What a token may be signed with: never "none", nothing that our own secret would sign.
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]
_FRESH = 600.0
_found: dict[str, tuple[float, dict[str, Any]]] = {}


class NotOffered(refusals.NotFound):
    """这里没有开通统一身份认证。请用手机号登录。"""


class NotGenuine(refusals.NotAllowed):
    """统一身份认证的答复没有通过核对，没有登录。请重新登录；一直这样的，请用手机号登录，并告知系统管理员。"""


class GivenUp(refusals.NotAllowed):
    """统一身份认证没有完成，没有登录。可以重新登录，或者用手机号登录。"""


class ServiceAway(refusals.Conflict):
    """统一身份认证暂时没有应答。请稍后再试，或者用手机号登录。"""

    status = 503


@dataclass(frozen=True)
class Begun:
    """A sign-in under way: where the browser goes, and what must come back with it."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Told:
    """What the service says of somebody; empty where it says nothing."""

    subject: str
    name: str = ""
    identity: str = ""
    phone: str = ""
    is_checked: bool = False
    enterprise_code: str = ""
    enterprise_name: str = ""


def begin(*, back: str) -> Begun:
    """Give where a browser must go to sign in.

    Args:
        back: our address to which it comes back.

    Raises:
        NotOffered: no service is configured. ServiceAway: it cannot be reached.
    """
    if not settings.TONGBAN_OIDC_ISSUER:
        raise NotOffered()
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": settings.TONGBAN_OIDC_CLIENT_ID,
        "redirect_uri": back,
        "scope": "openid profile phone",
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return Begun(f"{_service()['authorization_endpoint']}?{urlencode(asked)}", state, nonce, verifier)


def finish(*, code: str, nonce: str, verifier: str, back: str) -> Told:
    """Exchange a code for what the service says of somebody.

    Raises:
        NotGenuine: a signature, issuer, audience, time or nonce is wrong. ServiceAway: no answer.
    """
    service = _service()
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": verifier,
    }
    names = (settings.TONGBAN_OIDC_CLIENT_ID, settings.TONGBAN_OIDC_CLIENT_SECRET)
    basic = base64.b64encode(":".join(quote(n, safe="") for n in names).encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    tokens = _asked("POST", service["token_endpoint"], body=urlencode(fields).encode(), headers=headers)
    claims = _claims_of(str(tokens.get("id_token", "")), nonce=nonce)
    if service.get("userinfo_endpoint") and tokens.get("access_token"):
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        more = _asked("GET", service["userinfo_endpoint"], headers=bearer)
        if more.get("sub") != claims["sub"]:
            raise NotGenuine()
        claims = {**more, **claims}
    return _told(claims)


def _told(claims: Mapping[str, Any]) -> Told:
    names = CLAIMS | settings.TONGBAN_OIDC_CLAIMS
    said = {ours: str(claims.get(theirs) or "") for ours, theirs in names.items()}
    is_phone_theirs = claims.get("phone_number_verified") is True
    is_legal = said["enterprise_role"] == LEGAL_REPRESENTATIVE
    return Told(
        subject=f"{settings.TONGBAN_OIDC_ISSUER}#{claims['sub']}"[:300],
        name=said["name"],
        identity=said["identity"],
        phone=said["phone"] if is_phone_theirs else "",
        is_checked=bool(said["identity"] and said["name"]) and said["level"] in CHECKED_LEVELS,
        enterprise_code=said["enterprise_code"] if is_legal else "",
        enterprise_name=said["enterprise_name"] if is_legal else "",
    )


def _service() -> dict[str, Any]:
    """Give the discovery document, at most ten minutes old."""
    issuer = settings.TONGBAN_OIDC_ISSUER
    found = _remembered(f"{issuer}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != issuer:
        raise NotGenuine()
    return found


def _remembered(address: str, *, anew: bool = False) -> dict[str, Any]:
    at, kept = _found.get(address, (0.0, {}))
    if anew or time.monotonic() - at > _FRESH or not kept:
        kept = _asked("GET", address)
        _found[address] = (time.monotonic(), kept)
    return kept


def _asked(
    method: str, address: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    try:
        answer = outgoing.send(
            method, address, body=body, headers={"Accept": "application/json", **(headers or {})}
        )
    except (outgoing.NoAnswer, outgoing.NotReachable):
        raise ServiceAway() from None
    if answer.status >= 500:
        raise ServiceAway()
    try:
        said = json.loads(answer.body)
    except ValueError:
        raise NotGenuine() from None
    if answer.status != 200 or not isinstance(said, dict):
        raise NotGenuine()
    return said


def _claims_of(token: str, *, nonce: str) -> dict[str, Any]:
    """Give what an ID token says, once its signature and everything that binds it to us was looked at."""
    rules = jwt.JWTClaimsRegistry(
        leeway=60,
        iss={"essential": True, "value": _service()["issuer"]},
        aud={"essential": True, "value": settings.TONGBAN_OIDC_CLIENT_ID},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    for anew in (False, True):  # a key that we do not know yet may be a new one
        try:
            keys = KeySet.import_key_set(_remembered(_service()["jwks_uri"], anew=anew))  # type: ignore[arg-type]
            read = jwt.decode(token, keys, algorithms=ALGORITHMS)
            break
        except (JoseError, ValueError, KeyError):
            if anew:
                raise NotGenuine() from None
    claims = dict(read.claims)
    try:
        rules.validate(claims)
    except JoseError:
        raise NotGenuine() from None
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if len(audience) > 1 and claims.get("azp") != settings.TONGBAN_OIDC_CLIENT_ID:
        raise NotGenuine()
    return claims


@transaction.atomic
def enter(told: Told, *, current_id: int | None = None, at: datetime.datetime) -> Applicant:
    """Give the account of somebody whom the service names, made on the first time.

    One person has one account: first that of the identity number, then that of the service's name for them, then
    the account in which they are signed in or whose phone the service has verified, as long as nobody has checked
    whose it is. A phone account that turns out to be somebody's who has another account gives its phone to that.

    Args:
        current_id: the applicant's account in which the browser is signed in, if any.

    Raises:
        As `applicants.prove`.
    """
    by_number = _by_number(told)
    current = Applicant.objects.filter(person_id=current_id or 0).first()
    row = by_number or applicants.by_subject(told.subject) or _unclaimed(current) or _by_phone(told)
    if row is None:
        row = applicants.make(subject=told.subject, at=at)
    if row.subject != told.subject:
        Applicant.objects.filter(subject=told.subject).update(subject="")
        Applicant.objects.filter(person_id=row.person_id).update(subject=told.subject)
    if told.is_checked:
        applicants.prove(row.person_id, name=told.name, number=told.identity, how="oidc", at=at)
    if current and current.person_id != row.person_id and current.level == RealName.PHONE:
        _give_phone(current, row)
    if told.is_checked and told.enterprise_code and told.enterprise_name:
        by = people.actor_of(row.person, on=at.date())
        mandates.represent(code=told.enterprise_code, name=told.enterprise_name, by=by, at=at)
    return applicants.of(row.person_id)


def _by_number(told: Told) -> Applicant | None:
    if not told.is_checked:
        return None
    digest = identity.digest(
        identity.check(identity.IdentityKind.RESIDENT, told.identity, on=datetime.date.max)
    )
    return Applicant.objects.select_related("person").filter(identity_digest=digest).first()


def _unclaimed(row: Applicant | None) -> Applicant | None:
    return row if row and row.level == RealName.PHONE and not row.subject else None


def _by_phone(told: Told) -> Applicant | None:
    if not told.phone:
        return None
    try:
        return _unclaimed(applicants.by_phone(told.phone))
    except numbers.InvalidNumber:
        return None


def _give_phone(from_: Applicant, to: Applicant) -> None:
    """Let a phone go over to the account of its owner; what is left behind is nobody's."""
    if to.phone_digest or not from_.phone_digest:
        return
    phone = applicants.phone_of(from_)
    Applicant.objects.filter(person_id=from_.person_id).update(
        phone_digest=b"", phone_sealed=b"", phone_masked=""
    )
    applicants.hold_phone(to.person_id, phone=phone)
    Person.objects.filter(pk=from_.person_id).update(is_active=False)
