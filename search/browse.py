"""What a search found, narrowed by kind and region."""

from urllib.parse import urlencode

from curation.browsing import Chip, Choice, Facet, with_query
from curation.models import Region, address

FACETS = {"kind": "Kind", "region": "Region"}


class Found:
    """The answers to a search that are left under a reader's choices, and what each further choice would leave.

    What is not known is said in a sentence and left out; nothing is an error.
    """

    def __init__(self, request, answers, models):
        query = request.GET
        self.answers, self.action = answers, address("search:results")
        self.as_typed = bool(query.get("exact"))
        self.typed = answers.typed.text
        regions = list(Region.objects.values_list("pk", "slug", "name"))
        self._labels = {
            "kind": {model._meta.model_name: _title(model) for model in models},
            "region": {slug: name for _, slug, name in regions},
        }
        kinds = {model._meta.label_lower: model._meta.model_name for model in models}
        slugs = {pk: slug for pk, slug, _ in regions}
        self.values, self.messages = {}, []
        for name, labels in self._labels.items():
            asked = dict.fromkeys(query.getlist(name))
            self.values[name] = [value for value in asked if value in labels]
            if any(value and value not in labels for value in asked):
                self.messages.append(f"We left out a choice under “{FACETS[name]}” that we do not know.")
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
        counts = dict.fromkeys(self._labels[name], 0)
        for values in found:
            for value in values:
                counts[value] += 1
        chosen = self.values[name]
        choices = tuple(
            Choice(value, label, value in chosen)
            for value, label in self._labels[name].items()
            if counts[value] or value in chosen
        )
        return Facet(name, FACETS[name], choices, tuple(counts[choice.value] for choice in choices))

    def link(self, page=1):
        return with_query(self.action, self._query(self.values), f"page={page}" if page != 1 else "")

    @property
    def as_typed_link(self):
        return with_query(self.action, self._query(self.values, as_typed=True))

    @property
    def clear_link(self):
        return with_query(self.action, self._query({}))

    @property
    def chosen(self):
        return [
            Chip(self._labels[name][value], with_query(self.action, self._query(self._without(name, value))))
            for name in FACETS
            for value in self.values[name]
        ]

    def _without(self, name, value):
        return {**self.values, name: [other for other in self.values[name] if other != value]}

    def _query(self, values, as_typed=False):
        pairs = [("q", self.typed)] + ([("exact", "1")] if as_typed or self.as_typed else [])
        return urlencode(pairs + [(name, value) for name in FACETS for value in values.get(name, ())])


def _all_but(name, fit):
    return all(fits for other, fits in fit.items() if other != name)


def _title(model):
    name = str(model._meta.verbose_name_plural)
    return name[0].upper() + name[1:]
