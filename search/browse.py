"""What a search found, narrowed by kind and region."""

from urllib.parse import urlencode

from curation.browsing import Choice, Facet, Narrowing, with_query
from curation.models import Region, address

FACETS = {"kind": "Kind", "region": "Region"}


class Found(Narrowing):
    """The answers to a search that are left under a reader's choices, and what each further choice would leave.

    Nothing is an error.
    """

    filters = FACETS

    def __init__(self, request, answers, models):
        self.answers = answers
        regions = list(Region.objects.values_list("pk", "slug", "name"))
        labels = {
            "kind": {model._meta.model_name: _title(model) for model in models},
            "region": {slug: name for _, slug, name in regions},
        }
        as_typed = bool(request.GET.get("exact"))
        super().__init__(request.GET, address("search:results"), labels, q=answers.typed.text, as_typed=as_typed)
        kinds = {model._meta.label_lower: model._meta.model_name for model in models}
        slugs = {pk: slug for pk, slug, _ in regions}
        said = [
            {"kind": [kinds[match.kind]], "region": [slugs[pk] for pk in match.regions if pk in slugs]}
            for match in answers
        ]
        fits = [{name: self._fits(values, name) for name in FACETS} for values in said]
        self.matches = [match for match, fit in zip(answers, fits, strict=True) if all(fit.values())]
        self.facets = [
            self._facet(name, [values[name] for values, fit in zip(said, fits, strict=True) if _all_but(name, fit)])
            for name in FACETS
        ]

    def _fits(self, values, name):
        return not self.values[name] or not set(self.values[name]).isdisjoint(values[name])

    def _facet(self, name, found):
        counts = dict.fromkeys(self.labels[name], 0)
        for values in found:
            for value in values:
                counts[value] += 1
        chosen = self.values[name]
        choices = tuple(
            Choice(value, label, value in chosen)
            for value, label in self.labels[name].items()
            if counts[value] or value in chosen
        )
        return Facet(name, FACETS[name], choices, tuple(counts[choice.value] for choice in choices))

    @property
    def clear_link(self):
        return with_query(self.action, urlencode(self._pairs({})))


def _all_but(name, fit):
    return all(fits for other, fits in fit.items() if other != name)


def _title(model):
    name = str(model._meta.verbose_name_plural)
    return name[0].upper() + name[1:]
