"""The pages that are looked at: each kind of page, in each of its states."""

from urllib.parse import urlencode

from django.template.loader import render_to_string

from curation import copies, history
from curation.models import Curator, Region
from events.models import Event
from justculture import errors, examples
from principles.models import LineageLink, PrincipleSet, SetVersion
from resources.models import Organisation, Resource, StartingPoint, Topic
from search.models import FruitlessSearch

READERS = {
    "home": "/",
    "about": "/about/",
    "accessibility statement": "/accessibility/",
    "privacy": "/privacy/",
    "library": "/resources/",
    "library, second page": "/resources/?page=2",
    "library, filtered": "/resources/?kind=guide&kind=report&region=north-west&audience=hr&sort=title",
    "library, searched": "/resources/?q=suspension",
    "library, nothing found": "/resources/?q=zyzzyva&kind=guide",
    "library, unknown filter": "/resources/?kind=nonsense&topic=nonsense",
    "resource": "/resources/being-fair/",
    "resource with figures": "/resources/mersey-care-just-and-learning-culture/",
    "resource with everything": "/resources/everything/",
    "resource without address": "/resources/held/",
    "resource due for review": "/resources/overdue/",
    "superseded resource": "/resources/a-just-culture-guide/",
    "resource superseded elsewhere": "/resources/replaced-elsewhere/",
    "topics": "/topics/",
    "topic": "/topics/just-culture/",
    "topic without resources": "/topics/empty-topic/",
    "starting points": "/start/",
    "starting point": "/start/i-am-under-investigation/",
    "starting point without steps": "/start/no-steps/",
    "regions": "/regions/",
    "region": "/regions/north-west/",
    "region with little": "/regions/london/",
    "national": "/regions/national/",
    "principle sets": "/principles/",
    "principle set without text": "/principles/north-west/",
    "principle set built on four": "/principles/yorkshire-and-humber/",
    "principle set in early conversations": "/principles/north-east-and-north-cumbria/",
    "framework": "/principles/people-promise/",
    "principle set agreed by both": "/principles/agreed-by-both/",
    "older version": "/principles/agreed-by-both/versions/1/",
    "events": "/events/",
    "events of a region": "/events/?region=london",
    "past events": "/events/past/",
    "event": "/events/meeting/",
    "sample event": "/events/all-day/",
    "cancelled event": "/events/cancelled/",
    "past event": "/events/just-culture-network-2025/",
    "search": "/search/",
    "search results": "/search/?q=suspension",
    "search results, second page": "/search/?q=culture&page=2",
    "search, nothing found": "/search/?q=zyzzyva",
    "search, a word repaired": "/search/?q=suspention",
    "search, narrowed": "/search/?q=culture&kind=resource&region=north-west",
    "search, narrowed to nothing": "/search/?q=suspension&kind=event",
}
EMPTY = ["/", "/resources/", "/topics/", "/start/", "/regions/", "/principles/", "/events/", "/events/past/"]
EMPTY += ["/search/", "/search/?q=anything", "/about/", "/accessibility/", "/privacy/"]
PROBLEMS = {  # at addresses of the portal
    "not found": ("/nothing-here/", 404),
    "withdrawn": ("/resources/withdrawn/", 410),
    "not readable": ("/resources/?q=%00", 400),
    "no such link": ("/admin/password/MQ/no-token/", 200),
    "a link that does not work": ("/link/never-made/", 404),
}
MADE = {  # what no address answers, or not when asked to: as the portal would send it
    "no access": lambda: errors.permission_denied(None).content.decode(),
    "form expired": lambda: errors.csrf_failure(None).content.decode(),
    "not that way": lambda: errors.method_not_allowed(None, ["GET"]).content.decode(),
    "locked out": lambda: errors.locked_out(None).content.decode(),
    "broken": lambda: errors.server_error(None).content.decode(),
    "not available": lambda: errors.unavailable().content.decode(),
    "broken beyond templates": lambda: errors.PLAIN_PAGE.format(title=errors.PLAIN_TITLES[500]),
    "components": lambda: render_to_string("site/components.jinja", {"examples": examples.examples}),
}
PREVIEWS = {
    "draft resource": lambda: Resource.objects.get(slug="our-draft").get_preview_url(),
    "draft principle set": lambda: PrincipleSet.objects.get(slug="our-draft-set").get_preview_url(),
    "working copy": lambda: Resource.objects.get(slug="being-changed").get_preview_url(),
    "draft event": lambda: Event.objects.get(slug="our-draft-event").get_preview_url(),
}


COPIED = {  # pages of a static copy, by their file
    "home": "index.html",
    "library": "resources/index.html",
    "library, second page": "resources/page_2/index.html",
    "library, narrowed": "resources/topic_just-culture/index.html",
    "A to Z": "resources/a_to_z/index.html",
    "resource with everything": "resources/everything/index.html",
    "superseded resource": "resources/a-just-culture-guide/index.html",
    "withdrawn resource": "resources/withdrawn/index.html",
    "replaced": "replaced/index.html",
    "topic": "topics/just-culture/index.html",
    "region": "regions/north-west/index.html",
    "events": "events/index.html",
    "about": "about/index.html",
    "data": "data/index.html",
    "not found": "404.html",
}


