"""Counting: a resource joins the runs of its type, or leaves them, in the transaction that creates or deletes it."""

from dataclasses import replace

from scim.storage import keys, records
from scim.storage.drafts import Draft, View


async def join(view: View, draft: Draft, alias: str, identifier: str) -> None:
    """Count a new resource; a full run moves from the head to the row of closed ones."""
    run = draft.head.run(alias)
    if run.full:
        row = await view.get(keys.runs(alias))
        packed = records.encode_runs(records.decode_runs(row).append(run), row)
        if row:
            draft.merge(row, packed)
        else:
            draft.create(keys.runs(alias), packed)
    draft.head = draft.head.with_run(alias, run.add(identifier))


async def leave(view: View, draft: Draft, alias: str, identifier: str) -> None:
    """Count a resource no more, in the run that it joined."""
    run = draft.head.run(alias)
    if run.holds(identifier):
        draft.head = draft.head.with_run(alias, run.remove())
        return
    draft.head = draft.head.with_run(alias, replace(run, total=run.total - 1))
    closed = await view.get(keys.runs(alias))
    if closed is not None:
        draft.merge(closed, records.encode_runs(records.decode_runs(closed).remove(identifier), closed))
