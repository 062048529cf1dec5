"""The command line shows every law of the catalogue, whole."""

import json

import pytest

from isoflop import laws
from isoflop.cli.boundary import run
from isoflop.laws import Law


def test_laws_lists_every_law(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "4000")
    assert run(["laws"]) == 0
    shown = capsys.readouterr().out
    for law in laws.catalogue().values():
        assert law.name in shown
        assert law.formula in shown
        assert law.title in shown


@pytest.mark.parametrize("law", [pytest.param(laws.get(name), id=name) for name in laws.names()])
def test_show_tells_everything(law: Law, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "4000")
    assert run(["show", law.name]) == 0
    shown = capsys.readouterr().out
    texts = [law.title, law.formula, law.counted, law.valid, law.advice, law.unit, str(law.source)]
    texts += [law.parameters[name].meaning for name in law.parameter_names]
    for published in law.published:
        texts += [published.name, published.where, published.note]
    for text in texts:
        assert text in shown


@pytest.mark.parametrize("law", [pytest.param(laws.get(name), id=name) for name in laws.names()])
def test_json_has_the_published_numbers_in_full(law: Law, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", law.name, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["formula"] == law.formula
    assert shown["latex"] == law.latex
    assert [p["values"] for p in shown["published"]] == [dict(p.values) for p in law.published]
