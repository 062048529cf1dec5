import dataclasses
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from isoflop.errors import ColumnError, TableError, UnitsError
from isoflop.runs import Excluded, Provenance, RunTable


@pytest.fixture
def runs() -> RunTable:
    return RunTable.from_columns(
        {
            "N": ["100M", "1B", "x", "2e9"],
            "D": [2e9, 2e10, 1e9, None],
            "val_loss": [3, 2.5, float("nan"), "2.25"],
            "recipe": ["b", "a", None, 3],
            "seed": [1, 2, 10, 2],
        }
    )


def test_cells_become_numbers(runs: RunTable) -> None:
    np.testing.assert_array_equal(runs.column("params"), [1e8, 1e9, np.nan, 2e9])
    np.testing.assert_array_equal(runs.column("tokens"), [2e9, 2e10, 1e9, np.nan])
    np.testing.assert_array_equal(runs.column("loss"), [3, 2.5, np.nan, 2.25])


def test_what_cannot_be_read_is_kept_as_text(runs: RunTable) -> None:
    assert {name: dict(cells) for name, cells in runs.unreadable.items()} == {"params": {3: "x"}}


def test_names_are_words_first_then_the_others() -> None:
    table = RunTable.from_columns({"zeta": [1.0], "loss": [2.0], "N": [1e8], "ärger": ["a"]})
    assert table.names == ("params", "loss", "zeta", "ärger")


def test_flops_follow_from_params_and_tokens(runs: RunTable) -> None:
    np.testing.assert_array_equal(runs.column("flops"), [1.2e18, 1.2e20, np.nan, np.nan])
    assert runs.derived["flops"].startswith("flops = 6·params·tokens")
    assert any("6·params·tokens" in note for note in runs.notes)


def test_tokens_follow_from_flops_and_params() -> None:
    table = RunTable.from_columns({"C": [1.2e18], "N": [1e8], "loss": [3.0]})
    np.testing.assert_allclose(table.column("tokens"), [2e9], rtol=1e-15)
    assert set(table.derived) == {"tokens"}


def test_tokens_follow_from_steps_and_batch() -> None:
    table = RunTable.from_columns({"steps": [1000], "batch_tokens": [500_000], "loss": [3.0]})
    assert table.column("tokens").tolist() == [5e8]


def test_given_flops_are_not_recomputed() -> None:
    table = RunTable.from_columns({"C": [1.0e18], "N": [1e8], "D": [2e9], "loss": [3.0]})
    assert table.column("flops").tolist() == [1.0e18]
    assert table.derived == {}
    assert any("not recomputed" in note for note in table.notes)


def test_labels_are_sorted_and_missing_is_minus_one(runs: RunTable) -> None:
    levels, codes = runs.labels("recipe")
    assert levels == ("3", "a", "b")
    assert codes.tolist() == [2, 1, -1, 0]


def test_numbers_are_labels_too_in_numerical_order(runs: RunTable) -> None:
    levels, codes = runs.labels("seed")
    assert levels == ("1", "2", "10")
    assert codes.tolist() == [0, 1, 2, 1]


def test_labels_of_a_mixed_column_keep_the_texts() -> None:
    table = RunTable.from_columns({"model": [1, 3, "y2"], "loss": [1, 2, 3]})
    assert table.is_number("model")
    levels, codes = table.labels("model")
    assert [levels[code] for code in codes] == ["1", "3", "y2"]


def test_quantities_under_a_foreign_name_serve_as_numbers_and_labels() -> None:
    table = RunTable.from_columns({"size": ["7B", "190M", None], "loss": [1, 2, 3]})
    assert not table.is_number("size")
    np.testing.assert_array_equal(table.column("size"), [7e9, 1.9e8, np.nan])
    assert table.labels("size")[0] == ("190M", "7B")


def test_booleans_and_dates() -> None:
    table = RunTable.from_columns({"ok": [True, False], "day": [date(2024, 1, 2), None], "loss": [Decimal("2.5"), 1]})
    assert table.labels("ok")[0] == ("false", "true")
    assert table.column("ok").tolist() == [1.0, 0.0]
    assert table.labels("day")[0] == ("2024-01-02",)
    assert table.column("loss").tolist() == [2.5, 1.0]


def test_a_missing_column_names_the_nearest(runs: RunTable) -> None:
    with pytest.raises(ColumnError, match=r"no column 'parms'.*Did you mean 'params'\?.*mapping="):
        runs.column("parms")


def test_labels_are_no_numbers() -> None:
    table = RunTable.from_columns({"recipe": [None, "b", "a"], "loss": [1, 2, 3]})
    with pytest.raises(ColumnError, match=r"'recipe' holds labels, not numbers: row 2 is 'b'"):
        table.column("recipe")


