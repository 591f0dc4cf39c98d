"""What a run may be told, from Python or from the command line."""

import argparse
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from tests.entra.dialects import DIALECTS
from tests.entra.dialects.shared import ReplaceMembers
from tests.entra.mappings import MATCH_PATHS, TABLES

FLAG = "aadOptscim062020"
INJECTABLE = ("429", "500", "timeout")
LEAST = {"users": 1, "groups": 0, "memberships": 0, "cycles": 1, "concurrency": 1, "parallel": 1}
CHOICES: dict[str, Iterable[str]] = {
    "dialect": DIALECTS,
    "mapping": TABLES,
    "match": MATCH_PATHS,
    "match_groups": ("displayName", "externalId"),
    "replace_members": ("add", "set", "never"),
}

REPLACE_MEMBERS = (
    "what the target makes of `replace` on members: 'add' sends only the new ones and expects them added, 'set' sends "
    "all and expects exactly these, 'never' sends none, as --dialect legacy and rfc do (default: %(default)s)"
)

type Injected = Literal["429", "500", "timeout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One run; every field but the first has a default that suits a first try, but it needs a token or a client."""

    base_url: str
    token: str = ""
    token_endpoint: str = ""
    client_id: str = ""
    client_secret: str = ""
    token_seconds: float | None = None
    dialect: str = "flag"
    mapping: str | None = None
    users: int = 50
    groups: int = 10
    memberships: int = 200
    cycles: int = 8
    seed: int | None = None
    match: str = "userName"
    match_groups: str = "displayName"
    replace_members: ReplaceMembers = "add"
    flag_in_url: bool = False
    concurrency: int = 8
    parallel: int = 20
    timeout: float = 30.0
    longest_wait: float = 10.0
    inject: tuple[Injected, ...] = ()
    inject_rate: float = 0.05
    state: Path | None = None
    json: Path | None = None
    quiet: bool = False

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise ValueError(problem)

    def _problems(self) -> Iterator[str]:
        url = urlsplit(self.base_url)
        if url.scheme not in {"http", "https"} or not url.netloc:
            yield f"--base-url must be an http:// or https:// address, not {self.base_url!r}"
        yield from self._problems_of_authentication()
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                yield f"--{name} must be at least {least}"
        if self.memberships > self.users * self.groups:
            yield f"--memberships can be at most users x groups, here {self.users * self.groups}"
        if not 0 <= self.inject_rate < 1:
            yield "--inject-rate must be at least 0 and less than 1"
        if unknown := [kind for kind in self.inject if kind not in INJECTABLE]:
            yield f"--inject knows {', '.join(INJECTABLE)}, not {', '.join(unknown)}"
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value not in choices and not (name == "mapping" and value is None):
                yield f"--{name.replace('_', '-')} must be one of {', '.join(choices)}, not {value}"

    def _problems_of_authentication(self) -> Iterator[str]:
        client = (self.token_endpoint, self.client_id, self.client_secret)
        if not self.token and not any(client):
            yield "--token must not be empty, unless --token-endpoint, --client-id and --client-secret are given"
        if any(client) and not all(client):
            yield "--token-endpoint, --client-id and --client-secret go together"
        if self.token and any(client):
            yield "--token and --token-endpoint are two ways; choose one"


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; a bad option ends the process with code 2 and a sentence."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        return Options(**{field.name: getattr(given, field.name) for field in fields(Options)})
    except ValueError as problem:
        parser.error(str(problem))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.entra",
        description="Provision a made-up directory into a SCIM service provider the way Microsoft Entra ID does, "
        "and check after every cycle that the service provider holds exactly what it was told.",
    )
    add = parser.add_argument
    add("--base-url", required=True, help="the Tenant URL, e.g. http://127.0.0.1:7071/scim/PROVIDER/v2")
    add("--token", default="", help="the Secret Token, without the word Bearer")
    add("--token-endpoint", default="", metavar="URL", help="fetch access tokens there instead, as an OAuth client")
    add("--client-id", default="", metavar="ID", help="of the OAuth client")
    add("--client-secret", default=os.environ.get("CLIENT_SECRET", ""), metavar="TEXT", help="else $CLIENT_SECRET")
    add("--token-seconds", type=float, metavar="SECONDS", help="hold an access token no longer than that")
    add("--dialect", choices=CHOICES["dialect"], default="flag", help="how requests are written (default: %(default)s)")
    add("--mapping", choices=CHOICES["mapping"], help="the table of attributes (default: the dialect's own)")
    add("--users", type=int, default=50, metavar="N")
    add("--groups", type=int, default=10, metavar="N", help="0 leaves groups out altogether")
    add("--memberships", type=int, default=200, metavar="N", help="over all groups")
    add("--cycles", type=int, default=8, metavar="N", help="how many cycles; 8 show every kind of change (default)")
    add("--seed", type=int, metavar="N", help="repeat an earlier run; the target should be empty")
    add(
        "--match",
        choices=CHOICES["match"],
        default="userName",
        help="matches users (default: %(default)s)",
    )
    add("--match-groups", choices=CHOICES["match_groups"], default="displayName", help="matches groups")
    add(
        "--replace-members",
        choices=CHOICES["replace_members"],
        default="add",
        help=REPLACE_MEMBERS,
    )
    add("--flag-in-url", action="store_true", help=f"append ?{FLAG} to every request")
    add("--concurrency", type=int, default=8, metavar="N", help="requests at a time (default: %(default)s)")
    add("--parallel", type=int, default=20, metavar="N", help="requests at a time on one group (default: %(default)s)")
    add("--timeout", type=float, default=30.0, metavar="SECONDS", help="of one request (default: %(default)s)")
    add("--longest-wait", type=float, default=10.0, metavar="SECONDS", help="the bound on Retry-After")
    add("--inject", type=_kinds, default=(), metavar="KINDS", help="fake answers: any of 429,500,timeout")
    add("--inject-rate", type=float, default=0.05, metavar="SHARE", help="of faked answers (default: %(default)s)")
    add("--state", type=Path, metavar="FILE", help="go on where the run that wrote FILE ended, and write it again")
    add("--json", type=Path, metavar="FILE", help="write the report there too")
    add("--quiet", action="store_true", help="print nothing but differences")
    return parser


def _kinds(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))
