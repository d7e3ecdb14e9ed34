"""How words match and rank: BM25 over the postings, in one statement that asks who may see what as well.

BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the idf of
Lucene, which is never below zero.
"""

import re
from typing import NamedTuple

from django.contrib.postgres.search import SearchHeadline, SearchQuery
from django.db import connection
from django.db.models import TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Concat, Left
from django.utils.html import escape
from django.utils.safestring import mark_safe

from curation.models import CuratedModel
from curation.states import State
from search import meaning
from search.models import CONFIG, Lexemes, SearchDocument, WordGroup
from search.question import LONGEST, Question, likeliest

DEPTH = 500  # answers that a search has at most: behind them is nothing that anyone would have meant
K1, B = 1.2, 0.75  # how soon more of the same word stops counting, and how much a long text pays for its length
START, STOP = "\x02", "\x03"  # stand around what matched; text in the database holds no control characters
SAME = 0.3  # what another word for the same thing counts, beside the one that was typed
NEAR = 3  # words that are named when a word could not be repaired
FEWEST = 3  # letters from which on something is suggested
READ = 20_000  # characters of an item in which an extract is looked for

# What a posting is worth to the question that `asked` holds
WORTH = f"gain * frequency / (frequency + {K1 * (1 - B)} + per_length * length)"

# Rare words find the answers. A word so common that enough has been found before its turn only ranks what was found,
# unless a phrase is asked for: then every word finds. Where nothing was counted yet, it is counted as it is needed.
RANKED = f"""
WITH typed AS MATERIALIZED (
    SELECT term, max(weight) AS weight FROM (
        SELECT lexeme, coalesce(cardinality(positions), 1)::float8 FROM unnest(to_tsvector('{CONFIG}', %s))
        UNION ALL
        SELECT x.lexeme, {SAME} / length(vector)
        FROM unnest(%s::text[]) AS word, to_tsvector('{CONFIG}', word) AS vector, unnest(vector) AS x
    ) AS words (term, weight) GROUP BY term
), counted AS MATERIALIZED (
    SELECT term, weight,
        coalesce(t.documents, (SELECT count(*) FROM search_posting AS p WHERE p.term = typed.term)) AS documents
    FROM typed LEFT JOIN search_term AS t USING (term)
), whole AS MATERIALIZED (
    SELECT coalesce(
            (SELECT documents FROM search_statistics), (SELECT count(*) FROM search_searchdocument)
        )::float8 AS documents,
        coalesce(
            (SELECT length FROM search_statistics),
            (SELECT avg(length) FROM (SELECT DISTINCT document_id, length FROM search_posting) AS d), 1
        )::float8 AS length
), asked AS MATERIALIZED (
    SELECT term, {K1 * B} / w.length AS per_length,
        weight * {K1 + 1} * ln(1 + (greatest(w.documents - c.documents, 0) + .5) / (c.documents + .5)) AS gain,
        sum(c.documents) OVER (ORDER BY c.documents, term) - c.documents < greatest(2000, w.documents / 50)
            OR %s AS finds
    FROM counted AS c, whole AS w
), found AS MATERIALIZED (
    SELECT p.document_id, sum({WORTH}) AS score
    FROM asked JOIN search_posting AS p USING (term) WHERE finds GROUP BY 1
), best AS MATERIALIZED (
    SELECT answer.*, score
    FROM (SELECT * FROM found ORDER BY score DESC, document_id) AS found,
        LATERAL ({{answer}}) AS answer (id, kind, object_id, regions, successor)
    LIMIT {DEPTH}
)
SELECT id, kind, object_id, regions, successor, score + coalesce((
        SELECT sum({WORTH})
        FROM asked JOIN search_posting AS p USING (term) WHERE NOT finds AND p.document_id = best.id
    ), 0)
FROM best
"""

GROUPS = f"""
SELECT relation, words, leads_to, ARRAY(
    SELECT n FROM generate_subscripts(queries, 1) AS n WHERE as_written @@ queries[n] OR as_meant @@ queries[n]
)
FROM search_wordgroup, to_tsvector('simple', %(text)s) AS as_written, to_tsvector('{CONFIG}', %(text)s) AS as_meant
WHERE NOT is_retired
    AND EXISTS (SELECT FROM unnest(queries) AS query WHERE as_written @@ query OR as_meant @@ query)
"""
BROADER = f"""
SELECT words FROM search_wordgroup, to_tsvector('{CONFIG}', %(text)s) AS asked
WHERE NOT is_retired AND relation = 'one_way'
    AND EXISTS (SELECT FROM unnest(leads_to) AS phrase WHERE asked @@ phraseto_tsquery('{CONFIG}', phrase))
"""
IS_SHOWN = f"""EXISTS (
    SELECT FROM unnest(to_tsvector('{CONFIG}', word)) AS x JOIN search_posting AS found ON found.term = x.lexeme,
        LATERAL ({{answer}}) AS answer
)"""
UNKNOWN = f"""
SELECT word FROM unnest(%s::text[]) AS word
WHERE cardinality(tsvector_to_array(to_tsvector('{CONFIG}', word))) > 0 AND NOT {IS_SHOWN}
"""
ALIKE = f"SELECT typed, alike.* FROM unnest(%s::text[]) AS typed, search_alike(lower(typed)) AS alike WHERE {IS_SHOWN}"
SUGGESTED = """
SELECT title FROM (
    SELECT array_agg(id) AS ids, title FROM search_searchdocument
    WHERE title ~* ALL(%s) GROUP BY title ORDER BY title ILIKE %s DESC, length(title), title LIMIT 100
) AS titles, LATERAL (
    SELECT FROM unnest(ids) AS found (document_id), LATERAL ({answer}) AS answer LIMIT 1
) AS shown LIMIT 8
"""
TITLE = Lexemes.template % {"expressions": "title"}  # as the index has it
EXACT = f"SELECT id FROM search_searchdocument WHERE {TITLE} = {Lexemes.template % {'expressions': '%s'}}"


