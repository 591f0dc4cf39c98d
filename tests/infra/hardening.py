"""What this project asks of resources beyond what Azure does: no keys, nothing public, nothing unencrypted."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.infra.expressions import Access, Literal
from tests.infra.kinds import resource
from tests.infra.model import File, Finding, Resource, Template
from tests.infra.tracing import body

_TLS = ("TLS1_2", "TLS1_3", "Tls12", "Tls13", "1.2", "1.3")


@dataclass(frozen=True, slots=True)
class _Demand:
    type: str
    path: str
    accepted: tuple[str | bool, ...]
    rule: str
    may_be_absent: bool = False
    unless_flex: bool = False


_SITE = "Microsoft.Web/sites"
_ACCOUNT = "Microsoft.Storage/storageAccounts"
_VAULT = "Microsoft.KeyVault/vaults"
_COSMOS = "Microsoft.DocumentDB/databaseAccounts"
_PUBLISHING = f"{_SITE}/basicPublishingCredentialsPolicies"
DEMANDS = (
    _Demand(_ACCOUNT, "allowSharedKeyAccess", (False,), "shared-key"),
    _Demand(_ACCOUNT, "allowBlobPublicAccess", (False,), "public-access"),
    _Demand(_ACCOUNT, "minimumTlsVersion", _TLS, "tls"),
    _Demand(_ACCOUNT, "supportsHttpsTrafficOnly", (True,), "https"),
    _Demand(f"{_ACCOUNT}/blobServices/containers", "publicAccess", ("None",), "public-access", may_be_absent=True),
    _Demand(_SITE, "httpsOnly", (True,), "https"),
    _Demand(_SITE, "siteConfig.ftpsState", ("Disabled",), "ftps", unless_flex=True),
    _Demand(_SITE, "siteConfig.minTlsVersion", _TLS, "tls"),
    _Demand(_SITE, "siteConfig.scmMinTlsVersion", _TLS, "tls", may_be_absent=True),
    _Demand(_PUBLISHING, "allow", (False,), "basic-publishing"),
    _Demand("Microsoft.Insights/components", "DisableLocalAuth", (True,), "local-auth"),
    _Demand("Microsoft.OperationalInsights/workspaces", "features.disableLocalAuth", (True,), "local-auth"),
    _Demand(_COSMOS, "disableLocalAuth", (True,), "local-auth"),
    _Demand(_COSMOS, "minimalTlsVersion", _TLS, "tls"),
    _Demand(_VAULT, "enableRbacAuthorization", (True,), "vault"),
    _Demand(_VAULT, "enablePurgeProtection", (True,), "vault"),
    _Demand(_VAULT, "enableSoftDelete", (True,), "vault"),
)
"""Of each type the properties (below ``properties``), and what they may be, whatever the parameters are.

A Flex Consumption site has no FTPS, and so need not turn it off.
"""


def check(template: Template, file: File) -> Iterator[Finding]:
    """The demands on the resources of one file."""
    for each in file.resources:
        if each.existing:
            continue
        for demand in DEMANDS:
            if each.is_a(demand.type):
                yield from _met(template, file, each, demand)
        if each.is_a(_SITE):
            yield from _publishing(template, file, each)


def _met(template: Template, file: File, each: Resource, demand: _Demand) -> Iterator[Finding]:
    last = demand.path.rpartition(".")[2]
    wanted = " or ".join(_written(value) for value in demand.accepted)
    message = f"{last} of {each.name} must be {wanted}"
    for found in body(template, file, each).at("properties", *demand.path.split(".")):
        if found is None:
            absent = demand.may_be_absent or (demand.unless_flex and _is_flex(template, file, each))
            if not absent and not _in_web_config(template, file, each, demand):
                yield Finding(file.path, each.line, demand.rule, message)
        elif not isinstance(found.expression, Literal) or found.expression.value not in demand.accepted:
            yield Finding(found.file.path, found.expression.line, demand.rule, message)


def _written(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def _is_flex(template: Template, file: File, site: Resource) -> bool:
    plan = site.body.at("properties", "serverFarmId")
    found = resource(plan.of, file) if isinstance(plan, Access) else None
    names = body(template, file, found).at("sku", "name") if found else iter(())
    return {name.expression.value for name in names if name and isinstance(name.expression, Literal)} == {"FC1"}


def _in_web_config(template: Template, file: File, site: Resource, demand: _Demand) -> bool:
    """Whether a site's setting is made in its ``config/web`` instead."""
    if not demand.path.startswith("siteConfig."):
        return False
    name = demand.path.partition(".")[2]
    return any(
        found and isinstance(found.expression, Literal) and found.expression.value in demand.accepted
        for config in _children(file, site, f"{_SITE}/config")
        if _names(template, file, config) == {"web"}
        for found in body(template, file, config).at("properties", name)
    )


def _children(file: File, site: Resource, kind: str) -> Iterator[Resource]:
    for each in file.resources:
        parent = each.body.get("parent")
        if each.is_a(kind) and (each.outer is site or (parent and resource(parent, file) is site)):
            yield each


def _names(template: Template, file: File, each: Resource) -> set[object]:
    found = body(template, file, each).at("name")
    return {name.expression.value for name in found if name and isinstance(name.expression, Literal)}


def _publishing(template: Template, file: File, site: Resource) -> Iterator[Finding]:
    given = set[object]()
    for policy in _children(file, site, _PUBLISHING):
        given |= _names(template, file, policy)
    for missing in sorted({"ftp", "scm"} - {str(name) for name in given}):
        message = f"{site.name} has no basicPublishingCredentialsPolicies for {missing}, which would be allowed"
        yield Finding(file.path, site.line, "basic-publishing", message)
