"""Ways: how an act that does not fit into one transaction is done after all."""

from scim.errors import PayloadTooLarge
from scim.storage.acts import Act, Written
from scim.storage.drafts import Apart, Draft, TooLarge, View
from scim.storage.existing import existing
from scim.storage.later import Built, Later
from scim.storage.linking import Unbuilt, Wanting
from scim.storage.rows import Rows


class Way:
    """The way that one act takes.

    A deletion begins with a transaction of its own. An edit of a group's members first tries to leave the members'
    lists to an intent; if the group's own rows are too many for one transaction, they are built beforehand.

    Attributes:
        apart: what kept the act from being done, when it was last tried.
        later: what an edit knows; None while it has not come to that.
        building: what is laid down for it, and not yet used.
        buildings: how often something was.
    """

    def __init__(self, rows: Rows, act: Act, apart: Apart | None = None, *, rehearsal: bool = False) -> None:
        self.apart = apart
        self.later: Later | None = None
        self.building: Built | None = None
        self.buildings = 0
        self._rows = rows
        self._act = act
        self._decide = act.decide
        self._rehearsal = rehearsal

    async def decide(self, view: View, draft: Draft) -> Written:
        """The act, in the way it has come to."""
        draft.later = self.later
        try:
            written = await self._decide(view, draft)
        finally:
            draft.later = None
        return written

    @property
    def unused(self) -> bool:
        """Whether what is laid down for it has come to nothing."""
        return self.building is not None and (self.later is None or self.later.built is None)

    async def go_on(self) -> None:
        """See to what the act lacked.

        Raises:
            PayloadTooLarge: there is no other way.
        """
        apart, self.apart = self.apart, None
        match apart:
            case TooLarge() if self._act.begin is not None and self._decide is self._act.decide:
                self._decide = self._act.begin
            case TooLarge() if self.later is None and self._act.begin is None:
                self.later = Later(rehearsal=self._rehearsal)
            case TooLarge() if self.later is not None and not self.later.apart:
                self.later.apart = True
            case TooLarge():
                raise PayloadTooLarge(f"The request is more than one transaction of the store takes: {apart}.")
            case Wanting() if self.later is not None:
                self.later.since = self.later.since or apart.since
                self.later.known |= await existing(self._rows, apart.ids)
            case Unbuilt() if self.later is not None:
                self.later.built = apart.built
