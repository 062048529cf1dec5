"""Bad usage and bad input: status 2, one clear line on standard error, nothing on standard output."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Isoflop, chinchilla_rows, write_csv

from isoflop.cli import boundary

GOOD = "N,D,loss\n1e8,2e9,3.2\n2e8,2e9,3.1\n4e8,2e9,3.0\n1e8,8e9,3.0\n2e8,8e9,2.9\n4e8,8e9,2.8\n"

USAGE = [
    ("fitt", "No such command 'fitt'. Did you mean 'fit'?"),
    ("fit", "Missing argument 'RUNS'"),
    ("fit {runs}", "Missing option '--law'"),
    ("fit {runs} --law", "'--law' requires an argument"),
    ("fit {runs} --lwa chinchilla", "No such option: --lwa"),
    ("fit {runs} {runs} --law chinchilla", "unexpected extra argument"),
    ("fit {runs} --law chinchilla --bootstrap -3", "'--bootstrap'"),
    ("fit {runs} --law chinchilla --bootstrap many", "'--bootstrap'"),
    ("fit {runs} --law chinchilla --bootstrap 1", "1 bootstrap draws give no interval"),
    ("fit {runs} --law chinchilla --seed -1", "'--seed'"),
    ("fit {runs} --law chinchilla --level 90", "is not between 0 and 1. Write 0.9 for 90 %"),
    (
        "fit {runs} --law chinchilla --fix E",
        "--fix 'E' has another form than NAME=VALUE. Write, for example, --fix E=1.6",
    ),
    ("fit {runs} --law chinchilla --fix E=low", "--fix E: 'low' is not a quantity"),
    ("fit {runs} --law chinchilla --fix E=1 --fix E=2", "--fix names 'E' twice"),
    ("fit {runs} --law chinchilla --fix F=1", "F is no parameter of law 'chinchilla'; it has"),
    ("fit {runs} --law chinchilla --fix E=-1", "E"),
    ("fit {runs} --law chinchilla --prior alpha=0.3", "has no standard deviation"),
    ("fit {runs} --law chinchilla --prior alpha=0.3,0", "standard deviation 0. Give a positive one"),
    ("fit {runs} --law chinchilla --prior alpha=0.3,x", "--prior alpha: 'x' is not a quantity"),
    ("fit {runs} --law chinchilla --map loss", "--map 'loss' has another form than NAME=VALUE"),
    ("fit {runs} --law chinchilla --map loss=c4", "c4"),
    ("fit {runs} --law chinchilla --response acc", "no column 'acc'"),
    ("fit {runs} --law chinchilla --weights w", "no column 'w'"),
    ("fit {runs} --law chinchilla --noise sd", "no column 'sd'"),
    ("fit {runs} --law chinchilla --noise seeds", "differ in their seed only; there are none"),
    ("fit {runs} --law chinchilla --resample lots", "'lots' is not known. Choose pairs, bayes, or cluster:COLUMN"),
    ("fit {runs} --law chinchilla --resample cluster:x", "no column 'x'"),
    ("fit {runs} --law chinchilla --objective hubr", "hubr"),
    ("fit {runs} --law chinchilla --objective log-huber:x", "log-huber:x"),
    ("fit {runs} --law chinchila", "no law called 'chinchila'. Did you mean 'chinchilla'?"),
    ("fit {runs} --law nowhere.toml", "law file 'nowhere.toml' cannot be read"),
    ("fit {runs} --law E+A/N^alpha+", "E+A/N^alpha+"),
    ("fit {runs} --law E+__import__('os')", "__import__"),
    ("fit {runs} --law E+open('x')", "open"),
    ("fit {runs} --law N/D", "parameter"),
    ("fit {runs} --law E+A/S^a", "no column 'steps'"),
    ("fit {runs} --law E+A/n^a", "depends on no column: E, A, n, a are read as parameters. Write N for n"),
    ("fit {runs} --law E+A/N^", "it breaks off at its end"),
    ("fit {runs} --law chinchilla -o {folder}/no/where.json", "cannot be written"),
    ("fit {runs} --law chinchilla -o {folder}", "cannot be written"),
    ("show chinchila", "Did you mean 'chinchilla'?"),
    ("show E+A/", "E+A/"),
    ("laws extra", "unexpected extra argument"),
    ("check", "Missing argument 'RUNS'"),
    ("check nowhere.csv", "nowhere.csv"),
    ("predict nowhere.json --params 1e9 --tokens 1e9", "nowhere.json"),
    ("predict {runs} --params 1e9 --tokens 1e9", "is not a fit that isoflop wrote"),
    ("predict {fit} --params 1e9", "tokens"),
    ("predict {fit} --params seven --tokens 1e9", "'--params': 'seven' is not a quantity"),
    ("predict {fit} --params 1e9 --set params=1e9 --tokens 1e9", "'params' is given twice"),
    ("predict {fit} --params 1e9 --tokens 1e9 --set x", "--set 'x' has another form"),
    ("predict {fit} --params 1e9 --tokens 1e9 --level 2", "level 2 is not between 0 and 1"),
    ("predict {fit} --params -1e9 --tokens 1e9", "params"),
    ("predict {fit} --params 0 --tokens 1e9", "params"),
    ("ladder", "Missing command"),
    ("ladder run", "Missing argument 'LADDER.toml'"),
]


@pytest.mark.parametrize(("line", "said"), USAGE, ids=[line for line, _ in USAGE])
def test_bad_usage_is_one_line_and_status_2(
    isoflop: Isoflop, runs: Path, fit_file: Path, tmp_path: Path, line: str, said: str
) -> None:
    words = [word.format(runs=runs, fit=fit_file, folder=tmp_path) for word in line.split()]
    assert_refused(isoflop(*words), said)


def assert_refused(ended, said: str) -> None:
    assert ended.status == 2, ended.err
    assert said in ended.err
    assert ended.err.startswith("isoflop: ")
    assert ended.err.endswith("\n")
    assert ended.err.count("\n") == 1
    assert ended.out == ""


FILES = {
    "empty": (b"", "empty"),
    "header only": (b"N,D,loss\n", "row"),
    "binary": (bytes(range(256)) * 4, "binary"),
    "no parquet": (b"PAR1 and nothing more", ""),
    "an image": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary"),
    "utf-16": ("N,D,loss\n1e8,2e9,3\n".encode("utf-16"), ""),
    "latin-1": ("N,D,loss,größe\n1e8,2e9,3,ä\n2e8,2e9,3,ö\n".encode("latin-1"), ""),
    "prose": (b"Dear all,\nplease find the runs attached.\n", ""),
    "html": (b"<html><body>404 not found</body></html>\n", ""),
    "broken json": (b'[{"N": 1e8, "D": ', ""),
    "a ragged row": (b"N,D,loss\n1e8,2e9,3\n1e8,2e9\n1e8,2e9,3,4,5\n", "line"),
    "words for numbers": (b"N,D,loss\nsmall,few,high\nbig,many,low\n", "params"),
    "no loss": (b"N,D,accuracy\n1e8,2e9,.3\n2e8,2e9,.4\n", "no column 'loss'"),
    "one run": (b"N,D,loss\n1e8,2e9,3\n", "run"),
    "two runs": (b"N,D,loss\n1e8,2e9,3\n2e8,2e9,2.9\n", "only 2 usable runs"),
    "all diverged": (b"N,D,loss\n1e8,2e9,nan\n2e8,2e9,inf\n4e8,2e9,-1\n", "loss"),
    "zeros": (b"N,D,loss\n0,0,0\n0,0,0\n0,0,0\n0,0,0\n0,0,0\n0,0,0\n", "not positive"),
    "a repeated header": (b"N,N,D,loss\n1e8,1e8,2e9,3\n", "N"),
    "a decimal comma": (b'N;D;loss\n1e8;2e9;"3,2"\n2e8;2e9;"3,1"\n4e8;2e9;"3,0"\n', "comma"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_table_of_runs_is_refused(isoflop: Isoflop, tmp_path: Path, name: str) -> None:
    content, said = FILES[name]
    path = tmp_path / "rüns, of 2026.csv"
    path.write_bytes(content)
    assert_refused(isoflop("fit", path, "--law", "chinchilla"), said)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("N >", "is not a condition"),
        ("nonsense > 3", "nonsense"),
        ("N > 1e30", "leaves none"),
        ("1); drop table runs; --", "is not a condition"),
        ("N > (select count(*) from read_csv('/etc/passwd'))", "is not a condition"),
    ],
)
def test_a_filter_that_is_no_condition_is_refused(isoflop: Isoflop, runs: Path, where: str, said: str) -> None:
    assert_refused(isoflop("fit", runs, "--law", "chinchilla", "--where", where), said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda fit: fit.pop("parameters"), "parameters"),
        (lambda fit: fit.pop("certificate"), "certificate"),
        (lambda fit: fit.update(formula="E + __import__('os')"), "__import__"),
        (lambda fit: fit.update(draws=[[1.0], [2.0, 3.0]]), ""),
        (lambda fit: fit.update(draws="many"), ""),
        (lambda fit: fit.update(parameters={"E": {"value": "low"}}), ""),
        (lambda fit: fit.update(format=99), "99"),
    ],
)
def test_a_fit_that_was_changed_by_hand_is_refused(
    isoflop: Isoflop, fit_file: Path, tmp_path: Path, change, said: str
) -> None:
    fit = json.loads(fit_file.read_text("utf-8"))
    change(fit)
    path = tmp_path / "fit.json"
    path.write_text(json.dumps(fit), "utf-8")
    assert_refused(isoflop("predict", path, "--params", "1e9", "--tokens", "1e10"), said)


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", "{", '{"law": "chinchilla"}', "\ufeff{}", "[" * 100_000])
def test_a_file_that_is_no_fit_is_refused(isoflop: Isoflop, tmp_path: Path, content: str) -> None:
    path = tmp_path / "fit.json"
    path.write_text(content, "utf-8")
    assert_refused(isoflop("predict", path, "--params", "1e9", "--tokens", "1e10"), "")


def test_a_fit_without_draws_has_no_interval_to_give(isoflop: Isoflop, runs: Path, tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    isoflop("fit", runs, "--law", "chinchilla", "--bootstrap", 0, "-o", path)
    assert_refused(isoflop("predict", path, "--params", "1e9", "--tokens", "1e10"), "no draws")


def test_rows_that_cannot_be_used_are_listed_not_dropped(isoflop: Isoflop, tmp_path: Path) -> None:
    rows = {name: values.tolist() for name, values in chinchilla_rows().items()}
    rows["loss"][3] = "nan"
    rows["N"][7] = "big"
    ended = isoflop("fit", write_csv(tmp_path / "runs.csv", rows), "--law", "chinchilla", "--bootstrap", 0)
    assert ended.status == 0
    assert "23 runs of" in ended.out
    assert "2 left out" in ended.out
    assert "rows 4: loss is missing" in ended.out
    assert "rows 8: params 'big' is not a number" in ended.out


def test_an_interrupt_ends_with_130(isoflop: Isoflop, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("isoflop.api.fit", stop)
    ended = isoflop("fit", runs, "--law", "chinchilla")
    assert (ended.status, ended.out, ended.err) == (130, "", "")


@pytest.mark.parametrize(
    ("error", "said"),
    [(MemoryError(), "memory"), (OSError(28, "No space left on device", "f.json"), "No space left on device 'f.json'")],
)
def test_what_the_machine_refuses_is_said(
    isoflop: Isoflop, runs: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("isoflop.api.fit", refuse)
    assert_refused(isoflop("fit", runs, "--law", "chinchilla"), said)


def test_a_defect_is_said_in_one_line_that_names_the_place(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    boundary._defect(ZeroDivisionError, caught.value, caught.tb)
    said = capsys.readouterr().err
    assert said.startswith("isoflop: a defect of isoflop, not of your input: ZeroDivisionError: division by zero")
    assert "ISOFLOP_TRACEBACK=1" in said
    assert said.count("\n") == 1
