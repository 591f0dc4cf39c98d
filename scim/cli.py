"""``python -m scim``: the operator's commands."""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from scim import cli_backup, cli_credentials, cli_migrate, cli_schemas, cli_transfer, cli_upkeep
from scim.app import App
from scim.bulk_lines import LinesError
from scim.changes import Change
from scim.custom import CustomError
from scim.errors import ScimError
from scim.experimental import MEMBERSHIP
from scim.inventory import InventoryError
from scim.keyring import CredentialError
from scim.places import PlaceError
from scim.profiles import PROFILES, SWITCHES
from scim.provider import Provider
from scim.providers import ProviderError
from scim.settings import Settings, SettingsError
from scim.signing import KeysError
from scim.storage.rows import Unreachable, Unsettled

type Command = Callable[[App, argparse.Namespace], Awaitable[None]]

_EPILOG = """\
The storage account and the public URL are taken from ROLLCALL_STORAGE and ROLLCALL_PUBLIC_URL, or from
--storage and --public-url.
"""

_LONGEST = 3_650
"""Days that values may be kept, at most."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status: 0 done, 1 refused or unreachable, 2 not understood."""
    options = parser().parse_args(arguments)
    environment = dict(os.environ)
    if options.storage:
        environment["ROLLCALL_STORAGE"] = options.storage
    if options.public_url:
        environment["ROLLCALL_PUBLIC_URL"] = options.public_url
    try:
        asyncio.run(_run(Settings.read(environment), options))
    except (
        CredentialError,
        CustomError,
        InventoryError,
        KeysError,
        LinesError,
        PlaceError,
        ProviderError,
        SettingsError,
        ScimError,
        Unsettled,
    ) as error:
        print(f"scim: {_reason(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read along has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _reason(error: Exception) -> str:
    match error:
        case Unreachable():
            return error.remedy
        case Unsettled():
            return "the store broke off in the middle; look with 'show' whether it was done"
        case _:
            return str(error)


async def _run(settings: Settings, options: argparse.Namespace) -> None:
    app = App.build(settings)
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # what it would warn of is an error here, told in a sentence
    try:
        await app.providers.prepare()
        command: Command = options.command
        await command(app, options)
    finally:
        await app.close()


def parser() -> argparse.ArgumentParser:
    """Every command, its arguments and what they mean."""
    parser = argparse.ArgumentParser(prog="python -m scim", description="Operate Rollcall.", epilog=_EPILOG)
    parser.add_argument("--storage", metavar="CONNECTION", help="connection string or tables' URL of the account")
    parser.add_argument("--public-url", metavar="URL", help="the URL under which clients reach the service")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_providers(commands.add_parser("providers", help="provisioning providers and their tokens"))
    cli_credentials.add(commands.add_parser)
    cli_schemas.add(commands.add_parser("schemas", help="a provider's own extensions and resource types"))
    cli_migrate.add(commands.add_parser("migrate", help="bring a provider's rows to what this version writes"))
    cli_transfer.add_export(commands.add_parser("export", help="write a provider's resources into a file"))
    cli_transfer.add_import(commands.add_parser("import", help="do what a file of 'export' or of bulk requests says"))
    changes = commands.add_parser("changes", help="what was changed in a provider's directory, by whom, and why so")
    changes.add_argument("provider", metavar="PROVIDER", help="the provider's name, as in its Base URL")
    changes.add_argument("--resource", metavar="ID", help="only changes of, or moving, this resource")
    changes.add_argument(
        "--since", metavar="TIME", type=_number, default=0, help="an ISO 8601 time, or a change number"
    )
    changes.add_argument("--skipped", action="store_true", help="only changes in which something was skipped")
    changes.add_argument("--json", action="store_true", help="one JSON object a line, with every value")
    changes.set_defaults(command=_changes)
    cli_upkeep.add(commands.add_parser)
    cli_backup.add(commands.add_parser)
    return parser


def _add_providers(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, text: str, command: Command, *, named: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        if named:
            added.add_argument("name", metavar="PROVIDER", help="the provider's name, as in its Base URL")
        added.set_defaults(command=command)
        return added

    create = add("create", "add a provider; prints its Base URL and, once, its token", _create)
    create.add_argument("--profile", choices=sorted(PROFILES), required=True, help="whose dialect its client speaks")
    add("list", "every provider", _list, named=False)
    add("show", "a provider's settings, size and tokens", _show)
    change = add("set", "override single switches of a provider's profile", _set)
    for command in (create, change):
        command.add_argument(
            "--set",
            metavar="SWITCH=VALUE",
            action="append",
            default=[],
            type=_assignment,
            required=command is change,
            help=f"a switch and 'on', 'off' or its own words; the switches: {', '.join(SWITCHES)}",
        )
    allow = add("allow", "let a provider's requests come from some networks only", _allow)
    allow.add_argument("networks", metavar="NETWORK", nargs="*", help="such as 192.0.2.0/24; none: from everywhere")
    retain = add("retention", "how long a provider's change records keep personal values", _retention)
    retain.add_argument("days", metavar="DAYS", type=_days, help="1 to 3650; what is older goes in the next night")
    add("disable", "turn a provider's clients away with 403 until it is enabled again", _disable)
    add("enable", "serve a provider's clients again", _enable)
    delete = add("delete", "delete a provider with all its users and groups, for good", _delete)
    delete.add_argument("--yes", action="store_true", help="do not ask")
    token = add("token", "add a token, or revoke one", _token)
    token.add_argument("--user", metavar="ID", default="", help="the id of the user whom /Me is for this token")
    either = token.add_mutually_exclusive_group()
    either.add_argument("--scope", choices=("write", "read"), help="'read' suits your own application; else 'write'")
    either.add_argument("--revoke", metavar="KEY_ID", help="make this token worthless, everywhere within 60 seconds")


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {_LONGEST}")
    return int(text)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form SWITCH=VALUE")
    return name, value


def _number(text: str) -> int:
    """A change number, from itself or from a time."""
    if len(text) == 16 and all(digit in "0123456789abcdef" for digit in text):  # noqa: PLR2004 (digits of a number)
        return int(text, 16)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither an ISO 8601 time nor a change number") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return int(at.timestamp() * 1000) << 16


async def _create(app: App, options: argparse.Namespace) -> None:
    provider = await app.providers.create(options.name, options.profile, dict(options.set))
    token = await app.providers.issue(provider.name)
    print(f"Base URL  {app.base_url(provider.name)}")
    print(f"Token     {token.text}")
    called = {"entra": "In Microsoft Entra ID these are the Tenant URL and the Secret Token. "}
    print(f"{called.get(options.profile, '')}The token is not shown again.")


async def _list(app: App, _: argparse.Namespace) -> None:
    for provider in await app.providers.all():
        print(_line(provider))


def _line(provider: Provider) -> str:
    switches = "".join(f" {name}={value}" for name, value in provider.switches.items())
    state = "enabled" if provider.enabled else "disabled"
    return f"{provider.name}  {state}  profile {provider.profile_name}{switches}  created {provider.created}"


async def _show(app: App, options: argparse.Namespace) -> None:
    provider = await app.providers.get(options.name)
    directory, kinds = app.providers.directory(provider), app.providers.schemas(provider).types.values()
    totals = {kind.name: await directory.total(kind) for kind in kinds if kind.name != MEMBERSHIP}
    print(_line(provider))
    print(f"Base URL  {app.base_url(provider.name)}")
    print(f"Table     {provider.table}")
    if provider.allowed:
        print(f"Allowed   {' '.join(provider.allowed)}")
    print(f"Retention {provider.retention_days} days")
    for name, total in totals.items():
        print(f"{name + 's':<9} {total}")
    for name in SWITCHES:
        print(f"  {name} = {_word(getattr(provider.profile, name))}")
    await cli_credentials.print_all(app, provider.name)


def _word(value: bool | str) -> str:  # noqa: FBT001 (the value of a switch)
    return value if isinstance(value, str) else "on" if value else "off"


async def _set(app: App, options: argparse.Namespace) -> None:
    print(_line(await app.providers.set(options.name, dict(options.set))))


async def _allow(app: App, options: argparse.Namespace) -> None:
    provider = await app.providers.allow(options.name, options.networks)
    print(f"{provider.name} lets requests come from {', '.join(provider.allowed) or 'everywhere'}")


async def _retention(app: App, options: argparse.Namespace) -> None:
    provider = await app.providers.retain(options.name, options.days)
    days = f"{provider.retention_days} day{'' if provider.retention_days == 1 else 's'}"
    print(f"{provider.name} keeps values in change records for {days}")


async def _disable(app: App, options: argparse.Namespace) -> None:
    print(_line(await app.providers.enable(options.name, enabled=False)))


async def _enable(app: App, options: argparse.Namespace) -> None:
    print(_line(await app.providers.enable(options.name, enabled=True)))


async def _delete(app: App, options: argparse.Namespace) -> None:
    provider = await app.providers.get(options.name)
    if not options.yes:
        question = f"This deletes every user and group of {provider.name!r} for good. Type its name to go on: "
        try:
            answer = await asyncio.to_thread(input, question)
        except EOFError:
            raise ProviderError("not deleted: nobody answered; --yes deletes without asking") from None
        if answer != provider.name:
            raise ProviderError("not deleted: the names differ")
    await app.providers.delete(provider.name)
    print(f"{provider.name} is deleted")


async def _token(app: App, options: argparse.Namespace) -> None:
    if options.revoke:
        await app.providers.keyring.revoke(options.name, options.revoke)
        print(f"{options.revoke} is revoked")
        return
    token = await app.providers.issue(options.name, options.scope or "write", options.user)
    cli_credentials.show(app, options.name, "token", token)


async def _changes(app: App, options: argparse.Namespace) -> None:
    provider = await app.providers.get(options.provider)
    async for change in app.providers.directory(provider).changes(options.since):
        if _wanted(change, options):
            print(_as_json(change) if options.json else _as_text(change))


def _wanted(change: Change, options: argparse.Namespace) -> bool:
    if options.skipped and not any(note.skipped for note in change.notes):
        return False
    named = (change.id, *(identifier for _, identifier in change.moved))
    return options.resource is None or options.resource in named


def _as_text(change: Change) -> str:
    number = f"{change.number:016x}" + (f".{change.place:02x}" if change.place else "")
    head = f"{change.at}  {number}  {change.kind:<8}{change.type} {change.id}  by {change.origin.credential}"
    values = "".join(f"\n    {name}: {_told(value)}" for name, value in (change.values or {}).items())
    notes = "".join(f"\n    {note.quirk}: {note.attribute}" for note in change.notes)
    return head + values + notes + ("\n    its values are erased" if change.erased else "")


def _told(value: dict[str, object]) -> str:
    shown = {word: json.dumps(held, ensure_ascii=False) for word, held in value.items()}
    if "before" in shown:
        return f"{shown['before']} -> {shown['after']}"
    return ", ".join(f"{word} {held}" for word, held in shown.items())


def _as_json(change: Change) -> str:
    told = {
        "number": f"{change.number:016x}",
        "place": change.place,
        "previous": f"{change.previous:016x}",
        "at": change.at,
        "kind": change.kind,
        "type": change.type,
        "id": change.id,
        "credential": change.origin.credential,
        "request": change.origin.request,
        "moved": [list(entry) for entry in change.moved],
        "values": change.values,
        "erased": change.erased,
        "notes": [{"quirk": note.quirk, "attribute": note.attribute} for note in change.notes],
    }
    return json.dumps(told, ensure_ascii=False)
