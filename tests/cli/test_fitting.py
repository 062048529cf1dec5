"""fit and predict: numbers, options, verdicts, files."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import LAW, Isoflop, chinchilla_rows, write_csv

QUICK = ("--bootstrap", "30")


def test_fit_recovers_a_law_and_says_what_it_stands_on(isoflop: Isoflop, runs: Path) -> None:
    found = isoflop("fit", runs, "--law", "chinchilla", *QUICK, "--json").json
    assert found["law"] == "chinchilla"
    assert found["rows"] == 25
    assert found["certificate"] == found["certificate"] | {"verdict": "certified", "reasons": []}
    low, high = found["parameters"]["alpha"]["interval"]
    assert low < LAW["alpha"] < high
    assert found["data"]["file"] == str(runs)
    assert len(found["data"]["sha256"]) == 64


def test_fit_prints_a_table_that_pipes_well(isoflop: Isoflop, runs: Path) -> None:
    ended = isoflop("fit", runs, "--law", "chinchilla", *QUICK)
    assert ended.status == 0
    assert ended.err == ""
    assert "certified" in ended.out.splitlines()
    rows = {line.split()[0]: line.split() for line in ended.out.splitlines() if line.split()}
    assert float(rows["alpha"][1]) == pytest.approx(LAW["alpha"], abs=0.05)
    assert not any(sign in ended.out for sign in "│┃─━\x1b")
    assert "90% interval" in ended.out
    assert "flops = 6·params·tokens" in ended.out


def test_the_chosen_objective_is_told_in_words(isoflop: Isoflop, runs: Path) -> None:
    ended = isoflop("fit", runs, "--law", "chinchilla", *QUICK, "--objective", "auto")
    lines = ended.out.splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("objective ") and "chosen among" in line)
    chosen = lines[at].split()[1]
    assert "held-out runs on" in lines[at]
    errors = {line.split()[0]: float(line.rpartition(" ")[2].rstrip("%")) for line in lines[at + 1 : at + 6]}
    assert chosen in errors
    assert list(errors.values()) == sorted(errors.values())
    assert "{" not in ended.out


def test_what_is_written_is_what_json_prints(isoflop: Isoflop, runs: Path, tmp_path: Path) -> None:
    target = tmp_path / "fit.json"
    ended = isoflop("fit", runs, "--law", "chinchilla", *QUICK, "--json", "-o", target)
    assert json.loads(target.read_text("utf-8")) == ended.json


def test_a_fit_is_the_same_twice_and_another_seed_moves_only_its_intervals(isoflop: Isoflop, runs: Path) -> None:
    first, again, other = (
        isoflop("fit", runs, "--law", "chinchilla", *QUICK, "--json", "--seed", seed).json for seed in (0, 0, 1)
    )
    assert first == again
    assert first["parameters"]["E"]["value"] == other["parameters"]["E"]["value"]
    assert first["parameters"]["E"]["interval"] != other["parameters"]["E"]["interval"]


@pytest.mark.parametrize(
    ("options", "path", "value"),
    [
        (["--fix", "E=1.69"], ["parameters", "E", "value"], 1.69),
        (["--fix", "E=1.69"], ["fixed"], {"E": 1.69}),
        (["--prior", "alpha=0.34,0.01"], ["priors"], {"alpha": [0.34, 0.01]}),
        (["--objective", "log-huber:1e-3"], ["objective", "name"], "log-huber:1e-3"),
        (["--objective", "ls"], ["objective", "log"], False),
        (["--level", "0.5"], ["level"], 0.5),
        (["--resample", "pairs"], ["settings", "resample"], "pairs"),
        (["--bootstrap", "0"], ["draws"], None),
        (["--where", "params > 5e7"], ["data", "where"], "params > 5e7"),
        (["--seed", "7"], ["settings", "seed"], 7),
    ],
)
def test_every_option_of_fit_does_something(
    isoflop: Isoflop, runs: Path, options: list[str], path: list[str], value: object
) -> None:
    found = isoflop("fit", runs, "--law", "chinchilla", *QUICK, *options, "--json").json
    for name in path:
        found = found[name]
    assert found == value


def test_a_narrow_prior_holds_its_parameter(isoflop: Isoflop, runs: Path) -> None:
    plain, informed = (
        isoflop("fit", runs, "--law", "chinchilla", "--bootstrap", 0, "--json", *options).json["parameters"]["alpha"][
            "value"
        ]
        for options in ((), ("--prior", "alpha=0.30,0.0001"))
    )
    assert abs(informed - 0.30) < 0.001 < abs(plain - 0.30)


def test_weights_and_noise_are_columns_of_the_table(isoflop: Isoflop, tmp_path: Path) -> None:
    rows = chinchilla_rows()
    last = len(rows["N"]) - 1
    rows["w"] = [1.0] * last + [1e-6]
    rows["sd"] = [0.003] * last + [3.0]
    rows["loss"][last] *= 1.2
    table = write_csv(tmp_path / "runs.csv", rows)
    call = ("fit", table, "--law", "chinchilla", "--bootstrap", 0, "--objective", "log-ls", "--json")
    plain, weighted, noisy = (
        isoflop(*call, *options).json["parameters"]["E"]["value"]
        for options in ((), ("--weights", "w"), ("--noise", "sd"))
    )
    assert abs(weighted - noisy) < 0.2 * abs(weighted - plain)


def test_noise_from_seeds_and_clusters(isoflop: Isoflop, tmp_path: Path) -> None:
    first, second = chinchilla_rows(seed=1), chinchilla_rows(seed=2)
    rows = {name: [*first[name], *second[name]] for name in first}
    rows["group"] = [f"g{i % 25}" for i in range(50)]
    table = write_csv(tmp_path / "runs.csv", rows)
    found = isoflop(
        "fit", table, "--law", "chinchilla", *QUICK, "--noise", "seeds", "--resample", "cluster:group", "--json"
    ).json
    assert found["settings"]["noise"] == "seeds"
    assert found["settings"]["resample"] == "cluster:group"
    assert found["certificate"]["verdict"] == "certified"


def test_other_names_of_columns_are_mapped(isoflop: Isoflop, tmp_path: Path) -> None:
    rows = chinchilla_rows()
    table = write_csv(
        tmp_path / "runs.csv", {"size (M)": rows["N"] / 1e6, "Tokens seen": rows["D"], "c4": rows["loss"]}
    )
    call = ("fit", table, "--law", "chinchilla", "--bootstrap", 0, "--json")
    assert isoflop(*call).status == 2
    mapped = isoflop(*call, "--map", "loss=c4", "--map", "params=size (M)*1e6").json
    straight = isoflop("fit", write_csv(tmp_path / "plain.csv", rows), *call[2:]).json
    assert mapped["parameters"]["E"]["value"] == pytest.approx(straight["parameters"]["E"]["value"], rel=1e-6)


def test_any_column_can_be_the_response(isoflop: Isoflop, tmp_path: Path) -> None:
    rows = chinchilla_rows()
    table = write_csv(tmp_path / "runs.csv", {"N": rows["N"], "D": rows["D"], "perplexity_c4": rows["loss"] * 2})
    target = tmp_path / "fit.json"
    isoflop("fit", table, "--law", "chinchilla", "--response", "perplexity_c4", *QUICK, "-o", target)
    found = isoflop("predict", target, "--params", "1e9", "--tokens", "20B", "--json").json
    truth = LAW["E"] + LAW["A"] / 1e9 ** LAW["alpha"] + LAW["B"] / 20e9 ** LAW["beta"]
    assert found["perplexity_c4"]["value"] == pytest.approx(2 * truth, rel=0.02)


def test_predict_gives_an_interval_and_its_distance(isoflop: Isoflop, fit_file: Path) -> None:
    found = isoflop("predict", fit_file, "--params", "7e9", "--tokens", "1.4T", "--json").json
    truth = LAW["E"] + LAW["A"] / 7e9 ** LAW["alpha"] + LAW["B"] / 1.4e12 ** LAW["beta"]
    low, high = found["loss"]["interval"]
    assert low < found["loss"]["value"] < high
    assert low < truth < high
    assert found["columns"] == {"params": 7e9, "tokens": 1.4e12}
    assert found["distance_decades"]["flops"] == pytest.approx(2.77, abs=0.02)


def test_a_level_and_the_mean_narrow_the_interval(isoflop: Isoflop, fit_file: Path) -> None:
    def width(*options: str) -> float:
        low, high = isoflop("predict", fit_file, "--params", "1e9", "--tokens", "20B", "--json", *options).json["loss"][
            "interval"
        ]
        return float(high - low)

    assert width("--mean") < width()
    assert width("--level", "0.5") < width()


def test_columns_can_be_set_by_name(isoflop: Isoflop, fit_file: Path) -> None:
    named = isoflop("predict", fit_file, "--params", "1e9", "--tokens", "20B", "--json")
    by_set = isoflop("predict", fit_file, "--set", "params=1B", "--set", "tokens=2e10", "--json")
    assert named.out == by_set.out


def test_predict_reads_a_fit_from_a_pipe(
    isoflop: Isoflop, runs: Path, fit_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fit_file.open(encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        piped = isoflop("predict", "-", "--params", "1e9", "--tokens", "20B", "--json")
    assert piped.out == isoflop("predict", fit_file, "--params", "1e9", "--tokens", "20B", "--json").out


def test_recipes_share_exponents(isoflop: Isoflop, tmp_path: Path) -> None:
    web, code = chinchilla_rows(seed=1), chinchilla_rows(seed=2)
    rows = {name: [*web[name], *code[name]] for name in web}
    rows["loss"] = [*web["loss"], *(0.8 * code["loss"])]
    rows["recipe"] = ["wëb"] * 25 + ["code"] * 25
    table, target = write_csv(tmp_path / "runs.csv", rows), tmp_path / "fit.json"
    law = "E[recipe] + A[recipe]/N^alpha + B[recipe]/D^beta"
    ended = isoflop("fit", table, "--law", law, *QUICK, "-o", target)
    assert ended.status == 0
    assert "E[recipe=wëb]" in ended.out
    at = ("--params", "1e9", "--tokens", "20B", "--json")
    code_loss, web_loss = (
        isoflop("predict", target, "--set", f"recipe={name}", *at).json["loss"]["value"] for name in ("code", "wëb")
    )
    assert code_loss / web_loss == pytest.approx(0.8, rel=0.02)
    assert "wëb" in isoflop("predict", target, *at).err


def test_a_law_from_a_toml_file(isoflop: Isoflop, runs: Path, tmp_path: Path) -> None:
    law = tmp_path / "mine.toml"
    law.write_text(
        'formula = "L = E + A/C^a"\ntitle = "Floor in compute"\n[parameters.a]\ndomain = [0.0, 1.0]\n', "utf-8"
    )
    found = isoflop("fit", runs, "--law", law, "--bootstrap", 0, "--json").json
    assert found["law"] == "mine"
    assert found["law_parameters"]["a"]["domain"] == [0.0, 1.0]


def test_a_fit_that_is_not_certified_warns_and_under_strict_ends_with_1(isoflop: Isoflop, proportional: Path) -> None:
    call = ("fit", proportional, "--law", "chinchilla", "--bootstrap", 0)
    plain, strict = isoflop(*call), isoflop(*call, "--strict")
    assert (plain.status, strict.status) == (0, 1)
    assert plain.out == strict.out
    assert plain.err.startswith("isoflop: warning: the fit is weakly identified: ")
    assert strict.err.startswith("isoflop: the fit is weakly identified: ")
    assert "collinear" in strict.err
    assert strict.err.count("\n") == 1


def test_a_forecast_from_such_a_fit_does_the_same(isoflop: Isoflop, doubtful: Path) -> None:
    call = ("predict", doubtful, "--params", "1e9", "--tokens", "20B", "--json")
    plain, strict = isoflop(*call), isoflop(*call, "--strict")
    assert (plain.status, strict.status) == (0, 1)
    assert plain.json["certificate"]["verdict"] == "weakly identified"
    assert plain.err.startswith("isoflop: warning: ")


def test_a_small_letter_is_a_parameter_and_that_is_said(isoflop: Isoflop, runs: Path) -> None:
    shown = isoflop("fit", runs, "--law", "E + A/n^a + B/D^b", "--bootstrap", 0)
    assert "note: n is a parameter here; the column params is N" in shown.out
    assert "no draws, so no intervals" in shown.out
