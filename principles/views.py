"""Principle sets and their versions."""

from django.http import Http404
from django.utils.functional import cached_property

from curation.feeds import atom
from curation.states import State
from curation.views import CuratedPage, Page, for_everyone, for_reading
from principles.models import PrincipleSet


class SetList(Page):
    template_name = "principles/list.jinja"

    def get_context_data(self, **kwargs):
        framework = PrincipleSet.Standing.REFERENCE_FRAMEWORK
        sets = list(PrincipleSet.objects.current().for_cards().order_by("owner__order", "title", "pk"))
        return super().get_context_data(
            regional=[item for item in sets if item.standing != framework],
            frameworks=[item for item in sets if item.standing == framework],
            **kwargs,
        )


class SetPage(CuratedPage):
    """A set in its current version, or in an older one at that version's own address."""

    model = PrincipleSet
    template_name = "principles/set.jinja"

    @cached_property
    def versions(self):
        versions = self.object.versions.all()
        return list(versions if self.preview else versions.visible())

    def version(self):
        """The version to show. In a preview that is the newest, whatever its state."""
        if "number" in self.kwargs:
            return next((v for v in self.versions if v.number == self.kwargs["number"]), None)
        shown = (v for v in self.versions if self.preview or v.state == State.PUBLISHED)
        return next(shown, None)

    def get_context_data(self, **kwargs):
        item, version = self.object, self.version()
        if version is None and "number" in self.kwargs:
            raise Http404("There is no such version of this set.")
        for other in self.versions:
            other.url = other.get_absolute_url()
            other.is_current = other.state == State.PUBLISHED
        agreements = version.standing_agreements() if version else []
        return super().get_context_data(
            version=version,
            versions=self.versions,
            is_current=version is None or version.is_current or self.preview,
            texts=list(version.texts.select_related("theme", "principle")) if version else [],
            agreements=[agreement.sentence for agreement in agreements],
            is_agreed_by_both=len(agreements) == 2 and all(agreement.is_full for agreement in agreements),
            links=self.lineage(),
            canonical_path=version.url if version else item.get_absolute_url(),
            **kwargs,
        )


@for_everyone("region")
@for_reading
def feed(request):
    """Principle sets as a feed; `region` may be given any number of times."""
    sets = PrincipleSet.objects.current()
    if regions := [value for value in request.GET.getlist("region") if value]:
        sets = sets.filter(
            pk__in=PrincipleSet.regions.through.objects.filter(region__slug__in=regions).values("principleset")
        )
    return atom(request, "Principles", sets.newest_first())
