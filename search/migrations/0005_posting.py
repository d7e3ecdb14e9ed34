"""Postings follow the documents. Those that are there already are posted once; `serve` fills in their regions."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import pgtrigger.compiler
import pgtrigger.migrations
import search.models
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("search", "0004_index"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="searchdocument",
            name="document_words",
        ),
        migrations.AddField(
            model_name="searchdocument",
            name="regions",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="searchdocument",
            index=models.Index(search.models.Lexemes("title"), name="document_by_title"),
        ),
        migrations.AddIndex(
            model_name="searchdocument",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass("title", name="gin_trgm_ops"), name="document_title_parts"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchdocument",
            trigger=pgtrigger.compiler.Trigger(
                name="posts_what_is_new",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    INSERT INTO search_posting SELECT p.term, d.id, p.frequency, p.length FROM new_rows AS d, search_postings(d.vector) AS p\n        ON CONFLICT (term, document_id) DO UPDATE SET frequency = excluded.frequency, length = excluded.length; RETURN NULL;",
                    hash="bc65ed8c91bde45bd89e2405dcdd6a9cf65b5d0e",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_posts_what_is_new_93894",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="search_searchdocument",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchdocument",
            trigger=pgtrigger.compiler.Trigger(
                name="posts_what_changed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            \n    DELETE FROM search_posting AS p USING (SELECT id, o.vector FROM old_rows AS o JOIN new_rows AS n USING (id) WHERE o.vector IS DISTINCT FROM n.vector) AS d, unnest(d.vector) AS word\n    WHERE p.term = word.lexeme AND p.document_id = d.id;\n            \n    INSERT INTO search_posting SELECT p.term, d.id, p.frequency, p.length FROM (SELECT id, n.vector FROM old_rows AS o JOIN new_rows AS n USING (id) WHERE o.vector IS DISTINCT FROM n.vector) AS d, search_postings(d.vector) AS p\n        ON CONFLICT (term, document_id) DO UPDATE SET frequency = excluded.frequency, length = excluded.length;\n            RETURN NULL;\n        ",
                    hash="9cc8a8f9d9b0b48f9b0baf936a0b84fdd788bb34",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_posts_what_changed_811a0",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="search_searchdocument",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchdocument",
            trigger=pgtrigger.compiler.Trigger(
                name="drops_what_is_gone",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    DELETE FROM search_posting AS p USING old_rows AS d, unnest(d.vector) AS word\n    WHERE p.term = word.lexeme AND p.document_id = d.id; RETURN NULL;",
                    hash="871602f7f373534a5a2a165d01da3f9cf57b3ad6",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_drops_what_is_gone_866b9",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="search_searchdocument",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchdocument",
            trigger=pgtrigger.compiler.Trigger(
                name="drops_everything",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="TRUNCATE search_posting; RETURN NULL;",
                    hash="a91c613d9a12ef18a370878c693184a7749f7cf5",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_drops_everything_15e5e",
                    table="search_searchdocument",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(
            """INSERT INTO search_posting SELECT p.term, d.id, p.frequency, p.length
            FROM search_searchdocument AS d, search_postings(d.vector) AS p""",
            migrations.RunSQL.noop,
        ),
    ]
