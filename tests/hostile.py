"""What nobody means well by, stored in every text that readers or curators are shown."""

from django.db import models

from curation.models import RegionContact
from events.models import Session
from principles.models import Agreement, LineageLink, PrincipleText
from resources.models import TopicName
from search import documents
from tests.factories import (
    ClaimFactory,
    EventFactory,
    FruitlessSearchFactory,
    OrganisationFactory,
    RegionFactory,
    ResourceFactory,
    SetFactory,
    StartingPointFactory,
    StartingStepFactory,
    ThemeFactory,
    TopicFactory,
    WordGroupFactory,
    version_of,
)

LISTS = ["/", "/resources/", "/topics/", "/start/", "/regions/", "/principles/", "/events/", "/events/past/"]
DETAILS = ["/resources/{}/", "/topics/{}/", "/start/{}/", "/regions/{}/", "/principles/{}/", "/events/{}/"]
MARKUP = (
    "=1+1 </title></script><script>alert(1)</script><img src=x onerror=alert(1)> "
    '" onmouseover="alert(1) \' {{7*7}} &lt;b&gt;'
)
MARKDOWN = (
    "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) [d](vbscript:x) [e][e] "
    "<javascript:alert(1)> ![i](https://evil.example/i.png) <iframe src=x></iframe> <svg onload=alert(1)> "
    "<a href='javascript:1'>x</a>\n\n[e]: javascript:alert(1)\n\n<!-- x --><style>*{}</style>"
)
BIDI = "\u202edesrever\u2066"


SHOWN = [
    *LISTS,
    *(path.format("one") for path in DETAILS if "regions" not in path),
    *("/regions/north-west/", "/resources/gone/", "/resources/old/", "/search/?q=alert", "/resources/?q=alert"),
    *("/resources/?topic=one&publisher=one&audience=hr", "/principles/one/versions/1/"),
    "/search/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    "/resources/?q=%22%20onfocus%3D%22alert(1)&sort=%3Cscript%3E&kind=%22%3E%3Cb%3E",
]


def stored(row):
    """Fill every free text of a row, and the row behind its form's back, as a bad import would."""
    facts = {}
    for field in row._meta.fields:
        if field.name == "withdrawn_reason" and not row.withdrawn_reason:
            continue
        if field.name == "changes_asked" and row.state != "draft":
            continue
        if isinstance(field, models.TextField) or type(field) is models.CharField:
            text = f"{MARKDOWN}\n\n{MARKUP}{BIDI}" if isinstance(field, models.TextField) else f"{MARKUP}{BIDI}"
            facts[field.name] = text[: field.max_length] if field.max_length else text
    type(row)._base_manager.filter(pk=row.pk).update(**facts)
    row.refresh_from_db()
    if hasattr(row, "search_fields"):
        documents.refresh(row)
    return row


def store():
    """One of everything that readers are shown, each free text of it hostile."""
    region, national = stored(RegionFactory(slug="north-west")), RegionFactory(slug="national")
    RegionContact.objects.create(region=region, role=MARKUP[:100])
    publisher, topic = OrganisationFactory(slug="one"), TopicFactory(slug="one")
    for row in (publisher, topic):
        type(row)._base_manager.filter(pk=row.pk).update(name=MARKUP[:90], description=MARKDOWN)
    type(publisher)._base_manager.update(short_name=MARKUP[:40])
    TopicName.objects.create(topic=topic, name=MARKUP[:100])
    topic.refresh_from_db()
    documents.refresh(topic)
    facts = {"slug": "one", "state": "published", "regions": [region], "owner": national}
    resource = stored(ResourceFactory(**facts, publisher=publisher, topics=[topic], audiences=["hr"]))
    resource.partners.add(publisher)
    principle_set, event = stored(SetFactory(**facts, publisher=publisher)), stored(EventFactory(**facts))
    past = EventFactory(**facts | {"slug": "past-one"}, starts_at="2020-01-01T10:00Z", ends_at="2020-01-01T12:00Z")
    stored(past)
    stored(ResourceFactory(**facts | {"slug": "gone", "state": "withdrawn"}))
    stored(ResourceFactory(**facts | {"slug": "old", "state": "superseded"}))
    stored(ClaimFactory(resource=resource))
    version = version_of(principle_set, "One", publish=False)
    stored(version)
    text = PrincipleText.objects.get(version=version)
    text.theme = ThemeFactory(name=MARKUP[:100], description=MARKDOWN)
    text.save()
    stored(text)
    shown = {"state": "published", "published_at": principle_set.published_at, "changes_asked": ""}
    type(version).objects.filter(pk=version.pk).update(**shown)
    stored(Agreement.objects.create(version=version, side="staff"))
    stored(Session.objects.create(event=event, title="What there is", presenter=publisher))
    stored(LineageLink.objects.create(descendant_set=principle_set, source_text="x"))
    LineageLink.objects.create(descendant_resource=resource, source_organisation=publisher, note=MARKDOWN)
    stored(WordGroupFactory())
    stored(FruitlessSearchFactory())
    point = stored(StartingPointFactory(slug="one"))
    stored(StartingStepFactory(point=point, resource=resource))
