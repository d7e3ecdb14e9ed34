"""Columns that hold their own rule, in the form and in the database."""

from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.db import models
from url_normalize import url_normalize

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


def numbers(model, sent):
    """Those of the values *sent* that can be the number of a row of *model*. A forged post says other things too."""
    found = []
    for one in sent:
        with suppress(ValidationError):
            found.append(model._meta.pk.to_python(one))
    return [number for number in found if number is not None and 0 < number < 2**63]


class WebAddressFormField(forms.URLField):
    """Takes an http or https address, and gives it back in the one way that everybody would write it."""

    default_validators = (URLValidator(schemes=["http", "https"]),)

    def clean(self, value):
        return tidy_address(super().clean(value))


def tidy_address(address):
    """*address* as RFC 3986 has it in one way: a host in small letters, no default port, no dots to resolve.

    Raises ValidationError for one that cannot be an official address, since it carries somebody's name or password.
    """
    if not address:
        return address
    if urlsplit(address).username is not None:
        raise ValidationError("Leave out the user name and the password: this address is shown to everyone.")
    try:
        return url_normalize(address)
    except UnicodeError:  # its host is no name in any language
        raise ValidationError("Enter a valid URL.", code="invalid") from None


def ways_to_write(address):
    """The addresses of most likely the same page: by http or https, with "www." or not, with "/" at the end or not."""
    parts = urlsplit(address)
    host, path = parts.netloc.removeprefix("www."), parts.path.rstrip("/")
    return {
        urlunsplit((scheme, www + host, path + slash, parts.query, parts.fragment))
        for scheme in ("http", "https")
        for www in ("", "www.")
        for slash in ("", "/")
    }


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


class MarkdownField(models.TextField):
    """Text that readers see as Markdown makes it (justculture.markdown). Its form shows that while it is written."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"blank": True, "max_length": LONGEST_TEXT, **kwargs})

    def deconstruct(self):
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs  # nothing of it is the database's


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
