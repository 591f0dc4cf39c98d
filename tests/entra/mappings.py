"""Attribute mappings: which SCIM attribute each source attribute goes to.

A value that has left the source is cleared in the target, in the form of the dialect: a service provider has to
understand each of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.entra.paths import ENTERPRISE, JsonObject, Target, Value, Values
from tests.entra.source import User

ROLE_TYPE = "WindowsAzureActiveDirectoryRole"

_EXPRESSIONS: dict[str, Callable[[User], Value | None]] = {
    "Not([IsSoftDeleted])": lambda user: user.active,
    'Join(" ", [givenName], [surname])': lambda user: " ".join(
        user.attributes[part] for part in ("givenName", "surname") if part in user.attributes
    ),
    "[objectId]": lambda user: user.id,
    "true": lambda _: True,
    "true if a role": lambda user: True if user.roles else None,
    "SingleAppRoleAssignment": lambda user: user.roles[0] if user.roles else None,
    "constant role type": lambda user: ROLE_TYPE if user.roles else None,
}

NON_GALLERY = {
    "userName": "userPrincipalName",
    "active": "Not([IsSoftDeleted])",
    "displayName": "displayName",
    "title": "jobTitle",
    'emails[type eq "work"].value': "mail",
    "preferredLanguage": "preferredLanguage",
    "name.givenName": "givenName",
    "name.familyName": "surname",
    "name.formatted": 'Join(" ", [givenName], [surname])',
    'addresses[type eq "work"].formatted': "physicalDeliveryOfficeName",
    'addresses[type eq "work"].streetAddress': "streetAddress",
    'addresses[type eq "work"].locality': "city",
    'addresses[type eq "work"].region': "state",
    'addresses[type eq "work"].postalCode': "postalCode",
    'addresses[type eq "work"].country': "country",
    'phoneNumbers[type eq "work"].value': "telephoneNumber",
    'phoneNumbers[type eq "mobile"].value': "mobile",
    'phoneNumbers[type eq "fax"].value': "facsimileTelephoneNumber",
    "externalId": "mailNickname",
    f"{ENTERPRISE}:employeeNumber": "employeeId",
    f"{ENTERPRISE}:department": "department",
}

CODE42 = {
    "userName": "userPrincipalName",
    "active": "Not([IsSoftDeleted])",
    "title": "jobTitle",
    'emails[type eq "work"].value': "mail",
    "name.givenName": "givenName",
    "name.familyName": "surname",
    'addresses[type eq "work"].locality': "city",
    'addresses[type eq "work"].region': "state",
    'addresses[type eq "work"].country': "country",
    "externalId": "mailNickname",
    "userType": "employeeType",
    f"{ENTERPRISE}:department": "department",
    f"{ENTERPRISE}:division": "division",
}

VALIDATOR = NON_GALLERY | {
    'emails[type eq "work"].primary': "true",
    "name.middleName": "middleName",
    "name.honorificPrefix": "honorificPrefix",
    "name.honorificSuffix": "honorificSuffix",
    'addresses[type eq "work"].primary': "true",
    'phoneNumbers[type eq "work"].primary': "true",
    f"{ENTERPRISE}:costCenter": "costCenter",
    f"{ENTERPRISE}:organization": "companyName",
    f"{ENTERPRISE}:division": "division",
    'roles[primary eq "True"].display': "SingleAppRoleAssignment",
    'roles[primary eq "True"].value': "SingleAppRoleAssignment",
    'roles[primary eq "True"].type': "constant role type",
    "userType": "employeeType",
    "nickName": "nickName",
    "locale": "locale",
    "timezone": "timezone",
    "profileUrl": "profileUrl",
}

TABLES = {"default": NON_GALLERY, "code42": CODE42, "validator": VALIDATOR}
MATCH_PATHS = {"userName": "userName", "externalId": "externalId", "mail": 'emails[type eq "work"].value'}


@dataclass(frozen=True, slots=True)
class Mapping:
    """One job's mapping of users, with its paths parsed once."""

    sources: dict[str, str]
    assigns_roles: bool
    targets: tuple[Target, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "targets", tuple(Target.parse(path) for path in self.sources))

    def exported(self, user: User) -> Values:
        """Return what this user should look like in the target; an empty source exports nothing."""
        values: Values = {}
        for path, source in self.sources.items():
            expression = _EXPRESSIONS.get(source)
            value = expression(user) if expression else user.attributes.get(source)
            if value is not None and value != "":
                values[path] = value
        return values

    def held(self, resource: JsonObject) -> dict[str, object]:
        """Return what the target holds, at the mapped paths only."""
        found = ((target.path, target.read(resource)) for target in self.targets)
        return {path: value for path, value in found if value is not None}


def mapping(name: str, match: str) -> Mapping:
    """Pick a table; a job that matches by externalId gives it a value that never changes, the object id."""
    sources = dict(TABLES[name])
    if match == "externalId":
        sources["externalId"] = "[objectId]"
    return Mapping(sources, assigns_roles=name == "default")