def change(item, then="change"):
    return f"/admin/{item._meta.app_label}/{item._meta.model_name}/{item.pk}/{then}/"


def looking_back(slug, page):
    """A page that looks back to the first act there was."""

    def address():
        item = Resource.objects.get(slug=slug)
        first = history.events_of(Resource).filter(id=item.pk).order_by("pgh_id").first()
        return f"{change(item, page)}?{urlencode({'at': first.pgh_created_at.isoformat()})}"

    return address


def resource(slug, then="change"):
    return lambda: change(Resource.objects.get(slug=slug), then)


ADMIN = {
    "your work": "/admin/",
    "app": "/admin/resources/",
    "resources": "/admin/resources/resource/",
    "resources, searched and sorted": "/admin/resources/resource/?q=fair&o=1.-2&state__exact=published",
    "resources, nothing found": "/admin/resources/resource/?q=zyzzyva",
    "add a resource": "/admin/resources/resource/add/",
    "draft resource": resource("our-draft"),
    "resource in review": resource("our-review"),
    "published resource": resource("everything"),
    "superseded resource": resource("replaced-elsewhere"),
    "withdrawn resource": resource("withdrawn"),
    "published resource with a working copy": resource("being-changed"),
    "working copy": lambda: change(copies.of(Resource.objects.get(slug="being-changed"))),
    "approve": lambda: change(copies.of(Resource.objects.get(slug="being-changed")), "approve"),
    "give up a working copy": lambda: change(copies.of(Resource.objects.get(slug="being-changed")), "discard"),
    "history of a resource": resource("everything", "history"),
    "history with a working copy": resource("being-changed", "history"),
    "comparison": looking_back("our-draft", "compare"),
    "restore": looking_back("our-draft", "restore"),
    "send for review": resource("our-draft", "submit"),
    "publish": resource("our-draft", "publish"),
    "withdraw": resource("everything", "withdraw"),
    "supersede": resource("everything", "supersede"),
    "mark as reviewed": resource("everything", "review"),
    "change the address": resource("everything", "rename"),
    "share a preview": resource("our-draft", "share-preview"),
    "take back shared links": resource("our-draft", "end-links"),
    "ask for changes": resource("our-review", "ask-for-changes"),
    "delete a draft": resource("our-draft", "delete-draft"),
    "delete a lineage link": lambda: change(
        LineageLink.objects.filter(descendant_set__slug="north-west").first(), "delete"
    ),
    "principle sets": "/admin/principles/principleset/",
    "add a principle set": "/admin/principles/principleset/add/",
    "principle set": lambda: change(PrincipleSet.objects.get(slug="agreed-by-both")),
    "start a version": lambda: change(PrincipleSet.objects.get(slug="agreed-by-both"), "new-version"),
    "versions": "/admin/principles/setversion/",
    "version in draft": lambda: change(SetVersion.objects.filter(state="draft", set__slug="agreed-by-both").get()),
    "published version": lambda: change(SetVersion.objects.filter(state="published", set__slug="agreed-by-both").get()),
    "lineage": "/admin/principles/lineagelink/",
    "add a lineage link": "/admin/principles/lineagelink/add/",
    "lineage link": lambda: change(LineageLink.objects.filter(descendant_set__slug="north-west").first()),
    "themes": "/admin/principles/theme/",
    "groups of search words": "/admin/search/wordgroup/",
    "fruitless searches": "/admin/search/fruitlesssearch/",
    "fruitless search": lambda: change(FruitlessSearch.objects.get(words="car park")),
    "add an event": "/admin/events/event/add/",
    "event": lambda: change(Event.objects.get(slug="meeting")),
    "organisations": "/admin/resources/organisation/",
    "add an organisation": "/admin/resources/organisation/add/",
    "organisation": lambda: change(Organisation.objects.first()),
    "topic": lambda: change(Topic.objects.get(slug="just-culture")),
    "region": lambda: change(Region.objects.get(slug="north-west")),
    "change password": "/admin/password_change/",
    "where you are signed in": "/admin/sessions/",
    "set up a second factor": "/admin/second-factor/set-up/",
}
NATIONAL_ADMIN = {
    "add a group of search words": "/admin/search/wordgroup/add/",
    "find other words": lambda: change(FruitlessSearch.objects.get(words="car park"), "synonym"),
    "commission something": lambda: change(FruitlessSearch.objects.get(words="car park"), "commission"),
    "topic": lambda: change(Topic.objects.get(slug="just-culture")),
    "add a starting point": "/admin/resources/startingpoint/add/",
    "starting point": lambda: change(StartingPoint.objects.first()),
    "give to another region": resource("everything", "hand-over"),
    "region": lambda: change(Region.objects.get(slug="north-west")),
}
ACCOUNTS_ADMIN = {
    "accounts": "/admin/curation/curator/",
    "add an account": "/admin/curation/curator/add/",
    "account": lambda: change(Curator.objects.get(email="north-west@example.nhs.uk")),
    "history of an account": lambda: change(Curator.objects.get(email="north-west@example.nhs.uk"), "history"),
    "new password link": lambda: change(Curator.objects.get(email="north-west@example.nhs.uk"), "password-link"),
    "confirm access": lambda: change(Curator.objects.get(email="north-west@example.nhs.uk"), "confirm-access"),
}


def address(page):
    return page() if callable(page) else page
