"""Every address of the portal. They are a contract: other people's links rely on them."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from curation.accounts import ChoosePassword
from curation.views import Page, guest_link, preview
from events import views as events
from justculture import sitemap
from justculture import views as site
from justculture.examples import examples
from principles import views as principles
from resources import views as resources
from resources.models import StartingPoint, Topic
from search import views as search

HELP = {"topics": Topic.objects.visible, "starting_points": StartingPoint.objects.visible}


def app(name, *patterns):
    """The addresses of one app, whose names read "app:page"."""
    return path("", include((patterns, name)))


urlpatterns = [
    path("", site.Home.as_view(), name="home"),
    path("about/", Page.as_view(template_name="site/about.jinja"), name="about"),
    path("accessibility/", site.Accessibility.as_view(), name="accessibility"),
    path("privacy/", Page.as_view(template_name="site/privacy.jinja"), name="privacy"),
    app(
        "resources",
        path("resources/", resources.ResourceList.as_view(), name="list"),
        path("resources/<slug:slug>/", resources.ResourcePage.as_view(), name="detail"),
        path("feeds/resources.atom", resources.feed, name="feed"),
    ),
    app(
        "topics",
        path("topics/", resources.TopicList.as_view(), name="list"),
        path("topics/<slug:slug>/", resources.TopicPage.as_view(), name="detail"),
    ),
    app(
        "starts",
        path("start/", resources.StartList.as_view(), name="list"),
        path("start/<slug:slug>/", resources.StartPage.as_view(), name="detail"),
    ),
    app(
        "regions",
        path("regions/", site.RegionList.as_view(), name="list"),
        path("regions/<slug:slug>/", site.RegionPage.as_view(), name="detail"),
    ),
    app(
        "principles",
        path("principles/", principles.SetList.as_view(), name="list"),
        path("principles/<slug:slug>/", principles.SetPage.as_view(), name="detail"),
        path("principles/<slug:slug>/versions/<int:number>/", principles.SetPage.as_view(), name="version"),
        path("feeds/principles.atom", principles.feed, name="feed"),
    ),
    app(
        "events",
        path("events/", events.EventList.as_view(), name="list"),
        path("events/past/", events.PastEventList.as_view(), name="past"),
        path("events/<slug:slug>/", events.EventPage.as_view(), name="detail"),
        path("feeds/events.atom", events.feed, name="feed"),
    ),
    app(
        "search",
        path("search/", search.SearchPage.as_view(help=HELP), name="results"),
        path("search/suggest/", search.suggest, name="suggest"),
        path("opensearch.xml", search.description, name="description"),
    ),
    path("health/live/", site.live, name="live"),
    path("health/ready/", site.ready, name="ready"),
    path("sitemap.xml", sitemap.sitemap, name="sitemap"),
    path("robots.txt", site.robots, name="robots"),
    path(".well-known/security.txt", site.security, name="security"),
    path("preview/<str:kind>/<int:pk>/", preview, name="preview"),
    path("link/<str:token>/", guest_link, name="link"),
    path("admin/password/<uidb64>/<token>/", ChoosePassword.as_view(), name="choose-password"),
    path("admin/", admin.site.urls),
]

if settings.DEVELOPMENT:
    components = Page.as_view(template_name="site/components.jinja", extra_context={"examples": examples})
    urlpatterns.append(path("components/", components, name="components"))

handler400 = "justculture.errors.bad_request"
handler403 = "justculture.errors.permission_denied"
handler404 = "justculture.errors.page_not_found"
handler500 = "justculture.errors.server_error"
