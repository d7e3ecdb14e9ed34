"""The judged questions: what untidy words should find in the starter content. They are older than any tuning."""

import json

import pytest
from django.apps import apps

from justculture.starter_content import Loader
from tests.bench.relevance import QUESTIONS, ndcg

pytestmark = pytest.mark.django_db


def test_every_answer_is_in_the_starter_content_and_every_question_is_asked_once():
    Loader().load()
    rows = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    answers = {answer for row in rows for answer in row["gains"]}
    there = {
        f"{kind}/{slug}"
        for kind in {answer.split("/")[0] for answer in answers}
        for slug in apps.get_model(kind)._base_manager.values_list("slug", flat=True)
    }
    assert answers - there == set()
    assert len({row["text"] for row in rows}) == len(rows) >= 60
    assert {gain for row in rows for gain in row["gains"].values()} == {1, 2, 3}
    assert {row["split"] for row in rows} == {"dev", "test"}


def test_the_measure_knows_the_best_the_worst_and_the_middle():
    gains = {"a": 3, "b": 1}
    assert ndcg(["a", "b"], gains) == 1
    assert ndcg(["x", "y"], gains) == 0
    assert 0.7 < ndcg(["b", "a"], gains) < 0.8
