"""What the service serves of drafts of the standard, to providers that ask for it; it may change with the drafts."""

from dataclasses import replace

from scim.schema import STANDARD, Schemas

DRAFTS = STANDARD / "experimental"
"""The folder of the drafts' schemas and resource types."""
MEMBERSHIP = "GroupMembership"
"""The resource type of draft-zollner-scim-group-membership: a view of groups' members, of which nothing is kept."""


def tried(standard: Schemas, drafts: Schemas) -> Schemas:
    """What a provider serves that tries the drafts."""
    return replace(standard, schemas={**standard.schemas, **drafts.schemas}, types={**standard.types, **drafts.types})