class Match(NamedTuple):
    """One answer: of which item, by the pk of its document, and how good it is, in the units of BM25."""

    pk: int
    kind: str
    object_id: int
    score: float
    is_superseded: bool
    regions: list[int]


class Answers(list):
    """Matches, best first. `question` is what they answer, `typed` what was asked: words of it may have been repaired.

    `repairs`: word as typed → word that was looked for instead. `nearest`: words that something has,
    near to one which nothing has, but too far to be taken for it.
    """

    def __init__(self, matches, typed, question, repairs, nearest):
        super().__init__(matches)
        self.typed, self.question, self.repairs, self.nearest = typed, question, repairs, nearest

    @property
    def is_cut_off(self):
        """Whether there would be more."""
        return len(self) == DEPTH


class Shown:
    """What may be found: one visible queryset for each kind, asked of one document at a time.

    Their SQL is put together by hand: as one queryset, Django would work on it longer than PostgreSQL.
    """

    def __init__(self, among):
        visible, self._parameters, successor = [], [], []
        for items in among:
            kind = items.model._meta.label_lower
            this = items.order_by().filter(pk=RawSQL("document.object_id", [])).values_list(Value(1))
            sql, parameters = this.query.get_compiler(connection=connection).as_sql()
            visible.append(f"WHEN '{kind}' THEN EXISTS ({sql})")
            self._parameters += parameters
            if issubclass(items.model, CuratedModel):
                # 0 stands for an outside address: replaced, but by nothing that is found here
                successor.append(
                    f"WHEN '{kind}' THEN (SELECT coalesce(superseded_by_id, 0) FROM {items.model._meta.db_table} "
                    f"WHERE id = document.object_id AND state = '{State.SUPERSEDED}')"
                )
        self._visible = f"CASE kind {' '.join(visible)} ELSE false END" if visible else "false"
        self._successor = f"CASE kind {' '.join(successor)} END" if successor else "NULL::bigint"

    def answer(self, question=None):
        """The SQL and parameters of one row if `found.document_id` may be shown and has what the question insists on.

        Its LIMIT keeps it apart: it is asked of a document when its turn has come, and never of all of them at once.
        """
        phrases, unwanted = (question.phrases, question.unwanted) if question else ((), ())
        sql = (
            f"SELECT id, kind, object_id, regions, {self._successor} FROM search_searchdocument AS document "
            f"WHERE id = found.document_id AND {self._visible}"
            + f" AND vector @@ phraseto_tsquery('{CONFIG}', %s)" * len(phrases)
            + f" AND NOT vector @@ plainto_tsquery('{CONFIG}', %s)" * len(unwanted)
            + " LIMIT 1"
        )
        return sql, [*self._parameters, *phrases, *unwanted]


def search(text, *, among, as_typed=False):
    """What answers *text*, best first, at most DEPTH of it.

    among: visible querysets, at most one for each kind. Visibility is joined in the statement, never asked afterwards.
    as_typed: repair no word.
    An exact title comes first, and with it what replaced the thing of that title. What is superseded counts half, and
    never as much as what replaced it.
    """
    typed = Question.of(text)
    if not typed.words.strip():
        return Answers([], typed, typed, {}, [])
    shown = Shown(among)
    same, known, never = other_words(typed)
    repairs, nearest = ({}, []) if as_typed else repairs_of(typed, shown, known)
    question = typed
    if repairs:
        question = typed.repaired(repairs)
        same, _, never = other_words(question)
    rows = ranked(question, same, shown)
    if not rows and not as_typed and (broader := broader_words(question, never)):
        rows = ranked(question, broader, shown)
    rows = meaning.rescored(rows, question.words)
    return Answers(in_order(rows, exact(question)), typed, question, repairs, nearest)


def ranked(question, same, shown):
    """What has any of the words asked, or of the words that are the *same*: rows as RANKED gives them."""
    answer, parameters = shown.answer(question)
    with connection.cursor() as cursor:
        cursor.execute(RANKED.format(answer=answer), [question.words, same, bool(question.phrases), *parameters])
        return cursor.fetchall()


