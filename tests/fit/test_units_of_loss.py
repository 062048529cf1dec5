"""Losses in other units never pass for the law's own."""

import numpy as np
import pytest

from isoflop import laws
from isoflop.errors import LawError
from isoflop.fit.certify import certify_parameters
from isoflop.fit.fitting import fit_law
from isoflop.fit.result import Fit
from isoflop.runs.table import RunTable

CHINCHILLA = laws.get("chinchilla")
EPOCH = CHINCHILLA.published_set("epoch-2024").values


def runs_with(header: str) -> RunTable:
    """Sixteen runs of the law, their loss under a header."""
    params, tokens = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e8, 1e10, 4), np.geomspace(1e9, 1e11, 4)))
    loss = CHINCHILLA.predict(EPOCH, params=params, tokens=tokens)
    return RunTable.from_columns({"params": params, "tokens": tokens, header: loss}, mapping={"loss": header})


def test_a_forecast_is_in_the_unit_of_the_table() -> None:
    fit = fit_law(CHINCHILLA, runs_with("val_bpb"))
    assert fit.law.unit == "bits/byte"
    assert Fit.from_json(fit.to_json()).law.unit == "bits/byte"
    assert fit_law(CHINCHILLA, runs_with("val_loss")).law.unit == "nats/token"


def test_another_response_is_not_in_nats() -> None:
    runs = runs_with("val_loss")
    columns = {word: runs.column(word) for word in ("params", "tokens")} | {"score": runs.column("loss")}
    table = RunTable.from_columns(columns, response="score")
    assert fit_law(CHINCHILLA, table, response="score").law.unit == ""


def test_published_constants_do_not_judge_a_loss_in_other_units() -> None:
    with pytest.raises(LawError, match=r"loss is in bits/byte.*nats/token\. Convert the column"):
        certify_parameters(CHINCHILLA, runs_with("val_bpb"), EPOCH)
