from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("curation", "0002_editions")]

    operations = [
        migrations.RunSQL(
            "INSERT INTO curation_contentversion (id, mark) VALUES (1, gen_random_uuid())",
            "DELETE FROM curation_contentversion",
        )
    ]
