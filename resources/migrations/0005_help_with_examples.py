"""Help texts, which stand in the migrations before this one now: they are nothing to a database."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("resources", "0004_workflow"),
    ]

    operations = []
