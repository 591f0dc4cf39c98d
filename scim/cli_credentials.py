"""``python -m scim credentials`` and ``keys``: what lets clients in, and what signs their access tokens."""

import argparse
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from scim import signing, vault
from scim.app import App
from scim.credentials import Credential, Kind, Token, Trust, at, warned_days
from scim.entra import NON_GALLERY, SYNC_FABRIC
from scim.keyring import CredentialError
from scim.signing import KeysError

_KINDS: dict[Kind, str] = {
    "token": "Token",
    "basic": "Password",
    "client": "OAuth client",
    "federated": "OAuth client",
    "entra": "Entra's tokens",
}
_TRUSTS = "The id of the tenant, which alone tells this customer's Entra from every other one's."
type Add = Callable[..., argparse.ArgumentParser]


def add(commands: Add) -> None:
    """Add the commands to a parser."""
    parser = commands("credentials", help="what lets a provider's clients in")
    _add_credentials(parser.add_subparsers(required=True, metavar="COMMAND").add_parser)
    keys = commands("keys", help="the keys that sign access tokens")
    below = keys.add_subparsers(required=True, metavar="COMMAND")
    show = below.add_parser("show", help="which keys there are, and which of them signs")
    show.set_defaults(command=_show_keys)
    roll = below.add_parser(
        "roll",
        help="make a new key, which signs once every process knows it: after a quarter of an hour",
    )
    roll.set_defaults(command=_roll)


def _add_credentials(commands: Add) -> None:
    def command(name: str, text: str, run: Callable[..., object], *, of_one: bool = False) -> argparse.ArgumentParser:
        added = commands(name, help=text, description=text)
        added.add_argument("name", metavar="PROVIDER", help="the provider's name, as in its Base URL")
        if of_one:
            added.add_argument("key_id", metavar="KEY_ID", help="of the credential, as 'credentials list' shows it")
        added.set_defaults(command=run)
        return added

    command("list", "a provider's credentials, and when each was last used", _list)
    for kind, text in (
        ("token", "a bearer token, to paste into the identity provider"),
        ("basic", "a user name and a password for HTTP Basic, for clients that know nothing better"),
        ("client", "an OAuth client with a secret, for access tokens from the token endpoint"),
    ):
        made = command(kind, f"add {text}; shown once", _issue)
        made.set_defaults(kind=kind)
        made.add_argument("--user", metavar="ID", default="", help="the id of the user whom /Me is for it")
        _scoped(made)
        _days(made)
    federated = command("federated", "add an OAuth client without a secret, which Entra vouches for", _trust)
    federated.set_defaults(kind="federated")
    federated.add_argument("--subject", required=True, **_id("the service principal's object id (sub)"))
    entra = command("entra", "take Entra's own tokens, as with a blank secret: a test mode", _trust)
    entra.set_defaults(kind="entra")
    entra.add_argument("--subject", **_id("the service principal's object id (sub); else any"))
    for trusting, audience, application in ((federated, None, None), (entra, NON_GALLERY, SYNC_FABRIC)):
        trusting.add_argument("--tenant", required=True, **_id(_TRUSTS))
        trusting.add_argument("--audience", metavar="ID", default=audience, required=audience is None, help="aud")
        trusting.add_argument("--application", default=application, required=application is None, **_id("appid or azp"))
        _scoped(trusting)
    rotate = command(
        "rotate", "a new token, password or secret; the old one stays good for a while", _rotate, of_one=True
    )
    rotate.add_argument(
        "--overlap",
        metavar="DAYS",
        type=_overlap,
        default=7.0,
        help="days that the old one stays good, 0 to 30; else 7",
    )
    _days(rotate)
    expire = command("expire", "let a credential end after some days", _expire, of_one=True)
    expire.add_argument("--days", type=_days_of, required=True, help="after how many days")
    revoke = command("revoke", "make a credential worthless, everywhere within 60 seconds", _revoke, of_one=True)
    revoke.add_argument("--secret", metavar="NUMBER", default="", help="only this secret of an OAuth client")


def _id(text: str) -> dict[str, Any]:
    """An option that takes an id of Entra's, in whatever case; its tokens have them in lower case."""
    return {"metavar": "ID", "type": _guid, "help": text}


def _guid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            "write an id as Entra shows it, such as 8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
        ) from None


def _scoped(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scope", choices=("write", "read"), default="write", help="what its client may do; else write"
    )


def _days(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--days",
        type=_days_of,
        default=0.0,
        help="after how many days the new one expires; else as the one before it, or never",
    )


def _days_of(text: str) -> float:
    days = float(text)
    if not 0 < days <= 3_660:  # noqa: PLR2004 (ten years)
        raise argparse.ArgumentTypeError("write a number of days, at most ten years of them")
    return days


def _overlap(text: str) -> float:
    days = float(text)
    if not 0 <= days <= 30:  # noqa: PLR2004 (days)
        raise argparse.ArgumentTypeError("write 0 to 30 days")
    return days


async def _list(app: App, options: argparse.Namespace) -> None:
    await app.providers.get(options.name)
    await print_all(app, options.name)


async def print_all(app: App, name: str) -> None:
    """Print what lets a provider's clients in."""
    keyring = app.providers.keyring
    for credential in await keyring.of(name):
        for line in described(credential, keyring.now):
            print(line)


