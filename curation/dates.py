"""Dates as far as they are known, so that nobody has to invent a day."""

import re
from contextlib import suppress
from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.query_utils import DeferredAttribute

MONTHS = [date(2000, month, 1).strftime("%B") for month in range(1, 13)]
SHAPE = r"^([0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?)?$"
HELP = "As much as is known: 2021, June 2021 or 15 June 2021. Leave it empty when it is not known."


class PartialDate(str):
    """A year, a month or a day as ISO 8601 writes them ("2021", "2021-06", "2021-06-15"); "" is not known.

    It sorts as text does: an unknown date first, a year before its months, a month before its days.
    Raises ValueError for anything else, including days that do not exist.
    """

    __slots__ = ()

    def __new__(cls, value=""):
        value = str(value)
        if not re.fullmatch(SHAPE, value):
            raise ValueError(f"{value!r} is not a year, a month or a day.")
        if len(value) == 10:
            date.fromisoformat(value)
        return super().__new__(cls, value)

    @classmethod
    def read(cls, text):
        """A date as people write it: "2021", "June 2021", "15 June 2021", "2021-06", "15/06/2021"."""
        text = " ".join(str(text).split())
        if match := re.fullmatch(r"(?:(\d{1,2}) )?([A-Za-z]+) (\d{4})", text):
            day, name, year = match.groups()
            months = [n for n, month in enumerate(MONTHS, 1) if month.lower().startswith(name.lower())]
            if len(name) >= 3 and len(months) == 1:
                return cls(f"{year}-{months[0]:02}" + (f"-{int(day):02}" if day else ""))
        if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text):
            day, month, year = match.groups()
            return cls(f"{year}-{int(month):02}-{int(day):02}")
        return cls(text)

    @property
    def words(self):
        """The date in words: "15 June 2021", "June 2021", "2021"; "" when it is not known."""
        year, month, day = [*self.split("-"), "", "", ""][:3]
        return " ".join(part for part in (day.lstrip("0"), month and MONTHS[int(month) - 1], year) if part)


class PartialDateAttribute(DeferredAttribute):
    """Text given to the field is a PartialDate at once; what is none stays as it is for validation to refuse."""

    def __set__(self, instance, value):
        with suppress(ValueError):
            value = PartialDate("" if value is None else value)
        instance.__dict__[self.field.attname] = value


class PartialDateField(models.CharField):
    """A column that holds a PartialDate. "" stands for not known; the shape is checked by the database too."""

    descriptor_class = PartialDateAttribute

    def __init__(self, *args, **kwargs):
        kwargs["max_length"] = 10
        kwargs.setdefault("help_text", HELP)
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs

    def db_check(self, connection):
        return f"{connection.ops.quote_name(self.column)} ~ '{SHAPE}'"

    def from_db_value(self, value, expression, connection):
        return None if value is None else PartialDate(value)

    def to_python(self, value):
        if value is None or isinstance(value, PartialDate):
            return value
        try:
            return PartialDate.read(value)
        except ValueError:
            raise ValidationError("Enter a year, a month or a day, like 2021, June 2021 or 15 June 2021.") from None

    def formfield(self, **kwargs):
        return super().formfield(**{"form_class": PartialDateFormField, "max_length": 40, **kwargs})


class PartialDateFormField(forms.CharField):
    """Shows the date in words and takes it back in words."""

    def prepare_value(self, value):
        return value.words if isinstance(value, PartialDate) else value
