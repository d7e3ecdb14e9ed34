"""The inverted index: which document holds which word how often, kept in step with the documents by their triggers.

The ORM has no primary key that carries columns along, so these tables are SQL. search/index.py and search/ranking.py
are the only ones to read and write them.
"""

from django.contrib.postgres.operations import CreateExtension, TrigramExtension
from django.db import migrations

TABLES = """
-- A posting is a function of its document alone: statistics may drift, postings never do.
CREATE TABLE search_posting (
    term text COLLATE "C" NOT NULL,
    document_id integer NOT NULL,
    frequency smallint NOT NULL,    -- how often, each time in the title counted twice
    length smallint NOT NULL,       -- of the document: the sum of its frequencies
    PRIMARY KEY (term, document_id) INCLUDE (frequency, length)
);
-- What ranking needs to know of the whole; made again by index.refresh_statistics().
CREATE TABLE search_term (
    term text COLLATE "C" NOT NULL,
    documents integer NOT NULL,     -- how many hold it
    PRIMARY KEY (term) INCLUDE (documents)
);
CREATE TABLE search_statistics (
    is_the_row boolean PRIMARY KEY DEFAULT true CHECK (is_the_row),
    documents integer NOT NULL,
    length double precision NOT NULL    -- of a document, on average
);
-- Words as they are written, to repair what is typed and to complete it.
CREATE TABLE search_word (
    word text COLLATE "C" PRIMARY KEY,
    documents integer NOT NULL
);
CREATE INDEX search_word_alike ON search_word USING gin (word gin_trgm_ops);

CREATE FUNCTION search_postings(vector tsvector) RETURNS TABLE (term text, frequency smallint, length smallint)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lexeme, least(often, 32767)::smallint, least(sum(often) OVER (), 32767)::smallint
    FROM unnest(vector), LATERAL (
        SELECT coalesce(sum(CASE weight WHEN 'A' THEN 2 ELSE 1 END), 1) AS often FROM unnest(weights) AS weight
    ) AS counted
$$;

-- Known words that one could have meant by a word: at most two slips away.
CREATE FUNCTION search_alike(typed text)
RETURNS TABLE (word text, documents integer, slips integer, likeness real)
LANGUAGE sql STABLE SET pg_trgm.similarity_threshold = 0.2 AS $$
    SELECT word, documents, levenshtein_less_equal(word, typed, 2), similarity(word, typed)
    FROM search_word
    WHERE word % typed AND abs(length(word) - length(typed)) <= 2 AND levenshtein_less_equal(word, typed, 2) <= 2
    ORDER BY 3, left(word, 1) = left(typed, 1) DESC, ln(1 + documents) + 3 * similarity(word, typed) DESC
    LIMIT 12
$$;
"""
REVERSE = """
DROP FUNCTION search_alike(text);
DROP FUNCTION search_postings(tsvector);
DROP TABLE search_posting, search_term, search_statistics, search_word;
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0003_texts_apart")]

    operations = [
        TrigramExtension(),
        CreateExtension("fuzzystrmatch"),
        migrations.RunSQL(TABLES, REVERSE),
    ]
