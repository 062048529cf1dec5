import json

import pytest
from tests.report.support import elements_of

from isoflop import figures
from isoflop.errors import FileError
from isoflop.figures.save import script_json, spec_of

STARTS = {".png": b"\x89PNG", ".svg": b"<svg", ".pdf": b"%PDF", ".html": b"<!doctype html>", ".json": b"{"}


@pytest.fixture(scope="module")
def chart(fitted):
    return figures.interval_figure(fitted)


@pytest.mark.parametrize("suffix", list(STARTS))
def test_the_suffix_says_the_format(chart, tmp_path, suffix):
    path = figures.save(chart, tmp_path / f"figure{suffix}")
    assert path.read_bytes().startswith(STARTS[suffix])
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_every_figure_can_be_drawn(fitted, runs, tested, tmp_path):
    charts = [
        figures.fit_figure(fitted, runs),
        figures.residual_figure(fitted, runs),
        figures.isoflop_figure(fitted, runs),
        figures.forecast_figure(fitted, runs, target=1e22),
        figures.backtest_figure(tested),
        figures.prediction_figure(tested),
        figures.draws_figure(fitted),
    ]
    for number, chart in enumerate(charts):
        drawn = figures.save(chart, tmp_path / f"{number}.svg", width=300).read_text("utf-8")
        # What Vega cannot place it writes as NaN.
        assert "NaN" not in drawn
        chart.to_dict(validate=True)


def test_a_page_needs_no_network(chart, tmp_path):
    page = figures.save(chart, tmp_path / "figure.html").read_text("utf-8")
    elements = elements_of(page)
    assert [tag for tag, _ in elements].count("script") == 2
    assert not [pair for _, names in elements for pair in names if pair in {"src", "href"}]


def test_a_chart_fills_what_holds_it_unless_a_width_is_given(chart):
    assert spec_of(chart)["width"] == "container"
    assert spec_of(chart, width=300)["width"] == 300


def test_the_same_chart_gives_the_same_bytes(fitted, tmp_path):
    first = figures.save(figures.draws_figure(fitted), tmp_path / "a.json").read_bytes()
    assert first == figures.save(figures.draws_figure(fitted), tmp_path / "b.json").read_bytes()
    assert json.loads(first)["title"]["text"]


def test_an_unknown_format_is_refused(chart, tmp_path):
    with pytest.raises(FileError, match=r"\.png, \.svg, \.pdf, \.html, \.json"):
        figures.save(chart, tmp_path / "figure.bmp")
    with pytest.raises(FileError, match="folder that exists"):
        figures.save(chart, tmp_path / "nowhere" / "figure.json")


def test_no_text_ends_the_script_that_holds_it():
    text = script_json({"title": "</script><!--<script>&"})
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"title": "</script><!--<script>&"}
