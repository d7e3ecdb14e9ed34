"""Which backups are kept: a rule about moments and nothing else."""

from datetime import UTC

# The newest backup of each of the last so many days, weeks and months, in UTC, that have one at all. Days without a
# backup do not count: a portal that stood still for a year still has its seven days.
PERIODS = [
    (7, lambda moment: moment.date()),
    (4, lambda moment: moment.isocalendar()[:2]),
    (12, lambda moment: (moment.year, moment.month)),
]


def kept(moments, *, before_migrating=()):
    """Those of *moments* to keep. *before_migrating* are the ones among them from which a release can be undone.

    All are aware datetimes. The last before a migration is kept, and the first of an unbroken row of them too: a
    migration that fails halfway is tried again, and only the first try was before it all.
    """
    ordered, keep = sorted(moments), set()
    for most, period in PERIODS:
        newest = {period(moment.astimezone(UTC)): moment for moment in ordered}
        keep.update(sorted(newest.values())[-most:])
    while ordered and ordered[-1] not in before_migrating:
        ordered.pop()
    keep.update(ordered[-1:])
    while ordered and ordered[-1] in before_migrating:
        first = ordered.pop()
    return keep | {first} if before_migrating else keep
