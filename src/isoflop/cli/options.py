"""The options that several commands share, each written once."""

from pathlib import Path
from typing import Annotated

import typer

from isoflop.cli.cost_inputs import measure
from isoflop.cli.inputs import quantity
from isoflop.errors import UnitsError


def quantity_of(text: str) -> float:
    """Read a number such as 7B; the message about any other names the option."""
    try:
        return quantity(text)
    except UnitsError as error:
        raise typer.BadParameter(str(error)) from None


# ---- the runs ----

Runs = Annotated[
    Path,
    typer.Argument(
        metavar="RUNS",
        help="Table of runs, one row a run: CSV, TSV, Parquet, JSON or JSON lines, gzipped or not.",
        show_default=False,
    ),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where", metavar="SQL", help='Condition on the columns that the runs must meet, such as "params > 1e8".'
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="WORD=COLUMN",
        help="Use a column of the table for a word, such as loss=loss_c4_val or params=size_m*1e6; repeatable.",
    ),
]
Response = Annotated[
    str | None,
    typer.Option("--response", metavar="COLUMN", help="Column to explain; what the law says (loss) by default."),
]

# ---- the law and the fit ----

LawName = Annotated[
    str,
    typer.Option(
        "--law",
        metavar="NAME|FORMULA|FILE.toml",
        help='Name of a law (isoflop laws), a formula such as "E + A/C^a", or a TOML file.',
    ),
]
LawNames = Annotated[
    list[str],
    typer.Option(
        "--law",
        metavar="NAME|FORMULA|FILE.toml",
        help="Name of a law, a formula or a TOML file; repeat it for each law.",
    ),
]
ObjectiveName = Annotated[
    str,
    typer.Option(
        "--objective",
        metavar="NAME",
        help="What is minimised: log-huber, log-huber:1e-3 (Hoffmann's), log-ls, ls, asymmetric:RATIO, "
        "student-t:DF, or auto, which an inner back-test chooses.",
    ),
]
Fix = Annotated[
    list[str] | None,
    typer.Option("--fix", metavar="NAME=VALUE", help="Keep a parameter at a value, such as E=1.6; repeatable."),
]
Prior = Annotated[
    list[str] | None,
    typer.Option(
        "--prior",
        metavar="NAME=MEAN,SD",
        help="Inform a parameter by a Gaussian prior, such as alpha=0.34,0.05; repeatable.",
    ),
]
Weights = Annotated[
    str | None, typer.Option("--weights", metavar="COLUMN", help="Column that weighs the runs in the objective.")
]
Noise = Annotated[
    str | None,
    typer.Option(
        "--noise",
        metavar="COLUMN|seeds",
        help="Column with the noise of each run (relative for log objectives), or seeds: "
        "estimate it from runs that differ in their seed only.",
    ),
]

# ---- uncertainty ----

Bootstrap = Annotated[
    int, typer.Option("--bootstrap", metavar="N", min=0, help="Draws behind the intervals; 0 for no intervals.")
]
Resample = Annotated[
    str,
    typer.Option(
        "--resample", metavar="WAY", help="How runs are drawn: bayes (random weights), pairs or cluster:COLUMN."
    ),
]
Level = Annotated[float, typer.Option("--level", metavar="P", help="Confidence level of the intervals.")]
LevelOfFit = Annotated[
    float | None, typer.Option("--level", metavar="P", help="Confidence level; the fit's own by default.")
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Seed of everything random.")]

# ---- back-tests ----

By = Annotated[
    str, typer.Option("--by", metavar="COLUMN", help="What larger means: flops, params, tokens or another column.")
]
HoldOut = Annotated[
    int | None,
    typer.Option(
        "--hold-out",
        metavar="K",
        min=1,
        help="Hold out the K largest groups of that column, one cut below each; three by default, or half of them.",
    ),
]

# ---- a fit from a file, and where something is evaluated ----

FitFile = Annotated[
    str,
    typer.Argument(
        metavar="FIT.json",
        help="A fit written by isoflop fit -o FIT.json; - reads what isoflop fit --json prints.",
        show_default=False,
    ),
]
Params = Annotated[
    float | None,
    typer.Option("--params", metavar="N", parser=measure("parameters"), help="Parameters N, such as 7e9 or 7B."),
]
Tokens = Annotated[
    float | None,
    typer.Option("--tokens", metavar="D", parser=measure("tokens"), help="Training tokens D, such as 1.4T."),
]
Flops = Annotated[
    float | None,
    typer.Option(
        "--flops", metavar="C", parser=measure("compute"), help="Training compute C in FLOPs, such as 5.76e23."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="COLUMN=VALUE", help="Value of another column of the law, such as recipe=web; repeatable."
    ),
]

# ---- plans under limits, and accelerators ----

Choose = Annotated[
    list[str] | None,
    typer.Option(
        "--choose",
        metavar="COLUMN[=RANGE]",
        help="What is to be decided: params, tokens=1e9..1e13, weight_bits=4|8, devices=64..512/64; repeatable.",
    ),
]
Limits = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="WHAT<=MUCH",
        help="What must hold: 'flops <= 1e22', 'money <= $2M', 'time <= 30 days', 'loss <= 2.1', 'web + code = 1'; "
        "repeatable.",
    ),
]
Minimise = Annotated[
    str | None,
    typer.Option("--minimise", metavar="WHAT", help="A quantity or a formula; what the law explains by default."),
]
Maximise = Annotated[str | None, typer.Option("--maximise", metavar="WHAT", help="What is made large.")]
Given = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="WORD=VALUE",
        help="A price or another column, such as price=$2/h or serve_tokens=1e13; repeatable.",
    ),
]
Device = Annotated[
    str, typer.Option("--device", metavar="NAME", help="Accelerator, such as H100: its peak, bandwidth and price.")
]

# ---- what comes out ----

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object with documented keys instead of tables.")]
Strict = Annotated[bool, typer.Option("--strict", help="End with status 1 when the fit is not certified.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Also write the result to this file.")
]

SampleMap = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="WORD=COLUMN", help="Use a column for a word, such as correct=passed; repeatable."),
]
Threshold = Annotated[
    float | None,
    typer.Option("--threshold", metavar="S", help="Score from which a sample is correct, where it is no 0 or 1."),
]
UnscoredWrong = Annotated[
    bool, typer.Option("--unscored-wrong", help="Count samples without a score as wrong; left out by default.")
]
ProblemDraws = Annotated[
    int, typer.Option("--bootstrap", metavar="N", min=100, help="Draws of problems behind the intervals.")
]
Page = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write an HTML report with everything.")]