def test_nothing_can_be_changed(runs: RunTable) -> None:
    with pytest.raises(ValueError, match="read-only"):
        runs.column("params")[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        runs.labels("recipe")[1][0] = 1
    with pytest.raises(ValueError, match="read-only"):
        runs.source_rows[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        runs.notes = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        runs.numbers["params"] = np.zeros(4)  # type: ignore[index]


def test_the_callers_arrays_stay_his_own() -> None:
    own = np.array([1e8, 2e8])
    table = RunTable.from_columns({"N": own})
    own[0] = 5.0
    assert table.column("params").tolist() == [1e8, 2e8]


def test_select_lists_what_goes(runs: RunTable) -> None:
    kept = runs.select(np.array([True, False, True, False]), "too small")
    assert kept.source_rows.tolist() == [1, 3]
    assert kept.excluded == (Excluded(2, "too small"), Excluded(4, "too small"))
    again = kept.select(np.array([False, True]), "odd")
    assert again.source_rows.tolist() == [3]
    assert again.excluded[-1] == Excluded(1, "odd")
    assert len(again.column("flops")) == len(again) == 1


def test_select_of_everything_is_the_table(runs: RunTable) -> None:
    assert runs.select(np.ones(4, dtype=bool), "none") is runs


def test_select_wants_one_truth_value_per_row(runs: RunTable) -> None:
    with pytest.raises(TableError, match=r"shape \(3,\), the table 4 rows"):
        runs.select(np.ones(3, dtype=bool), "")


def test_digest_is_of_values_not_of_origins() -> None:
    one = RunTable.from_columns({"N": ["1B", "2B"], "loss": [3.0, 0.0], "recipe": ["a", "b"]})
    two = RunTable.from_columns(
        {"loss": [3.0, -0.0], "method": ["a", "b"], "n_params": [1e9, 2e9]}, provenance=Provenance("x.csv", "00")
    )
    assert one.digest() == two.digest()
    assert one.digest(["params", "loss"]) == two.digest(["loss", "params"])
    assert one.digest(["params"]) != one.digest(["loss"])
    assert one.provenance.sha256 == one.digest()
    assert two.provenance.sha256 == "00"


def test_digest_sees_every_value() -> None:
    one = RunTable.from_columns({"N": [1e9, 2e9], "loss": [3.0, 2.0]})
    two = RunTable.from_columns({"N": [1e9, 2e9], "loss": [3.0, np.nextafter(2.0, 3.0)]})
    assert one.digest() != two.digest()


def test_mapping_wins_and_keeps_the_other() -> None:
    table = RunTable.from_columns(
        {"loss": [9.0], "loss_c4": [2.0], "tokens": [1.0], "D2": [5.0]},
        mapping={"loss": "loss_c4", "tokens": "D2*1e9"},
    )
    assert table.column("loss").tolist() == [2.0]
    assert table.column("file_loss").tolist() == [9.0]
    assert table.column("tokens").tolist() == [5e9]
    assert dict(table.provenance.mapping)["loss"] == "loss_c4"


def test_mapping_to_nothing() -> None:
    with pytest.raises(ColumnError, match="no column 'lss'"):
        RunTable.from_columns({"loss": [1.0]}, mapping={"loss": "lss"})
    with pytest.raises(UnitsError, match=r"loss='L\*x' has a factor that cannot be read"):
        RunTable.from_columns({"L": [1.0]}, mapping={"loss": "L*x"})


def test_two_columns_for_one_word_are_settled_in_a_stated_order() -> None:
    table = RunTable.from_columns({"val_loss": [2.0], "loss": [3.0], "train_loss": [1.0], "N": [1e8], "params": [2e8]})
    assert table.column("loss").tolist() == [3.0]
    assert table.column("val_loss").tolist() == [2.0]
    assert table.column("params").tolist() == [2e8]
    assert table.column("N").tolist() == [1e8]
    assert any(note.startswith("loss is read from column 'loss', not from 'val_loss'") for note in table.notes)


def test_an_alias_that_holds_words_is_no_number() -> None:
    table = RunTable.from_columns({"data": ["C4", "Pile"], "N": [1e8, 1e9], "C": [1e18, 1e19], "loss": [3.0, 2.0]})
    assert table.labels("data")[0] == ("C4", "Pile")
    np.testing.assert_allclose(table.column("tokens"), [1e18 / 6e8, 1e19 / 6e9], rtol=1e-15)
    assert any("'data' holds labels" in note for note in table.notes)


def test_conventions_are_stated() -> None:
    table = RunTable.from_columns(
        {"N_noembed": [1e8], "D": [1e9], "train_loss_bits": [1.0]}, mapping={"loss": "train_loss_bits"}
    )
    assert "params are without embeddings (column 'N_noembed')" in table.notes
    assert any("in bits/token by its name" in note for note in table.notes)
    assert any("training loss" in note for note in table.notes)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "no columns"),
        ({"N": []}, "no rows"),
        ({"N": [1], "D": [1, 2]}, "different lengths: N 1, D 2"),
        ({"N": 5}, "'N' is int, not a sequence"),
        ({"N": "7B"}, "'N' is str, not a sequence"),
        ({"N": {1, 2}}, "'N' is set, not a sequence"),
        ({"N": np.ones((2, 2))}, r"shape \(2, 2\)"),
    ],
)
def test_what_is_no_table(columns: dict[str, list[float]], message: str) -> None:
    with pytest.raises(TableError, match=message):
        RunTable.from_columns(columns)


def test_it_prints_ranges_and_conventions(runs: RunTable) -> None:
    text = str(runs)
    assert repr(runs) == "RunTable(4 runs, 6 columns, from memory)"
    assert "100M – 2.00B  (1 missing)" in text
    assert "note: derived: flops = 6·params·tokens" in text


def test_labels_are_those_of_the_selected_runs() -> None:
    table = RunTable.from_columns({"recipe": ["a", "c", "b", "c", None], "loss": [1.0, 2.0, 3.0, 4.0, 5.0]})
    assert table.labels("recipe")[0] == ("a", "b", "c")
    names, codes = table.select(np.array([False, True, True, True, True]), "test").labels("recipe")
    assert names == ("b", "c")
    assert codes.tolist() == [1, 0, 1, -1]
