"""Things to show the components with, on /components/ and in tests. Nothing of it is in the database."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

from curation.browsing import Choice, Facet
from curation.models import Region
from curation.states import State
from events.models import Event
from principles.models import PrincipleSet
from resources.models import Organisation, Resource


def examples():
    region = Region(name="Example region", slug="example", forum_name="Example Social Partnership Forum")
    publisher = Organisation(name="Example NHS Trust")
    common = {"summary": "One or two sentences about what it is and how it helps.", "owner": region, "is_sample": True}
    return SimpleNamespace(
        resources=[
            Resource(
                title="A guide", slug="a-guide", kind="guide", publisher=publisher, published_on="2021-06", **common
            ),
            Resource(title="A report", slug="a-report", kind="report", state=State.SUPERSEDED, **common),
        ],
        sets=[principle_set(progress, common) for progress in PrincipleSet.Progress],
        events=[
            Event(
                title="A network meeting",
                slug="a-network-meeting",
                kind="network_meeting",
                setting="online",
                starts_at=datetime(2026, 8, 6, 13, tzinfo=UTC),
                ends_at=datetime(2026, 8, 6, 15, tzinfo=UTC),
                **common,
            ),
            Event(
                title="A conference",
                slug="a-conference",
                kind="conference",
                status="cancelled",
                is_all_day=True,
                starts_at=datetime(2026, 9, 7, 23, tzinfo=UTC),
                ends_at=datetime(2026, 9, 9, 23, tzinfo=UTC),
                **common,
            ),
        ],
        successor=SimpleNamespace(text="What replaced it", url="/resources/"),
        lineage=[
            SimpleNamespace(
                kind_label="Adapted from", text="A guide", url="/resources/a-guide/", date="2021-03", note=""
            ),
            SimpleNamespace(
                kind_label="Informed by",
                text="Feedback from a course",
                url="",
                date="",
                note="As the forum's page says.",
            ),
        ],
        form=form(),
        pager=SimpleNamespace(number=5, count=12, items=[1, None, 4, 5, 6, None, 12], link="?page={}".format),
        reviewed=Resource(
            reviewed_on=date(2026, 6, 1),
            review_due_on=date(2099, 6, 1),
            owner=region,
            title="Reviewed",
            slug="reviewed",
        ),
        overdue=Resource(review_due_on=date(2020, 6, 1), owner=region, title="Overdue", slug="overdue"),
    )


def principle_set(progress, common):
    item = PrincipleSet(
        title=f"Principles, {progress.label.lower()}", slug=f"example-{progress.value}", progress=progress, **common
    )
    item.visible_versions = []
    return item


def form():
    kinds = tuple(Choice(value, label, is_chosen=value == "guide") for value, label in Resource.Kind.choices)
    return SimpleNamespace(
        action="/resources/",
        q="",
        messages=['There is no kind "leaflet". It was left out.'],
        chosen=[("Guide", "/resources/")],
        clear_link="/resources/",
        facets=[Facet("kind", "Kind", kinds, tuple(range(len(kinds))))],
        sort="newest",
        sort_choices=(("newest", "Newest first"), ("title", "Title, A to Z")),
    )
