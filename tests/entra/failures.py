"""Why a request failed, in the words of Entra's provisioning logs, and when a job is quarantined."""

_CODES = {
    401: "Unauthorized",
    403: "Unauthorized",
    404: "InvalidAnchor",
    409: "EntryConflict",
    422: "UnprocessableEntity",
    429: "TooManyRequests",
}
_TEMPORARY = {
    "InvalidAnchor",
    "EntryConflict",
    "TooManyRequests",
    "InternalServerError",
    "Timeout",
    "WebExceptionProtocolError",
}

EVALUATED_FROM = 5_000
LARGEST_SHARE = 0.4
MOST_FAILURES = 40_000
MOST_WITH_REFERENCES = 60_000


class Unreachable(Exception):
    """Nothing answered at the base URL."""


class Quarantined(Exception):
    """The job stops here; the text says why."""


class Failed(Exception):
    """One operation on one object failed."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence

    @property
    def temporary(self) -> bool:
        """Whether another try in the same cycle can succeed."""
        return self.code in _TEMPORARY


def code_of(status: int) -> str:
    """Name a status as the provisioning logs do."""
    if status >= 500:
        return "InternalServerError"
    return _CODES.get(status, "SystemForCrossDomainIdentityManagementBadRequest")


def quarantine(*, failures: int, references: int, attempted: int) -> str | None:
    """Say why a cycle with so many failures quarantines the job, if it does.

    Failures of managers and members (`references`) count towards the absolute bound only.
    """
    if failures + references >= MOST_WITH_REFERENCES:
        return f"EncounteredEscrowProportionThreshold: {failures + references} failures, references included"
    if failures < EVALUATED_FROM:
        return None
    if failures > MOST_FAILURES or failures > LARGEST_SHARE * attempted:
        return f"EncounteredEscrowProportionThreshold: {failures} of {attempted} objects failed"
    return None
