"""What came of an import."""

from dataclasses import dataclass, field
from heapq import merge
from typing import NamedTuple

TOLD = 100  # problems that are told one by one; the rest are counted


class Problem(NamedTuple):
    """Why a row is refused. column: "" when it is the row as a whole."""

    line: int
    column: str
    reason: str

    def __str__(self):
        return f"Line {self.line}{f', {self.column}' if self.column else ''}: {self.reason}"


@dataclass
class Report:
    """How many rows of each outcome, and the first problems in the order of lines. `problem_count` counts all."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0

    def refuse(self, line, column, reason):
        """Note a problem of a line that comes after all before it."""
        self.problem_count += 1
        if len(self.problems) < TOLD:
            self.problems.append(Problem(line, column, reason))

    def refuse_too(self, problems, *, count, rows):
        """Note problems of other rows, the first of them as (line, column, reason)."""
        self.problems = list(merge(self.problems, (Problem(*problem) for problem in problems)))[:TOLD]
        self.problem_count += count
        self.refused += rows

    @property
    def counts(self):
        return f"{self.new:,} new, {self.changed:,} changed, {self.unchanged:,} unchanged, {self.refused:,} refused"
