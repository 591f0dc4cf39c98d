"""Queries asked of a directory itself, without HTTP; and the answers they must have, found by looking at everything."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from scim.errors import InvalidFilter
from scim.filters import And, Comparison, Filter, Not, Or, Present, ValuePath, parse
from scim.matching import predicate
from scim.messages import SearchRequest
from scim.profiles import PROFILES
from scim.provider import Provider
from scim.queries import Queries
from scim.representation import Representation
from scim.schema import Json, JsonObject, ResourceType, Schemas
from scim.settings import Settings
from scim.storage.directory import Directory

URL = "https://scim.example/scim/contoso/v2"
KEY = bytes(range(32))
MAX_WALK = 100_000


@dataclass(slots=True)
class Asker:
    """Asks one directory.

    Attributes:
        now: the time, in seconds, as the queries have it.
        seen: every resource by the name of its type, kept where ``expected`` has looked: it must not change any more.
    """

    directory: Directory
    schemas: Schemas
    settings: Settings
    profile: str = "rfc"
    table: str = "p"
    now: float = 1_800_000_000
    seen: dict[str, list[JsonObject]] = field(default_factory=dict)

    @classmethod
    def of(cls, directory: Directory, schemas: Schemas, profile: str = "rfc", **settings: int) -> "Asker":
        """An asker with some settings."""
        given = {"storage": "UseDevelopmentStorage=true", "public_url": "https://scim.example", **settings}
        return cls(directory, schemas, Settings.model_validate(given), profile)

    @property
    def queries(self) -> Queries:
        """The queries of one request."""
        provider = Provider("contoso", self.table, self.profile, cursor_key=KEY)
        representation = Representation(self.directory, self.schemas, URL)
        profile = PROFILES[self.profile]
        return Queries(representation, provider, profile, self.settings, set(), lambda: self.now)

    def kinds(self, *names: str) -> list[ResourceType]:
        """Types by their names; without any, all."""
        return [self.schemas.types[name] for name in names or self.schemas.types]

    async def ask(self, *names: str, **search: Json) -> JsonObject:
        """One answer."""
        return await self.queries.query(self.kinds(*names), SearchRequest.model_validate(search))

    async def ids(self, *names: str, **search: Json) -> list[str]:
        """The ids in one answer, whose numbers must be right."""
        answer = await self.ask(*names, **search)
        assert answer["itemsPerPage"] == len(answer["Resources"])
        return [resource["id"] for resource in answer["Resources"]]

    async def pages(self, *names: str, **search: Json) -> AsyncIterator[JsonObject]:
        """The pages of a walk by cursor, each asked for when the one before has been dealt with."""
        cursor = ""
        for _ in range(MAX_WALK):
            answer = await self.ask(*names, cursor=cursor, **search)
            yield answer
            if "nextCursor" not in answer:
                return
            cursor = answer["nextCursor"]
        raise AssertionError("the walk does not end")

    async def walk(self, *names: str, **search: Json) -> list[str]:
        """The ids of a whole walk by cursor."""
        return [resource["id"] async for page in self.pages(*names, **search) for resource in page["Resources"]]

    async def everything(self, kind: ResourceType) -> list[JsonObject]:
        """Every resource of a type as a client sees it, in the order of creation."""
        if kind.name not in self.seen:
            full = self.queries.representation.full
            scanned = self.directory.scan(kind)
            self.seen[kind.name] = [full(await self.directory.with_members(stored)) async for stored in scanned]
        return self.seen[kind.name]

    async def expected(self, *names: str, filter_: str) -> list[str] | None:
        """The ids a filter asks for, found by asking each resource; None where no type understands it."""
        found: list[str] = []
        kinds = self.kinds(*names)
        for kind in kinds:
            others = [other for other in kinds if other is not kind]
            try:
                matches = predicate(_with_the_absent(parse(filter_), kind, others), kind)
            except InvalidFilter:
                return None
            found += [resource["id"] for resource in await self.everything(kind) if matches(resource)]
        return found


def _with_the_absent(filter_: Filter, kind: ResourceType, others: list[ResourceType]) -> Filter:
    """The filter with what only other types have put as it is where there is no value: RFC 7644 §3.4.2.1."""
    match filter_:
        case And(terms) | Or(terms):
            return type(filter_)(tuple(_with_the_absent(term, kind, others) for term in terms))
        case Not(term):
            return Not(_with_the_absent(term, kind, others))
        case Present(path) | ValuePath(path) | Comparison(path):
            if kind.resolve(path) or not any(other.resolve(path) for other in others):
                return filter_
            differs = isinstance(filter_, Comparison) and (filter_.operator == "ne") is (filter_.value is not None)
            return Present("id") if differs else Not(Present("id"))