def broader_words(question, never):
    """Words that lead to what was asked, one way. They are not what was meant, but better than no answer."""
    with connection.cursor() as cursor:
        cursor.execute(BROADER, {"text": question.words})
        words = {word for (words,) in cursor for word in words}
    return sorted(word for word in words if word.lower() not in never)


def other_words(question):
    """Other words for what was asked, as curators have grouped them; which words of it are in any group; and what it is
    never to be taken for, in small letters."""
    others, never, known = set(), set(), set()
    with connection.cursor() as cursor:
        cursor.execute(GROUPS, {"text": question.words})
        for relation, words, leads_to, places in cursor:
            phrases = [*words, *leads_to]
            said = {phrases[place - 1] for place in places}
            known.update(word for phrase in said for word in phrase.lower().split())
            if relation == WordGroup.Relation.TRAP:
                never |= {phrase.lower() for phrase in phrases if phrase not in said}
            else:
                others |= set(words if relation == WordGroup.Relation.EQUAL else leads_to) - said
    return sorted(other for other in others if other.lower() not in never), known, never


def repairs_of(question, shown, known=()):
    """For each word that nothing shown has, the word that was meant, if something shown has that; and for those that
    remain, words that are near.

    known: words that are right although nothing shown has them.
    """
    words = [word for word in question.mistakable() if word.lower() not in known]
    answer, parameters = shown.answer()
    with connection.cursor() as cursor:
        if words:
            cursor.execute(UNKNOWN.format(answer=answer), [words, *parameters])
            words = [word for (word,) in cursor]
        candidates = {word: [] for word in words}
        if words:
            cursor.execute(ALIKE.format(answer=answer), [words, *parameters])
            for typed, *alike in cursor:
                candidates[typed].append(alike)
    meant = {word: likeliest(word, alike) for word, alike in candidates.items()}
    near = [other for word, alike in candidates.items() if not meant[word] for other, *_ in alike[:NEAR]]
    return {word: other for word, other in meant.items() if other}, list(dict.fromkeys(near))


def suggestions(text, *, among):
    """Titles, at most 8, whose words begin with all the words of *text*: who searches for one of them finds it."""
    words = re.findall(r"\w+", text[:LONGEST])[:8]
    if sum(map(len, words)) < FEWEST:
        return []
    answer, parameters = Shown(among).answer()
    with connection.cursor() as cursor:
        cursor.execute(SUGGESTED.format(answer=answer), [[rf"\m{word}" for word in words], f"{words[0]}%", *parameters])
        return [title for (title,) in cursor if not Question.of(title).unwanted]


def exact(question):
    """The pks of documents whose title is what was asked for, word by word."""
    with connection.cursor() as cursor:
        cursor.execute(EXACT, [question.words])
        return {pk for (pk,) in cursor}


def in_order(rows, exact):
    """Matches of rows (pk, kind, object_id, regions, successor, score). exact: pks that come before all others."""
    score = {(kind, item): points for _, kind, item, _, _, points in rows}
    successor = {(kind, item): (kind, new) for _, kind, item, _, new, _ in rows if new is not None}
    first = {(kind, item) for pk, kind, item, *_ in rows if pk in exact}
    for thing in list(first):
        while (thing := successor.get(thing)) in score and thing not in first:
            first.add(thing)

    def points(thing):
        if thing not in successor:
            return score[thing]
        new = successor[thing]
        return min(score[thing], points(new) if new in score else score[thing]) / 2

    matches = [
        Match(pk, kind, item, points((kind, item)), new is not None, regions)
        for pk, kind, item, regions, new, _ in rows
    ]
    return sorted(matches, key=lambda match: (match[1:3] not in first, -match.score, match.pk))


def documents(matches, question):
    """The documents of these matches in their order, each with an extract that shows why it matched."""
    if not matches:
        return []
    extract = SearchHeadline(
        Left(Concat("summary", Value(" "), "body", output_field=TextField()), READ),
        AnyWord(Value(question.words)),
        config=CONFIG,
        start_sel=START,
        stop_sel=STOP,
        min_words=12,
        max_words=30,
        max_fragments=2,
        fragment_delimiter=" … ",
    )
    found = SearchDocument.objects.annotate(extract=extract).in_bulk([match.pk for match in matches])
    shown = [match for match in matches if match.pk in found]
    for match in shown:
        found[match.pk].is_superseded = match.is_superseded
    return [found[match.pk] for match in shown]


class AnyWord(SearchQuery):
    """A query for any of the words of a text. to_tsvector finds them, so nothing that is typed is a syntax error."""

    template = (
        "(SELECT coalesce(string_agg(quote_literal(lexeme), ' | '), '')::tsquery"
        f" FROM unnest(to_tsvector('{CONFIG}', %(expressions)s)))"
    )


def marked(extract):
    """An extract as markup: escaped first, then what matched is marked. PostgreSQL does not clean what it returns."""
    marks = escape(extract).replace(START, "<mark>").replace(STOP, "</mark>")
    return mark_safe(marks)  # noqa: S308 - everything but our own two marks was escaped in the line above
