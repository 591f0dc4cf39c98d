"""After a cycle: does the target hold exactly what the source says?"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from tests.entra.dialects.shared import MANAGER
from tests.entra.failures import Failed
from tests.entra.groups import exported
from tests.entra.job import Job, pooled
from tests.entra.paths import ENTERPRISE, GROUP, USER, Json, JsonObject, Target, Values
from tests.entra.source import User
from tests.entra.users import role_values
from tests.entra.wire import NOT_FOUND, OK, Answer

PAGE = 200

type Check = Callable[[str, str], Awaitable[None]]


@dataclass(slots=True)
class Oracle:
    """Retrieves every linked resource and puts differences into words."""

    job: Job
    foreign: dict[str, set[str]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    shows_groups: bool = False
    memberships: dict[str, set[str]] = field(default_factory=dict)

    async def survey(self) -> None:
        """Remember what the target held before this run and is none of its business."""
        for endpoint, linked in self._collections():
            self.foreign[endpoint] = set(await self._listed(endpoint)) - set(linked.values())

    async def verify(self) -> list[str]:
        """Compare everything; the differences found, each a sentence."""
        job, self.differences = self.job, []
        self.memberships = _memberships(job)
        if job.options.groups:
            await self._check_each("verify groups", job.links.groups, self._check_group)
        await self._check_each("verify users", job.links.users, self._check_user)
        for endpoint, linked in self._collections():
            await self._check_collection(endpoint, linked)
        self._check_coverage()
        return self.differences

    async def _check_each(self, phase: str, linked: dict[str, str], check: Check) -> None:
        async def one(each: str) -> None:
            try:
                await check(each, linked[each])
            except Failed as failure:
                self.differences.append(str(failure))
            self.job.watch(phase, 1, len(linked))

        await pooled(list(linked), one, self.job.options.concurrency)

    def _collections(self) -> list[tuple[str, dict[str, str]]]:
        links = self.job.links
        return [("/Users", links.users)] + ([("/Groups", links.groups)] if self.job.options.groups else [])

    async def _get(self, path: str, query: str = "", accept: tuple[int, ...] = (OK,)) -> Answer:
        return await self.job.wire.send("GET", path, query=query, accept=accept, injects=False)

    async def _shown(self, where: str, source_id: str, urn: str, kind: str) -> JsonObject | None:
        """The resource at a path, if it is there; it must be."""
        answer = await self._get(where, accept=(OK, NOT_FOUND))
        if answer.status == NOT_FOUND:
            self.differences.append(f"{where} is gone; it should be {kind.lower()} {source_id}")
            return None
        self._check_frame(where, answer.resource, where.rpartition("/")[2], urn, kind)
        return answer.resource

    async def _check_user(self, user_id: str, scim_id: str) -> None:
        where = f"/Users/{scim_id}"
        resource, user = await self._shown(where, user_id, USER, "User"), self.job.directory.users.get(user_id)
        if resource is None or user is None:
            return
        self._check_values(where, self.job.mapping.held(resource), self.job.mapping.exported(user))
        if self.job.mapping.assigns_roles and sorted(role_values(resource)) != sorted(user.roles):
            self._differ(where, "roles", role_values(resource), list(user.roles))
        if user.in_scope:
            self._check_manager(where, resource, user)
        self._check_groups(where, resource, scim_id)

    def _check_manager(self, where: str, resource: JsonObject, user: User) -> None:
        wanted = self.job.links.users.get(user.manager) if user.manager else None
        held = Target.parse(MANAGER).read(resource)
        value = held.get("value") if isinstance(held, dict) else held
        if wanted is None:
            if held is not None:
                self._differ(where, MANAGER, held, None)
        elif not isinstance(held, dict) or value != wanted:
            self._differ(where, MANAGER, held, {"value": wanted})
        for misplaced in {"manager", f"{ENTERPRISE}:manager", "manager.value"} & resource.keys():
            self.differences.append(f"{where}: {misplaced} stands outside {ENTERPRISE}")

    def _check_groups(self, where: str, resource: JsonObject, scim_id: str) -> None:
        """Compare `User.groups`; a target that never returns it is let off."""
        listed = resource.get("groups")
        if listed is None and not self.shows_groups:
            return
        self.shows_groups = True
        direct = (
            [g for g in listed if isinstance(g, dict) and g.get("type") != "indirect"]
            if isinstance(listed, list)
            else []
        )
        links = self.job.links
        inherited = {links.groups[each] for each, members in links.inherited.items() if scim_id in members}
        inherited |= self.foreign.get("/Groups", set())
        held = [str(each.get("value")) for each in direct]
        self._check_set(where, "groups", held, self.memberships.get(scim_id, set()), inherited)

    async def _check_group(self, group_id: str, scim_id: str) -> None:
        where = f"/Groups/{scim_id}"
        resource, group = await self._shown(where, group_id, GROUP, "Group"), self.job.directory.groups.get(group_id)
        if resource is None or group is None:
            return
        wanted = exported(group)
        self._check_values(where, {path: resource[path] for path in wanted if path in resource}, wanted)
        members = resource.get("members") or []
        held = [each for each in members if isinstance(each, dict)] if isinstance(members, list) else []
        expected = {scim for each in group.members if (scim := self.job.links.scim_id(each))}
        ids = [str(each.get("value")) for each in held]
        if scim_id in self.foreign["/Groups"]:
            self.job.links.inherited[group_id] = set(ids) - expected
        self._check_set(where, "members", ids, expected, self.job.links.inherited.get(group_id, set()))
        nested = {*self.job.links.groups.values(), *self.foreign["/Groups"]}
        for each in held:
            kind = "Group" if each.get("value") in nested else "User"
            if each.get("type") not in {None, kind}:
                self.differences.append(
                    f"{where}: member {each.get('value')} has type {each.get('type')!r}, should be {kind!r}"
                )

    def _check_frame(self, where: str, resource: JsonObject, scim_id: str, schema: str, kind: str) -> None:
        """Check what every resource has, and that booleans are booleans wherever they stand."""
        if resource.get("id") != scim_id:
            self._differ(where, "id", resource.get("id"), scim_id)
        schemas = resource.get("schemas")
        if not isinstance(schemas, list) or schema not in schemas:
            self.differences.append(f"{where}: schemas is {schemas!r}, should hold {schema!r}")
        meta = resource.get("meta")
        if not isinstance(meta, dict) or meta.get("resourceType") != kind:
            self.differences.append(f"{where}: meta is {meta!r}, should have resourceType {kind!r}")
        self.differences += [
            f"{where}: {path} is {value!r}, not a JSON boolean" for path, value in _false_booleans("", resource)
        ]

    def _check_values(self, where: str, held: dict[str, object] | JsonObject, wanted: Values) -> None:
        for path in {**wanted, **held}:
            if type(held.get(path)) is not type(wanted.get(path)) or held.get(path) != wanted.get(path):
                self._differ(where, path, held.get(path), wanted.get(path))

    def _check_set(
        self, where: str, name: str, held: list[str], wanted: set[str], tolerated: Collection[str] = ()
    ) -> None:
        if len(held) != len(set(held)):
            self.differences.append(f"{where}: {name} names {len(held) - len(set(held))} of them twice")
        for missing in sorted(wanted.difference(held)):
            self.differences.append(f"{where}: {name} lacks {missing}")
        for extra in sorted(set(held).difference(wanted, tolerated)):
            self.differences.append(f"{where}: {name} holds {extra}, which should not be there")

    async def _check_collection(self, endpoint: str, linked: dict[str, str]) -> None:
        foreign = self.foreign.setdefault(endpoint, set())
        foreign -= set(linked.values())
        try:
            listed = await self._listed(endpoint)
        except Failed as failure:
            self.differences.append(str(failure))
        else:
            self._check_set(f"GET {endpoint}", "the list", listed, foreign | set(linked.values()))

    async def _listed(self, endpoint: str) -> list[str]:
        """Page through a whole collection; the ids in the order they came."""
        ids: list[str] = []
        while True:
            start = len(ids) + 1
            answer = await self._get(endpoint, f"attributes=id&startIndex={start}&count={PAGE}")
            page, total = answer.resources, answer.resource["totalResults"]
            ids += [str(each.get("id")) for each in page]
            shown = answer.resource.get("startIndex"), answer.resource.get("itemsPerPage")
            if page and shown != (start, len(page)):
                self.differences.append(
                    f"GET {endpoint}: startIndex, itemsPerPage are {shown}, should be {(start, len(page))}"
                )
            if not page or (isinstance(total, int) and len(ids) >= total):
                break
        if total != len(ids):
            self.differences.append(f"GET {endpoint}: totalResults is {total}, but paging found {len(ids)}")
        return ids

    def _check_coverage(self) -> None:
        job = self.job
        unlinked = [
            user.id for user in job.directory.users.values() if user.in_scope and user.id not in job.links.users
        ]
        unlinked += [each for each in job.directory.groups if each not in job.links.groups]
        self.differences += [f"{each} of the source was not provisioned" for each in unlinked]
        gone = [each for each in job.links.users if each not in job.directory.users]
        gone += [each for each in job.links.groups if each not in job.directory.groups]
        self.differences += [f"{each} has left the source and is still provisioned" for each in gone]

    def _differ(self, where: str, path: str, held: object, wanted: object) -> None:
        self.differences.append(f"{where}: {path} is {held!r}, should be {wanted!r}")


def _memberships(job: Job) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for group in job.directory.groups.values():
        group_scim_id = job.links.groups.get(group.id)
        for each in group.members:
            member = job.links.scim_id(each)
            if member and group_scim_id:
                found.setdefault(member, set()).add(group_scim_id)
    return found


def _false_booleans(path: str, value: Json) -> list[tuple[str, Json]]:
    if isinstance(value, list):
        return [found for each in value for found in _false_booleans(path, each)]
    if not isinstance(value, dict):
        return []
    found = [(f"{path}{name}", inner) for name, inner in value.items() if name in {"active", "primary"}]
    wrong = [(where, inner) for where, inner in found if not isinstance(inner, bool)]
    return wrong + [each for name, inner in value.items() for each in _false_booleans(f"{path}{name}.", inner)]
