"""The page on samples: everything is there, nothing is run, no network."""

import re

import numpy as np
import pytest

from isoflop.report.about_samples import render_samples
from isoflop.report.sheet import write_sheet
from isoflop.testtime.counts import Counts
from isoflop.testtime.forecasts.summary import SampleSummary, summarise
from isoflop.testtime.reading.read import read_counts_by


def summary(group: str = "", seed: int = 1, **settings) -> SampleSummary:
    rng = np.random.default_rng(seed)
    names = tuple(f"p{k}" for k in range(40))
    counts = Counts(names, np.full(40, 32), rng.binomial(32, rng.beta(0.4, 1.0, 40)), group=group)
    return summarise(counts, rng=rng, draws=200, **settings)


def text_of(page: str) -> str:
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


@pytest.fixture(scope="module")
def one() -> SampleSummary:
    return summary()


def test_the_page_says_what_the_summary_says(one):
    page = render_samples([one], command="isoflop samples x.csv")
    text = text_of(page)
    for said in one.conclusions():
        assert said[1:] in text
    for name in ("Samples and checks", "Solved by k samples", "Forecast to more samples", "Back-test", "leave out"):
        assert name in text
    for k in one.shown():
        assert f"{k:,.0f}" in text
    assert "isoflop samples x.csv" in text
    assert page.count("<figure>") == 3
    # Links lead within the page and pictures are in it.
    body = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
    assert re.search(r'src="data:', body)
    assert not re.search(r'(?:src|href)="(?!data:|#)', body)


def test_parts_share_one_page():
    parts = [summary("first", 1, backtest=False), summary("second", 2, backtest=False)]
    text = text_of(render_samples(parts))
    assert "2 parts: a single sample is right in" in text
    assert "Parts side by side" in text
    assert "Made by a call from Python." in text


def test_hostile_names_are_shown_and_not_run():
    name = "<script>alert(1)</script>"
    columns = {"model": [name] * 12, "problem": [f"{name}{k % 4}" for k in range(12)], "correct": [0, 1, 0, 1] * 3}
    counts = next(iter(read_counts_by(columns, by=["model"]).values()))
    found = summarise(counts, rng=np.random.default_rng(0), draws=100)
    page = render_samples([found])
    assert name not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_page_without_forecast_says_why(tmp_path):
    counts = Counts(("a", "b", "c"), np.full(3, 8), np.full(3, 8))
    found = summarise(counts, rng=np.random.default_rng(0), draws=100)
    path = write_sheet(tmp_path / "page.html", render_samples([found]))
    text = text_of(path.read_text("utf-8"))
    assert "Every sample is correct, so no law of coverage can be fitted" in text
    assert "The checks found nothing" in text
