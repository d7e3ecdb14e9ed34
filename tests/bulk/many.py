"""Files of many made-up rows, written as they are made."""

import csv
import random

from tests.bulk.files import new

WORDS = [
    *("fair", "process", "learning", "restorative", "suspension", "investigation", "manager", "union"),
    *("partnership", "harm", "family", "civility", "speaking", "culture", "policy", "review", "evidence", "board"),
    *("safety", "respect", "listening", "early", "resolution", "apology", "support", "wellbeing", "decision"),
]


def many_rows(count, *, topics, organisations, seed=1):
    """Rows of resources as long as real ones: 100 words of description, three topics, a publisher, a region or two."""
    chance = random.Random(seed)

    def words(number):
        return " ".join(chance.choices(WORDS, k=number))

    for number in range(count):
        body = f"{words(60).capitalize()}.\n\n## {words(3)}\n\n- {words(15)}\n- **{words(2)}** {words(20)}\n"
        yield new(
            f"made-up-{number}",
            title=f"{words(5).capitalize()} {number}",
            kind=chance.choice(["guide", "case_study", "report", "video"]),
            summary=words(20).capitalize(),
            body=body,
            publisher=chance.choice(organisations),
            url=f"https://example.org/{number}",
            topics=";".join(chance.sample(topics, 3)),
            audiences="managers;hr",
            regions=chance.choice(["north-west", "north-west;midlands", ""]),
            published_on=str(chance.randint(2000, 2026)),
            access="open",
        )


def write_csv(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, row)
                writer.writeheader()
            writer.writerow(row)
    return path