def described(credential: Credential, now: str) -> list[str]:
    """A credential as its provider's operator is told of it: a line, and one more for each secret of a client."""
    user = f"  for the user {credential.user}" if credential.user else ""
    end = f"  {_end(credential.ends, now)}" if credential.ends else ""
    used = (
        f"  last used {credential.used} from {credential.used_from or 'an unknown address'}" if credential.used else ""
    )
    trust = credential.trust
    trusts = f"  of the tenant {trust.tenant}, application {trust.application}" if trust else ""
    opening = f"{_KINDS[credential.kind]:<9} {credential.key_id}  may {credential.scope}  issued {credential.created}"
    lines = [f"{opening}{user}{trusts}{end}{used}"]
    if credential.kind == "client":
        lines += [
            f"  secret {each.id}  issued {each.created}  {_end(each.expires, now)}" for each in credential.secrets
        ]
    return lines


def _end(ends: str, now: str) -> str:
    """When a credential or a secret ends, and a warning where that is soon."""
    if not ends:
        return "does not end"
    if ends <= now:
        return f"ended {ends}"
    days = warned_days(ends, now)
    return f"ends {ends}" + (f"  WARNING: within {days} days; rotate it" if days else "")


async def _issue(app: App, options: argparse.Namespace) -> None:
    token = await app.providers.issue(options.name, options.scope, options.user, options.kind, options.days)
    show(app, options.name, options.kind, token)


def show(app: App, name: str, kind: Kind, token: Token) -> None:
    """Print what lets a client in, this once."""
    print(f"Base URL  {app.base_url(name)}")
    match kind:
        case "basic":
            print(f"User      {token.key_id}")
            print(f"Password  {token.text}")
        case "client":
            print(f"Endpoint  {app.settings.public_url}/scim/{name}/oauth/token")
            print(f"Client    {token.key_id}")
            print(f"Secret    {token.text}")
            if not app.settings.signing_keys:
                print("The service issues no access tokens yet: set ROLLCALL_SIGNING_KEYS, and run 'keys roll'.")
        case _:
            print(f"Token     {token.text}")
    print("It is not shown again." if kind != "token" else "The token is not shown again.")


async def _trust(app: App, options: argparse.Namespace) -> None:
    provider = await app.providers.get(options.name)
    trust = Trust(options.tenant, options.audience, options.application, options.subject or "")
    made = await app.providers.keyring.trust(provider, trust, options.kind, options.scope)
    print(f"Base URL  {app.base_url(options.name)}")
    if options.kind == "federated":
        print(f"Endpoint  {app.settings.public_url}/scim/{options.name}/oauth/token")
        print(f"Client    {made.key_id}")
    else:
        print(
            "Whoever may add a provisioning application in that tenant can write to this provider: test with it only."
        )


async def _rotate(app: App, options: argparse.Namespace) -> None:
    keyring = app.providers.keyring
    old = await keyring.get(options.key_id)
    token = await keyring.rotate(options.name, options.key_id, options.overlap, options.days)
    show(app, options.name, old.kind if old else "token", token)
    made = await keyring.get(token.key_id)
    print(f"It ends {made.ends}." if made and made.ends else "It does not end.")
    left = "no more" if not options.overlap else f"for {options.overlap:g} more days, if it does not end before"
    print(f"The one before it is good {left}.")


async def _expire(app: App, options: argparse.Namespace) -> None:
    ended = await app.providers.keyring.expire(options.name, options.key_id, options.days)
    print(f"{options.key_id} ends {ended.ends}")


async def _revoke(app: App, options: argparse.Namespace) -> None:
    await app.providers.keyring.revoke(options.name, options.key_id, options.secret)
    print(f"{options.key_id} is revoked" if not options.secret else f"secret {options.secret} is revoked")


async def _show_keys(app: App, _: argparse.Namespace) -> None:
    with _reaching():
        keys, now = signing.read(await vault.source(_place(app), app.settings.identity)()), time.time()
    signing_now = keys.index(signing.signer(keys, now))
    for place, key in enumerate(keys):
        state = "signs" if place == signing_now else "is not used yet" if place > signing_now else "has signed"
        print(f"{key.kid}  created {at(key.created)}  {state}")


async def _roll(app: App, _: argparse.Namespace) -> None:
    place, now = _place(app), time.time()
    with _reaching():
        try:
            keys = signing.read(await vault.source(place, app.settings.identity)())
        except FileNotFoundError:
            keys = ()
        rolled = signing.rolled(keys, now)
        await vault.sink(place, app.settings.identity)(signing.write(rolled))
    for key in keys:
        if key not in rolled:
            print(f"{key.kid}  is retired: what it signed has expired")
    when = f"from {at(rolled[-1].created + signing.KNOWN_AFTER)} on" if keys else "from now on"
    print(f"{rolled[-1].kid}  signs {when}")


@contextmanager
def _reaching() -> Iterator[None]:
    """Say in a sentence that the place of the keys cannot be reached."""
    try:
        yield
    except OSError as error:
        raise KeysError(f"ROLLCALL_SIGNING_KEYS cannot be reached: {error.strerror or error}") from None


def _place(app: App) -> str:
    if not app.settings.signing_keys:
        raise CredentialError("ROLLCALL_SIGNING_KEYS is not set: write a file's name, or a Key Vault secret's URL")
    return app.settings.signing_keys
