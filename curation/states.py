"""The states of publication, and which moves between them are allowed."""

from django.db import models


class State(models.TextChoices):
    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    PUBLISHED = "published", "Published"
    SUPERSEDED = "superseded", "Superseded"
    WITHDRAWN = "withdrawn", "Withdrawn"


UNPUBLISHED = (State.DRAFT, State.IN_REVIEW)  # never seen by readers
PUBLIC = (State.PUBLISHED, State.SUPERSEDED)  # has an address that answers

MOVES = {
    State.DRAFT: {State.IN_REVIEW, State.PUBLISHED},
    State.IN_REVIEW: {State.DRAFT, State.PUBLISHED},
    State.PUBLISHED: {State.SUPERSEDED, State.WITHDRAWN},
    State.SUPERSEDED: {State.PUBLISHED, State.WITHDRAWN},
    State.WITHDRAWN: {State.PUBLISHED},
}


class NotAllowed(Exception):
    """A verb was refused. The message is a sentence for the curator."""


def check_move(item, state):
    """Refuse a move that MOVES does not have.

    Raises NotAllowed.
    """
    if state not in MOVES[State(item.state)]:
        raise NotAllowed(
            f"“{item}” is {item.get_state_display().lower()}: it cannot become {State(state).label.lower()}."
        )
