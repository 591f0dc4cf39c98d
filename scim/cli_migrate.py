"""``python -m scim migrate``: a directory's rows brought to what this version writes."""

import argparse

from scim import remodel
from scim.app import App
from scim.cli_schemas import progress
from scim.cli_upkeep import Progress
from scim.custom import Custom
from scim.errors import ScimError
from scim.provider import Provider
from scim.providers import ProviderError
from scim.storage import layouts
from scim.storage.forms import ours
from scim.storage.normalizing import Twins, normalize
from scim.storage.records import LAYOUT

_ABOUT = """\
Bring a provider's rows to what this version writes; without PROVIDER, those of all providers. First their layout. Then
the keys of index rows, if this version compares a few strings in another way than the one before, as another version
of Python does that knows more of Unicode. Last an index whose building broke off is built to its end.

Clients are served meanwhile. Run it after an update of Rollcall or of Python, or whenever a change of schemas or this
command itself broke off. Two resources that would share a unique value are told by their ids; then nothing is taken
away, and the command can be run again once one of them was changed.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = _ABOUT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", metavar="PROVIDER", nargs="?", help="the provider's name, as in its Base URL")
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    parser.add_argument("--progress", action="store_true", help="tell how far it is, also where stderr is a file")
    parser.set_defaults(command=_migrate)


async def _migrate(app: App, options: argparse.Namespace) -> None:
    if options.name:
        await _bring(app, await app.providers.get(options.name), options)
        return
    failed: list[str] = []
    for provider in await app.providers.all():
        print(f"{provider.name}:")
        try:
            await _bring(app, provider, options)
        except (ProviderError, ScimError) as error:
            failed.append(f"{provider.name}: {error}")
    if failed:
        raise ProviderError("\n".join(failed))


async def _bring(app: App, provider: Provider, options: argparse.Namespace) -> None:
    rows, schemas = app.providers.opened(provider).rows, app.providers.schemas(provider)
    found = await layouts.layout(rows)
    if found < LAYOUT and options.dry_run:
        print(f"The rows are in layout {found}, and would be brought to {LAYOUT} first.")
        return
    async for reached in layouts.bring(rows, schemas):
        print(f"The rows are in layout {reached} now.")
    print(f"The rows are in layout {LAYOUT}, which is the newest.")
    await _normalize(app, provider, options)
    if not provider.coming:
        print("No index is waiting to be built.")
    elif options.dry_run:
        print("An index is waiting to be built, and would be.")
    else:
        told = await remodel.apply(app.providers, provider.name, Custom.read(provider.coming), progress)
        print("\n".join(told))


async def _normalize(app: App, provider: Provider, options: argparse.Namespace) -> None:
    directory = app.providers.opened(provider)
    form = await directory.form()
    if form.sure:
        print(f"The keys are in the normal form {form}, which is this version's.")
        return
    if not await directory.agrees():
        raise ProviderError("a change of schemas broke off; run 'schemas set' before this")
    hears = Progress(wanted=options.progress, what="rows")
    tally = await normalize(directory.rows, app.providers.schemas(provider), hears, rehearsal=options.dry_run)
    hears.clear()
    if tally.twins:
        raise ProviderError(_refusal(tally.twins, dry_run=options.dry_run))
    verb = "would be" if options.dry_run else "are"
    print(
        f"The keys {verb} brought from the normal form {form.name} to {ours()}; "
        f"index rows made: {tally.made:,}, deleted: {tally.deleted:,}."
    )


def _refusal(twins: list[Twins], *, dry_run: bool) -> str:
    pairs = (f"{twin.index.alias}: the values of {' and '.join(twin.ids)} become equal" for twin in twins)
    first = "Run this without --dry-run, and it will stop there. Then give" if dry_run else "Give"
    remedy = (
        f"{first} one of each pair another value, or delete it, through a service of this version, and run this again. "
        "Clients are served until then, and nothing was taken away."
    )
    return "\n".join([*dict.fromkeys(pairs), remedy])
