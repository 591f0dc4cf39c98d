"""What may stand in a URL where a provider keeps personal data out of them."""

import pytest

from scim import filters, sensitive
from scim.errors import Sensitive
from scim.schema import Schemas
from tests.client import SEARCH_REQUEST, Client, connected, new_app

TYPES = Schemas.load().types


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "ann"',
        'id pr and not (name.familyName sw "L")',
        'emails[type eq "work" and value co "@"]',
        'externalId eq "1"',
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq "1"',
    ],
)
def test_a_text_that_may_be_personal_is_refused_by_name(text: str) -> None:
    with pytest.raises(Sensitive, match=r"\.search"):
        sensitive.check(filters.parse(text), TYPES["User"])


@pytest.mark.parametrize(
    "text",
    [
        'id eq "1" or meta.lastModified gt "2020-01-01T00:00:00Z"',
        "active eq true",
        "userName pr",
        'groups.value eq "1" and meta.resourceType eq "User"',
        'groups[value eq "1"]',
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "1"',
        "title eq null",
        'nonsense eq "x"',
    ],
)
def test_what_says_nothing_of_a_person_passes(text: str) -> None:
    sensitive.check(filters.parse(text), TYPES["User"])


async def test_the_query_is_answered_where_it_is_sent_in_a_body() -> None:
    client = await connected(Client, new_app(), profile="rfc", refuse_personal_urls="on")
    user = await client.user("ann")
    refused = await client.get('/Users?filter=userName+eq+"ann"')
    assert (refused.error, "userName" in refused.json["detail"]) == ((403, "sensitive"), True)
    search = {"schemas": [SEARCH_REQUEST], "filter": 'userName eq "ann"'}
    assert (await client.post("/Users/.search", search)).ids == [user["id"]]
    assert (await client.get(f'/Users?filter=id+eq+"{user["id"]}"')).ids == [user["id"]]
    assert (await client.get("/Users")).ids == [user["id"]]
