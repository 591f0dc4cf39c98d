"""``python -m scim check``, ``repair`` and ``erase``: a provider's directory, gone through by its operator."""

import argparse
import json
import math
import sys
from collections.abc import Callable

from scim.app import App
from scim.changes import Origin
from scim.providers import ProviderError
from scim.storage.checking import Checking, Tally
from scim.storage.erasing import Erasure, NeverThere, StillThere
from scim.storage.problems import Problem

_CHECK = """\
Read every row of a provider's directory and tell what does not agree: resources and index rows, groups and members,
totals, change records, tombstones. Nothing is written, and clients may read and write meanwhile: whatever looks wrong
is looked at again, through rows of one moment, before it is told. What unfinished work will settle is 'pending', and
no fault. Values of index rows are not printed, ids are.

It takes about 30 MB, and 130 bytes for each resource that there is or was: 160 MB for 1,000,000 users. A directory
without faults is read once, one with faults or with writers at work twice.

The exit status is 0 if nothing is wrong, else 1.
"""
_REPAIR = """\
Go through a provider's directory as 'check' does, and mend what can be told from other rows: index rows, totals, the
head, the lists of groups that members carry, the places and the number of a group's members, tombstones, rows that
belong to nothing. Each repair is a transaction like a client's write, with a change record of the kind 'repair', so
clients may go on; and the command can be run again at any time.

Nothing is guessed. Two resources with the same userName, a resource or a change record that is lost, a row of an
unknown kind are told and left 'by hand'. The exit status is 1 if anything is left.
"""
_ERASE = """\
Take the values out of all change records of a deleted resource, at once, and not only when the provider's retention
ends. The records keep who did what, and when; 'changes' shows that their values are erased. The command can be run
again at any time; one that broke off is ended by the timer 'retention', too.

A value by which another resource names this one, such as the manager of an employee, is the other's, and stays there
and in its change records: change the other, and erase it when it is deleted. Backups and logs of others are not
reached.
"""
_RETAIN = """\
Do what the timer 'retention' does each night, for all providers, now and to the end: change records that are older than
the provider's retention lose their values, tombstones as old expire, and erasures that broke off are ended.
"""
_QUIET_STEP = 100_000

_PENDING = 10
"""Things that unfinished work will settle, of which people are told one by one."""


