"""What the index keeps beside the documents: postings, which follow each document by triggers, and what is counted over
all of them, which may drift a little and is made again by night and after large imports.
"""

from django.db import connection, transaction

# The words of documents as they are written. Numbers and codes are no words, nor is what is too short or long to be
# sure of when it is typed wrong.
WORDS = r"""
    SELECT word, ndoc AS documents FROM ts_stat(%s) WHERE length(word) BETWEEN 3 AND 40 AND word !~ '[\d_.:/@]'"""
TEXTS = "SELECT to_tsvector('simple', concat_ws(' ', title, tags, summary, body)) FROM search_searchdocument"
ONE_AT_A_TIME = 0x5EA2C4  # the advisory lock of whoever makes the statistics

WRONG = """
    WITH expected AS MATERIALIZED (
        SELECT p.term, d.id AS document_id, p.frequency, p.length
        FROM search_searchdocument AS d, search_postings(d.vector) AS p
    )
    SELECT DISTINCT document_id FROM (
        (TABLE expected EXCEPT TABLE search_posting) UNION ALL (TABLE search_posting EXCEPT TABLE expected)
    ) AS wrong
"""
POST = """
    INSERT INTO search_posting SELECT p.term, d.id, p.frequency, p.length FROM {}, search_postings(d.vector) AS p
        ON CONFLICT (term, document_id) DO UPDATE SET frequency = excluded.frequency, length = excluded.length"""
STATISTICS = """
    INSERT INTO search_statistics (documents, length)
        SELECT count(*), coalesce(avg(length), 1) FROM (SELECT DISTINCT document_id, length FROM search_posting) AS d
        ON CONFLICT (is_the_row) DO UPDATE SET documents = excluded.documents, length = excluded.length
"""
TERMS = "SELECT term, count(*)::integer AS documents FROM search_posting GROUP BY term"
INTO = """
    WITH counted AS MATERIALIZED ({counts}), gone AS (
        DELETE FROM {table} AS t WHERE NOT EXISTS (SELECT FROM counted AS c WHERE c.{key} = t.{key})
    )
    INSERT INTO {table} AS t ({key}, documents) SELECT {key}, documents FROM counted ORDER BY {key}
        ON CONFLICT ({key}) DO UPDATE SET documents = excluded.documents WHERE t.documents <> excluded.documents
"""


def learn(ids):
    """Add the words of these documents to those that are known, so that what is typed wrong can be led to them.

    For after the commit: who adds the same word at the same moment then waits for one statement, not a transaction.
    """
    texts = f"{TEXTS} WHERE id IN ({','.join(str(int(pk)) for pk in ids)})"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO search_word {WORDS} ORDER BY word ON CONFLICT DO NOTHING", [texts])


def mend():
    """Make the postings of every document say what it says. Returns how many documents had wrong ones.

    The triggers keep them right: this is for a table that was lost, or written by hand. Readers are never kept waiting.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WRONG)
        wrong = [pk for (pk,) in cursor]
        if wrong:
            cursor.execute("SELECT FROM search_searchdocument WHERE id = ANY(%s) ORDER BY id FOR SHARE", [wrong])
            cursor.execute("DELETE FROM search_posting WHERE document_id = ANY(%s)", [wrong])
            cursor.execute(POST.format("(SELECT * FROM search_searchdocument WHERE id = ANY(%s)) AS d"), [wrong])
    return len(wrong)


def refresh_statistics():
    """Count anew in how many documents each term and each word is, and how long documents are on average."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        cursor.execute(STATISTICS)
        cursor.execute(INTO.format(counts=TERMS, table="search_term", key="term"))
        cursor.execute(INTO.format(counts=WORDS, table="search_word", key="word"), [TEXTS])
        cursor.execute("ANALYZE search_posting, search_term, search_word, search_searchdocument")


def is_counted():
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM search_statistics")
        return cursor.rowcount == 1
