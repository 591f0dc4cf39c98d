"""Importing: bulk requests from JSON lines, each operation done once, however often the import breaks off.

How far it is, and which ids bulkIds stand for, is kept in a file beside the lines. Between a line and that file it may
break off; so each operation leaves a mark of its own in its change record, and whoever goes on looks there first.
"""

import asyncio
import hashlib
import json
import re
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from scim import bulk, bulk_lines, references
from scim.bulk_lines import LinesError
from scim.changes import Origin
from scim.errors import ScimError, Unavailable
from scim.ordering import turns
from scim.schema import Json, JsonObject
from scim.service import Service

_CREDENTIAL = "import"
_BUSY = frozenset({"429", "503"})
_WAITS = (1, 2, 5, 10, 20)
"""Seconds before what the store could not do is tried again."""
_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
_MENTIONED = re.compile(r"bulkId:([^\"/\\\]]*)", re.IGNORECASE)
_SCHEMA = """
CREATE TABLE about (
  mark TEXT, file TEXT, into_ TEXT, number INTEGER, line INTEGER, byte INTEGER, done INTEGER, ended INTEGER
);
CREATE TABLE ids (name TEXT PRIMARY KEY, id TEXT) WITHOUT ROWID;
CREATE TABLE failures (line INTEGER, place INTEGER, reason TEXT);
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """An operation that was refused: where it stands, and why."""

    line: int
    place: int
    reason: str


@dataclass(slots=True)
class Progress(Mapping[str, str]):
    """How far an import is, in a file; as a mapping, the ids that bulkIds stand for.

    Attributes:
        mark: tells the import from any other in change records.
        number: the number of a change before which all is taken down here.
        line: how many lines are done.
        byte: where they end.
        done: how many operations were done.
        failed: how many were refused.
        ended: whether the last line said that they are all.
        ids: what bulkIds of the line at hand stand for.
    """

    _file: sqlite3.Connection
    mark: str
    number: int
    line: int
    byte: int
    done: int
    failed: int
    ended: bool
    ids: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, path: str, lines: Path, table: str, number: int) -> Self:
        """Go on where a file says; or begin, where there is none.

        Args:
            path: the file; ``:memory:`` keeps nothing.
            lines: the lines that are imported.
            table: the table of the directory they are imported into.
            number: the number of the directory's last change.

        Raises:
            LinesError: it is of other lines or of another directory, or another process has it open.
        """
        _, first = next(bulk_lines.whole_lines(lines), (0, b""))
        about = hashlib.sha256(first).hexdigest(), table
        file = sqlite3.connect(path, isolation_level=None, timeout=0)
        try:
            file.execute("PRAGMA locking_mode = EXCLUSIVE")
            file.execute("BEGIN EXCLUSIVE")
            if not file.execute("SELECT 1 FROM sqlite_master").fetchone():
                for statement in _SCHEMA.strip().split(";")[:-1]:
                    file.execute(statement)
                file.execute("INSERT INTO about VALUES (?, ?, ?, ?, 0, 0, 0, 0)", (uuid.uuid4().hex, *about, number))
            file.execute("COMMIT")
            row = file.execute("SELECT * FROM about").fetchone()
        except sqlite3.OperationalError as error:
            file.close()
            raise LinesError(f"{path} cannot be opened; perhaps another import has it: {error}") from None
        except sqlite3.DatabaseError:
            file.close()
            raise LinesError(f"{path} is not the progress of an import; move it away") from None
        mark, lines_of, into, number, line, byte, done, ended = row
        if (lines_of, into) != about:
            file.close()
            raise LinesError(
                f"{path} tells how far the import of another file, or into another provider, has come: finish it, "
                "or import a copy of this file; delete it only if nobody needs it"
            )
        (failed,) = file.execute("SELECT count(*) FROM failures").fetchone()
        return cls(file, mark, number, line, byte, done, failed, bool(ended))

    def __getitem__(self, name: str) -> str:
        if name in self.ids:
            return self.ids[name]
        row = self._file.execute("SELECT id FROM ids WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise KeyError(name)
        return str(row[0])

    def __len__(self) -> int:
        return int(self._file.execute("SELECT count(*) FROM ids").fetchone()[0])

    def __iter__(self) -> Iterator[str]:
        return (str(name) for (name,) in self._file.execute("SELECT name FROM ids"))

    @property
    def failures(self) -> list[Failure]:
        """All that were refused so far."""
        return [Failure(*row) for row in self._file.execute("SELECT * FROM failures ORDER BY line, place")]

    def add(self, byte: int, number: int, failures: list[Failure], done: int) -> None:
        """One line more, in one step."""
        self.line, self.byte, self.number, self.done = self.line + 1, byte, max(self.number, number), self.done + done
        self.failed += len(failures)
        self._file.execute("BEGIN")
        self._file.executemany("INSERT OR REPLACE INTO ids VALUES (?, ?)", self.ids.items())
        self._file.executemany("INSERT INTO failures VALUES (?, ?, ?)", [(f.line, f.place, f.reason) for f in failures])
        state = self.number, self.line, self.byte, self.done, self.ended
        self._file.execute("UPDATE about SET number = ?, line = ?, byte = ?, done = ?, ended = ?", state)
        self._file.execute("COMMIT")
        self.ids = {}

    def close(self) -> None:
        """Let others have it."""
        self._file.close()


@dataclass(slots=True)
class Import:
    """An import into one provider.

    Attributes:
        service: whose verbs it uses.
        progress: how far it is.
        most_failures: the number of failures after which no other line is begun; None for any.
        marks: what a process that broke off had done beyond its progress: ids by line and place.
    """

    service: Service
    progress: Progress
    most_failures: int | None = None
    marks: dict[tuple[int, int], str] = field(default_factory=dict)

    async def recall(self) -> None:
        """Look what was done and not taken down; nothing of it can come in late after that."""
        directory = self.service.directory
        await directory.fence()
        async for change in directory.changes(self.progress.number):
            mark, _, place = change.origin.request.partition(".")
            if change.origin.credential == _CREDENTIAL and mark == self.progress.mark:
                line, _, operation = place.partition(".")
                at = int(line), int(operation)
                if change.kind == "delete" and at in self.marks:  # a circle that could not be closed
                    del self.marks[at]
                else:
                    self.marks[at] = change.id

    async def run(self, lines: Path, told: Callable[[], None]) -> None:
        """Do the lines that are left.

        Raises:
            Unavailable: the store does not answer; what was done is taken down.
            LinesError: the lines cannot be read.
        """
        for behind, line in bulk_lines.whole_lines(lines, self.progress.byte):
            if self.most_failures is not None and self.progress.failed >= self.most_failures:
                return
            self.progress.ended = bulk_lines.is_end(line)
            await self._line(line, behind)
            told()

    async def _line(self, line: bytes, behind: int) -> None:
        number = self.progress.line + 1
        try:
            operations = [] if bulk_lines.about(line) is not None else bulk_lines.operations(line)
            doing = _Line(self, number, operations)
            await doing.run()
        except (LinesError, ScimError) as error:
            if isinstance(error, ScimError) and str(error.status.value) in _BUSY:
                raise
            self.progress.add(behind, 0, [Failure(number, 0, str(error))], 0)
            return
        failures = [Failure(number, place + 1, reason) for place, reason in sorted(doing.failed.items())]
        self.progress.add(behind, doing.last, failures, len(operations) - len(failures))


@dataclass(slots=True)
class _Line:
    """The operations of one line while they are done.

    Attributes:
        failed: the reasons of failures, by place.
        last: the number of the last change known of.
    """

    whole: Import
    number: int
    operations: list[Json]
    failed: dict[int, str] = field(default_factory=dict)
    last: int = 0

    async def run(self) -> None:
        left = self._left()
        for wait in (*_WAITS, None):
            busy = await self._try(left) if left else {}
            if not busy:
                return
            if wait is None:
                raise next(iter(busy.values()))
            left = {place: left[place] for place in busy}
            await asyncio.sleep(wait)

    def _left(self) -> dict[int, Json]:
        """What is left to do, by place; resources of a circle may have been created without what closes it."""
        left: dict[int, Json] = {}
        circles = self._circles()
        for place, given in enumerate(self.operations):
            name, identifier = _created(given), self.whole.marks.get((self.number, place))
            if identifier is None:
                left[place] = given
                continue
            if name:
                self.whole.progress.ids[name] = identifier
            if place in circles:
                left[place] = {**given, "method": "PUT", "path": f"{given['path']}/{identifier}"}
        if self.whole.service.dry_run:
            return {place: alone for place, given in left.items() if (alone := self._alone(given)) is not None}
        return left

    def _circles(self) -> set[int]:
        """The places of operations that create resources which refer to each other in a circle."""
        places = {name: place for place, given in enumerate(self.operations) if (name := _created(given))}
        waits = [
            {places[name] for name in _mentioned(given) if name in places} if _created(given) else set[int]()
            for given in self.operations
        ]
        return {place for turn in turns(waits) for place in turn if len(turn) > 1 or place in waits[place]}

    def _alone(self, given: Json) -> Json:
        """An operation without references to what lines before this one create; None if nothing can be said of it."""
        service, known = self.whole.service, self.whole.progress
        kind = service.representation.schemas.at(str(given.get("path"))) if isinstance(given, dict) else None
        if kind is not None and _created(given):
            return {**given, "data": references.cut(kind, given.get("data"), service.profile, known).body}
        return None if any(name in known for name in _mentioned(given)) else given

    async def _try(self, left: Mapping[int, Json]) -> dict[int, ScimError]:
        """Do some of them; gives what the store could not do now, by place."""
        whole = self.whole
        origins = [Origin(_CREDENTIAL, f"{whole.progress.mark}.{self.number}.{place}") for place in left]
        body = bulk_lines.request([*left.values()])
        try:
            response = await bulk.perform(whole.service, body, whole.progress, origins)
        except Unavailable as error:
            return dict.fromkeys(left, error)
        busy: dict[int, ScimError] = {}
        for (place, given), result in zip(left.items(), response["Operations"], strict=True):
            if result["status"] in _BUSY:
                busy[place] = Unavailable(result["response"]["detail"], retry_after=1)
            elif "response" in result:
                self.failed[place] = _reason(result)
            else:
                self._done(given, result)
        return busy

    def _done(self, given: Json, result: JsonObject) -> None:
        if name := _created(given):
            self.whole.progress.ids[name] = result["location"].rpartition("/")[2]
        version = result.get("version", "").removeprefix('W/"').removesuffix('"')
        self.last = max(self.last, int(version or "0", 16))


def _created(given: Json) -> str:
    """The bulkId of an operation that creates a resource; blank if it has none, or creates none."""
    if not isinstance(given, dict) or str(given.get("method")).upper() != "POST":
        return ""
    name = given.get("bulkId")
    return name if isinstance(name, str) else ""


def _mentioned(given: Json) -> set[str]:
    """The bulkIds that an operation may refer to."""
    return set(_MENTIONED.findall(json.dumps(given)))


def _reason(result: JsonObject) -> str:
    """Why an operation was refused, without what it quotes of the operation."""
    response = result["response"]
    kind = f" {response['scimType']}" if "scimType" in response else ""
    detail = _QUOTED.sub("…", response["detail"])
    return f"{result['method']}: {result['status']}{kind}: {detail}"
