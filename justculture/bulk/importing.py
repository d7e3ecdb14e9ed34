"""A file of resources into the portal: all of it or nothing, in one transaction."""

from contextlib import contextmanager
from pathlib import Path

from django.db import IntegrityError, OperationalError, transaction
from psycopg2 import errors

from curation import history
from curation.actions import hold_succession
from justculture.bulk import checking, merging, staging
from justculture.bulk.columns import Known
from justculture.bulk.parts import parts_for
from justculture.bulk.reading import reading
from justculture.bulk.report import Report
from principles.actions import hold_lineage

IMPORTING = 7260_0003  # the number of its advisory lock
SOURCE = "import_content"


class NotNow(Exception):
    """Nothing need be wrong with the file, but it was not imported. The message says what to do."""


def import_content(path, *, by, publish=False, dry_run=False) -> Report:
    """Merge the resources in the file at *path*, as *by*. Nothing is written if any row is refused.

    publish: what does not say its state, and no reader has seen yet, is published. dry_run: do it all, then undo it.
    Raises reading.Unreadable for a file that has no rows to offer, and NotNow.
    """
    with _told_plainly(), transaction.atomic():
        if not staging.ask("SELECT pg_try_advisory_xact_lock(%(number)s)", number=IMPORTING)[0][0]:
            raise NotNow("Another import is running. Wait until it has ended, then run this one.")
        report = Report()
        with reading(path) as rows:
            staging.stage(rows, Known(by), report)
        parts = _compare(by, publish=publish)
        checking.check_rows(publish=publish)
        checking.check_addresses()
        checking.check_succession(by)
        checking.check_parts(by)
        merging.compare_rows(parts)
        merging.count(report)
        checking.tell(report)
        if not report.refused and (report.new or report.changed):
            with transaction.atomic():
                history.because("imported", by=by, source=SOURCE, note=Path(path).name)
                merging.write(parts, report)
                if dry_run:
                    staging.run("SET CONSTRAINTS ALL IMMEDIATE")  # what is left for the end is tried too
                    transaction.set_rollback(True)
        return report


def _compare(by, *, publish):
    """Compare the rows with what is there: once, and again under a lock where others could make it untrue."""
    staging.compare(by, publish=publish)
    if checking.succession_changes():
        hold_succession()
        staging.compare(by, publish=publish)
    checking.check_rights(by)
    parts = parts_for(by)
    for part in parts:
        part.compare()
    if checking.lineage_changes():
        hold_lineage()
        for part in parts:
            part.compare()
    return parts


@contextmanager
def _told_plainly():
    """What the database refuses because somebody else was working too."""
    again = "Nothing was changed. Run the import again."
    try:
        yield
    except merging.Overtaken:
        raise NotNow(f"Somebody changed one of the resources meanwhile. {again}") from None
    except IntegrityError as error:
        rule = error.__cause__.diag.constraint_name
        raise NotNow(
            f"The database refused it by its rule {rule}: somebody may have saved something. {again}"
        ) from error
    except OperationalError as error:
        if not isinstance(error.__cause__, (errors.LockNotAvailable, errors.DeadlockDetected)):
            raise
        raise NotNow(f"Somebody else is saving the same things. {again}") from None
