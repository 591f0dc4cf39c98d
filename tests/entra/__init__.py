"""A simulator of Microsoft Entra ID's provisioning service.

`python -m tests.entra --help` tells what it can do; tests call `run` with `Options` and read the `Report`.
"""

from tests.entra.failures import Unreachable
from tests.entra.options import Options
from tests.entra.report import Report
from tests.entra.simulation import run

__all__ = ["Options", "Report", "Unreachable", "run"]
