"""How Entra writes SCIM: three ways of its own, and the RFC's."""

from tests.entra.dialects.flag import Flag
from tests.entra.dialects.legacy import Legacy
from tests.entra.dialects.rfc import Rfc
from tests.entra.dialects.shared import Dialect
from tests.entra.dialects.validator import Validator

DIALECTS: dict[str, type[Dialect]] = {"legacy": Legacy, "flag": Flag, "validator": Validator, "rfc": Rfc}
