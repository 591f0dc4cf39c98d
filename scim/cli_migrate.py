"""``python -m scim migrate``: a directory's rows brought to what this version writes."""

import argparse

from scim import remodel
from scim.app import App
from scim.cli_schemas import progress
from scim.custom import Custom
from scim.providers import ProviderError
from scim.storage import keys
from scim.storage.records import LAYOUT

_ABOUT = """\
Show in which layout a provider's rows are, and bring them to the newest. An index whose building broke off is built to
its end. Clients are served meanwhile. Run it after an update of Rollcall, or whenever a change of schemas broke off.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = _ABOUT
    parser.add_argument("name", metavar="PROVIDER", help="the provider's name, as in its Base URL")
    parser.set_defaults(command=_migrate)


async def _migrate(app: App, options: argparse.Namespace) -> None:
    provider = await app.providers.get(options.name)
    head = await app.providers.directory(provider).rows.get(keys.HEAD)
    layout = head.properties["layout"] if head else LAYOUT
    if layout != LAYOUT:
        raise ProviderError(
            f"the rows are in layout {layout!r}, and this version knows {LAYOUT}; use the one they are of"
        )
    print(f"The rows are in layout {LAYOUT}, which is the newest.")
    if not provider.coming:
        print("No index is waiting to be built.")
        return
    told = await remodel.apply(app.providers, provider.name, Custom.read(provider.coming), progress)
    print("\n".join(told))