def add(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands, each by a call that makes its parser."""
    for name, text, about, command in (
        ("check", "whether the rows of a provider's directory agree", _CHECK, _check),
        ("repair", "mend what 'check' finds, as far as other rows tell it", _REPAIR, _repair),
        ("erase", "take a deleted resource's values out of the change records", _ERASE, _erase),
    ):
        added = add_parser(name, help=text, description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
        added.add_argument("provider", metavar="PROVIDER", help="the provider's name, as in its Base URL")
        if command is _erase:
            added.add_argument("id", metavar="ID", help="the id of the resource")
        else:
            added.add_argument("--json", action="store_true", help="one JSON object a line, the summary as the last")
        if command is _repair:
            added.add_argument("--dry-run", action="store_true", help="only tell what would be mended: 'check'")
        added.add_argument("--progress", action="store_true", help="tell how far it is, also where stderr is a file")
        added.set_defaults(command=command)
    text = "take out values and tombstones whose time is up"
    added = add_parser("retain", help=text, description=_RETAIN, formatter_class=argparse.RawDescriptionHelpFormatter)
    added.set_defaults(command=_retain)


class Progress:
    """How far a reading is, on stderr: on one line of a terminal, or seldom in a file that asked for it."""

    def __init__(self, *, wanted: bool, what: str) -> None:
        self._terminal = sys.stderr.isatty()
        self._wanted = wanted
        self._what = what
        self._told = 0

    def __call__(self, read: int) -> None:
        """Tell, if it is time."""
        if self._terminal:
            print(f"\r{read:,} {self._what} are read", end="", file=sys.stderr, flush=True)
            self._told = read
        elif self._wanted and read - self._told >= _QUIET_STEP:
            print(f"{read:,} {self._what} are read", file=sys.stderr)
            self._told = read

    def clear(self) -> None:
        """Leave the line to what is to be printed."""
        if self._terminal and self._told:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


async def _checking(app: App, options: argparse.Namespace, progress: Progress) -> Checking:
    provider = await app.providers.get(options.provider)
    directory, schemas = app.providers.directory(provider), app.providers.schemas(provider)
    return Checking(directory.rows, schemas, progress)


async def _check(app: App, options: argparse.Namespace) -> None:
    progress = Progress(wanted=options.progress, what="rows")
    checking = await _checking(app, options, progress)
    async for problem in checking.check():
        progress.clear()
        _tell(problem, problem.remedy, checking.tally, as_json=options.json)
    progress.clear()
    _conclude(checking.tally, options)


async def _repair(app: App, options: argparse.Namespace) -> None:
    if options.dry_run:
        await _check(app, options)
        return
    progress = Progress(wanted=options.progress, what="rows")
    checking = await _checking(app, options, progress)
    async for problem, mended in checking.repair():
        progress.clear()
        _tell(problem, "mended" if mended else problem.remedy, checking.tally, as_json=options.json)
    progress.clear()
    _conclude(checking.tally, options)


def _tell(problem: Problem, state: str, tally: Tally, *, as_json: bool) -> None:
    """Print a problem; of what unfinished work will settle, people are told the first ones only."""
    if as_json:
        print(json.dumps({"state": state, "where": problem.where, "what": problem.what}), flush=True)
    elif state != "pending" or tally.pending <= _PENDING:
        print(f"{state:<9}  {problem.where}: {problem.what}", flush=True)


def _conclude(tally: Tally, options: argparse.Namespace) -> None:
    """Print the summary.

    Raises:
        ProviderError: something is wrong.
    """
    counts = {"mended": tally.mended, "faults": tally.faults, "pending": tally.pending, "unsettled": tally.unsettled}
    if options.json:
        print(json.dumps({"rows": tally.read, "resources": tally.resources, **counts}))
    else:
        resources = ", ".join(f"{count:,} of the type {name}" for name, count in tally.resources.items())
        if tally.pending > _PENDING:
            print(f"pending    and {tally.pending - _PENDING:,} more, which the timer or later requests will settle")
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count or name == "faults")
        print(f"{tally.read:,} rows are read: {resources}; {told}")
    if tally.faults or tally.unsettled:
        raise ProviderError(_verdict(tally))


def _verdict(tally: Tally) -> str:
    if not tally.faults:
        return "not all could be looked at, so much was written; run it again"
    return f"{tally.faults:,} of these {'is' if tally.faults == 1 else 'are'} wrong"


async def _erase(app: App, options: argparse.Namespace) -> None:
    provider = await app.providers.get(options.provider)
    rows, schemas = app.providers.directory(provider).rows, app.providers.schemas(provider)
    erasure = Erasure(rows, schemas, options.id, Origin("operator", ""))
    progress = Progress(wanted=options.progress, what="change records")
    try:
        async for read in erasure():
            progress(read)
    except StillThere as there:
        raise ProviderError(f"the {there} {options.id} is not deleted; delete it first") from None
    except NeverThere:
        nothing = f"provider {options.provider!r} never had a resource with the id {options.id!r}"
        raise ProviderError(f"{nothing}, or keeps no values of it any more") from None
    finally:
        progress.clear()
    print(f"{erasure.read:,} change records are read; {erasure.erased:,} of them lost their values")


async def _retain(app: App, _: argparse.Namespace) -> None:
    tally = await app.retention.round(math.inf)
    print(f"{tally.read:,} change records of {tally.providers:,} providers are read")
    print(f"{tally.emptied:,} of them lost their values, and {tally.forgotten:,} tombstones expired")
    if tally.erasures:
        print(f"{tally.erasures:,} erasures that broke off are ended")
    if tally.errors:
        why = getattr(tally.errors[0], "detail", type(tally.errors[0]).__name__)
        raise ProviderError(f"{len(tally.errors):,} of the providers could not be seen to: {why}")
