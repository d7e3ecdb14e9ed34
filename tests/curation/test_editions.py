"""An edition ends when, and only when, readers could see a difference."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from curation import actions, checks, copies, editions
from curation.models import ContentChange, Redirect
from resources.models import Resource
from search.models import SearchDocument
from tests.factories import TESTER, EventFactory, RegionFactory, ResourceFactory, curator
from tests.forms import fill_in
from tests.site.test_every_page import FILES, PAGES, content

NOT_CONTENT = {"curation_contentversion"}  # the edition itself


def mark():
    with connection.cursor() as cursor:
        return editions.read_mark(cursor)


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_every_commit_that_readers_could_notice_makes_an_edition(own_database):
    region = RegionFactory()
    item = ResourceFactory(owner=region)
    for change in [
        lambda: actions.publish(item, by=TESTER),
        lambda: actions.rename(item, "elsewhere", by=TESTER),
        lambda: item.regions.add(region),
        lambda: item.regions.clear(),
        lambda: Resource.objects.filter(pk=item.pk).update(cost="Free"),
        lambda: Resource.objects.bulk_update([Resource(pk=item.pk, cost="Dear")], ["cost"]),
        lambda: sql("UPDATE curation_region SET meetings = 'Monthly' WHERE id = %s", region.pk),
        lambda: sql("DELETE FROM curation_redirect"),
        lambda: sql("TRUNCATE search_searchdocument"),
        lambda: actions.withdraw(item, by=TESTER, reason="It was wrong."),
    ]:
        before = mark()
        change()
        assert mark() != before


def test_what_readers_cannot_notice_makes_none(own_database):
    person, item = curator("north-west"), ResourceFactory(state="published")
    before = mark()
    person.last_login = timezone.now()
    person.save()
    with transaction.atomic():
        actions.withdraw(item, by=TESTER, reason="Never mind.")
        transaction.set_rollback(True)
    with transaction.atomic():
        point = transaction.savepoint()
        Resource.objects.update(cost="Free")
        transaction.savepoint_rollback(point)
    assert mark() == before


def test_an_edition_begins_at_the_commit_and_not_before(own_database):
    item = ResourceFactory(state="published")
    before = mark()
    with transaction.atomic():
        Resource.objects.filter(pk=item.pk).update(cost="Free")
        Resource.objects.filter(pk=item.pk).update(cost="Dear")
        with ThreadPoolExecutor(1) as other:
            assert other.submit(seen_elsewhere).result() == before
    assert mark() != before
    assert ContentChange.objects.count() == 0


def seen_elsewhere():
    try:
        return mark()
    finally:
        connection.close()


def test_a_long_writer_holds_up_no_other(own_database):
    """Each writes to its own item; the one that began first ends last."""
    early, late = ResourceFactory(state="published"), ResourceFactory(state="published")

    def write():
        try:
            with transaction.atomic():
                sql("SET LOCAL lock_timeout = '1s'")
                Resource.objects.filter(pk=late.pk).update(cost="Free")
            return mark()
        finally:
            connection.close()

    with transaction.atomic():
        Resource.objects.filter(pk=early.pk).update(cost="Free")
        with ThreadPoolExecutor(1) as other:
            seen = other.submit(write).result(timeout=5)
    assert mark() != seen


def test_constraints_checked_early_lose_no_edition(own_database):
    item = ResourceFactory(state="published")
    before = mark()
    with transaction.atomic():
        Resource.objects.filter(pk=item.pk).update(cost="Free")
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        Resource.objects.filter(pk=item.pk).update(cost="Dear")
    assert mark() != before
    assert ContentChange.objects.count() == 0


@pytest.mark.django_db
def test_an_edition_lasts_until_the_next_moment_that_changes_a_page():
    now = timezone.now()
    hours = [now + timedelta(hours=n) for n in range(6)]
    midnight = editions.next_moment(now)
    assert timezone.localtime(midnight).strftime("%H:%M") == "00:00"
    assert now < midnight <= now + timedelta(hours=25)
    late = midnight - timedelta(minutes=1)
    for given, next_moment in [
        ({"public_until_at": late}, late),
        ({"public_from_at": late - timedelta(minutes=1)}, late - timedelta(minutes=1)),
        ({"public_from_at": hours[0] - timedelta(hours=1)}, late - timedelta(minutes=1)),  # passed already
    ]:
        ResourceFactory(state="published", **given)
        assert editions.next_moment(now) == next_moment
    EventFactory(state="published", starts_at=now, ends_at=late - timedelta(minutes=2))
    assert editions.next_moment(now) == late - timedelta(minutes=2)


@pytest.mark.django_db
def test_midnight_is_londons_on_the_days_the_clocks_change():
    for text, hours in [("2027-03-28T00:30+00:00", 22.5), ("2027-10-31T00:30+01:00", 24.5)]:
        now = timezone.datetime.fromisoformat(text)
        assert editions.next_moment(now) - now == timedelta(hours=hours)


def test_the_clock_ends_an_edition(own_database, monkeypatch):
    edition = editions.current()
    assert editions.current() is edition
    for moment in (edition.until, edition.since - timedelta(seconds=1)):  # it passes, or the clock is put back
        monkeypatch.setattr(timezone, "now", lambda moment=moment: moment)
        assert editions.current() != edition


def test_a_writer_who_reads_before_the_commit_shares_no_edition(own_database):
    with transaction.atomic():
        assert len({editions.current(), editions.current()}) == 2
    assert editions.current() == editions.current()


def test_a_request_is_answered_from_one_edition(own_database, rf):
    request = rf.get("/")
    first = editions.of(request)
    ResourceFactory(state="published")
    assert editions.of(request) is first


@pytest.mark.django_db
def test_every_table_that_public_pages_read_makes_editions(client):
    """Asked of the pages themselves: what is in FROM or JOIN when they are made."""
    content(3)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        for path, *_ in [*PAGES.values(), *FILES.values()]:
            client.get(path)
        client.get("/resources/gone/")
    read = {table for query in captured for table in re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"])}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'pgtrigger_makes_an_edition%'")
        making = {table for (table,) in cursor.fetchall()}
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert {"resources_resource", "search_searchdocument", "curation_redirect"} <= read
    assert (read & tables) - making - NOT_CONTENT == set()


def test_a_content_class_without_its_trigger_is_an_error(monkeypatch):
    assert [e for e in run_checks() if e.id == "curation.E002"] == []
    monkeypatch.setattr(Resource._meta, "triggers", [])
    (error,) = checks.changes_make_an_edition(None)
    assert (error.id, error.obj) == ("curation.E002", Resource)


def test_redirects_and_search_documents_make_editions():
    """They are no content, but pages read them."""
    assert all(editions.noted in model._meta.triggers for model in (Redirect, SearchDocument))


def test_nothing_about_a_working_copy_makes_an_edition_or_is_in_what_is_kept_of_one(own_database):
    item, person = ResourceFactory(state="published"), curator("north-west")
    reader, browser = Client(), Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    form = f"/admin/resources/resource/{item.pk}/change/"
    mark = editions.current().mark
    before = reader.get(item.get_absolute_url()).content
    fill_in(browser, form, title="Wombats at work")
    for path in (item.get_preview_url(), form, "/admin/", "/admin/curation/workingcopy/1/change/"):
        assert browser.get(path).status_code == 200
    assert (editions.current().mark, reader.get(item.get_absolute_url()).content) == (mark, before)
    actions.submit(copies.of(item), by=person)
    copies.approve(copies.of(item), by=curator("north-west"))
    assert editions.current().mark != mark
    assert "Wombats at work" in reader.get(item.get_absolute_url()).content.decode()
