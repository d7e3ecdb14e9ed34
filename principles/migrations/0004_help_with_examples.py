"""Help texts, which stand in the migrations before this one now: they are nothing to a database."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("principles", "0003_workflow"),
    ]

    operations = []
