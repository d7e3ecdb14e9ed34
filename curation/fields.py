"""Columns that hold their own rule, in the form and in the database."""

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.db import models

RESERVED_SLUGS = ["calendar", "compare", "lineage", "month", "offer", "past", "versions"]
LONGEST_TEXT = 50_000  # characters of Markdown: more is a document to link to, and dear to read for a machine
SLUG_SHAPE = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class ChoiceField(models.CharField):
    """One of the values of a TextChoices class; "" too where it may be blank. The database knows the values."""

    def __init__(self, choices, *args, **kwargs):
        super().__init__(*args, **{"max_length": 30, **kwargs}, choices=choices)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        return name, path, [kwargs.pop("choices"), *args], kwargs

    def db_check(self, connection):
        values = [value for value, _ in self.flatchoices] + ([""] if self.blank else [])
        known = ", ".join(f"'{value}'" for value in values)
        return f"{connection.ops.quote_name(self.column)} IN ({known})"


class WebAddressFormField(forms.URLField):
    default_validators = (URLValidator(schemes=["http", "https"]),)


class WebAddressField(models.URLField):
    """An http or https address: anything else, such as javascript:, is refused here and by the database."""

    def __init__(self, *args, **kwargs):
        kwargs.update(max_length=1000, blank=True)
        super().__init__(*args, **kwargs)
        self.validators = [*self.validators, URLValidator(schemes=["http", "https"])]

    def db_check(self, connection):
        return f"{connection.ops.quote_name(self.column)} ~* '^(https?://|$)'"

    def formfield(self, **kwargs):
        return super().formfield(**{"form_class": WebAddressFormField, "assume_scheme": "https", **kwargs})


class PublicSlugField(models.SlugField):
    """The last part of a public address. It never changes once published."""

    def __init__(self, *args, **kwargs):
        taken = {"unique": "This address is taken. Choose another."}  # whoever has it, and whatever its state
        kwargs = {"max_length": 100, "unique": True, "error_messages": taken, **kwargs}
        super().__init__(*args, **kwargs)
        self.validators = [
            *self.validators,
            RegexValidator(SLUG_SHAPE, "Use small letters, numbers and single hyphens."),
            refuse_reserved,
        ]

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "unique": self.unique}  # a history table's copy is not unique

    def db_check(self, connection):
        column = connection.ops.quote_name(self.column)
        reserved = ", ".join(f"'{word}'" for word in RESERVED_SLUGS)
        return f"{column} ~ '{SLUG_SHAPE}' AND {column} NOT IN ({reserved})"


def refuse_reserved(slug):
    if slug in RESERVED_SLUGS:
        raise ValidationError(f"“{slug}” is an address of the portal itself. Choose another.", code="reserved")
