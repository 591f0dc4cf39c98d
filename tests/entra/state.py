"""A run that goes on later: seed, source, links and the number of the last cycle, in one JSON file."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from tests.entra.links import Links
from tests.entra.source import Directory


@dataclass(slots=True)
class State:
    """Everything a run has to remember."""

    seed: int
    target: str
    directory: Directory = field(default_factory=Directory)
    links: Links = field(default_factory=Links)
    cycle: int = 0

    def save(self, file: Path) -> None:
        """Write the state, all of it or nothing."""
        partial = file.with_name(f"{file.name}.partial")
        partial.write_bytes(_SAVED.dump_json(self, indent=1))
        partial.replace(file)


_SAVED = TypeAdapter(State)


def load(file: Path, target: str) -> State:
    """Read a state; ValueError tells what is wrong with the file or that it belongs to another target."""
    try:
        state = _SAVED.validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"][:2]) or "the file"
        raise ValueError(f"--state {file} was not written by this simulator: {where}: {first['msg']}") from error
    if state.target != target:
        raise ValueError(f"--state {file} belongs to {state.target}, not to {target}")
    return state
