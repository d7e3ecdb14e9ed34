"""Who acts, besides curators with an account."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Operator:
    """Whoever runs a command on the machine itself: may do everything, and is named by the command."""

    source: str
    name: str = "the operator"
    pk: None = None
