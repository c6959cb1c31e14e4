"""What a rows event does."""

from enum import Enum, auto


class Action(Enum):
    """What a rows event did to its rows."""

    WRITE = auto()
    UPDATE = auto()
    DELETE = auto()
