"""A ladder file (TOML) and the runs it asks for, in an order that is useful wherever it stops."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from isoflop.errors import FileError, InputError
from isoflop.ladder.corpus import Package
from isoflop.ladder.schedule import SCHEDULES
from isoflop.ladder.shape import Derived, Recipe, derive
from isoflop.units import parse_quantity

HEADINGS = ("corpus", "recipe", "grid")
CORPUS_KEYS = ("packages", "held_out_one_in", "held_out_windows", "sha256")
GRID_KEYS = ("width", "tokens", "seeds")


@dataclass(frozen=True)
class Job:
    """One run to make.

    Attributes:
        width: the dial.
        tokens: training tokens asked for.
        seed: of initial values and order of the text.
    """

    width: int
    tokens: int
    seed: int

    @property
    def name(self) -> str:
        """A name that says all three, used for files."""
        return f"w{self.width}-d{self.tokens}-s{self.seed}"


@dataclass(frozen=True)
class Ladder:
    """What a ladder file says.

    Attributes:
        packages: pinned wheels that make the corpus.
        held_out_one_in: one file in this many is held out.
        held_out_windows: windows of held-out bytes that a run is tested on.
        corpus_sha256: what the corpus must hash to, if the file says it.
        recipe: what all runs share.
        jobs: the runs, in the order in which they should be made.
    """

    packages: tuple[Package, ...]
    held_out_one_in: int
    held_out_windows: int
    corpus_sha256: str | None
    recipe: Recipe
    jobs: tuple[Job, ...]

    def derive(self, job: Job) -> Derived:
        """Derive the settings of one run.

        Args:
            job: which run.

        Returns:
            Shape, batch, learning rate and the steps that led to them.
        """
        return derive(job.width, job.tokens, self.recipe)


def read_ladder(path: Path) -> Ladder:
    """Read and check a ladder file.

    Args:
        path: a TOML file with the tables `corpus` and `recipe` and one `[[grid]]` per width.

    Returns:
        The ladder, its jobs in the order in which they should be made.

    Raises:
        FileError: the file cannot be read or is not TOML.
        InputError: it says something that cannot be done.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileError(f"The ladder file {path} cannot be read: {error}. Give a TOML file.") from error
    _known(path, "the file", content, HEADINGS)
    for heading in HEADINGS:
        if not content.get(heading):
            raise InputError(f"{path} has no [{heading}]. A ladder file has {', '.join(HEADINGS)}.")
    corpus = content["corpus"]
    _known(path, "[corpus]", corpus, CORPUS_KEYS)
    _known(path, "[recipe]", content["recipe"], tuple(f.name for f in fields(Recipe)))
    try:
        packages = tuple(Package(**package) for package in corpus["packages"])
        recipe = Recipe(**content["recipe"])
        jobs = tuple(job for block in content["grid"] for job in _jobs(path, block))
        counts = (int(corpus["held_out_one_in"]), int(corpus["held_out_windows"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} lacks a key or has one of the wrong kind: {error}. Compare it with the shipped one."
        ) from error
    _check(path, recipe, jobs)
    ladder = Ladder(packages, *counts, corpus.get("sha256"), recipe, jobs)
    return Ladder(packages, *counts, corpus.get("sha256"), recipe, in_useful_order(ladder))


def _known(path: Path, where: str, keys: dict[str, object], allowed: tuple[str, ...]) -> None:
    """Refuse keys that would be ignored."""
    unknown = [key for key in keys if key not in allowed]
    if unknown:
        raise InputError(f"{path}: {where} has the unknown key {unknown[0]!r}. Use only: {', '.join(allowed)}.")


def _jobs(path: Path, block: dict[str, Any]) -> list[Job]:
    """The runs of one width."""
    _known(path, "[[grid]]", block, GRID_KEYS)
    width, seeds = block["width"], block["seeds"]
    if not all(isinstance(number, int) for number in (width, *seeds)):
        raise TypeError(f"width {width!r} or one of the seeds {seeds!r} is not a whole number")
    return [Job(width, int(parse_quantity(d)), seed) for d in block["tokens"] for seed in seeds]


def _check(path: Path, recipe: Recipe, jobs: tuple[Job, ...]) -> None:
    """Refuse what would fail only after hours."""
    if recipe.schedule not in SCHEDULES:
        raise InputError(f"{path}: the schedule {recipe.schedule!r} is unknown. Use one of: {', '.join(SCHEDULES)}.")
    if len(set(jobs)) < len(jobs):
        twice = next(job for job in jobs if jobs.count(job) > 1)
        raise InputError(f"{path} asks for the run {twice.name} twice. Remove one.")
    for job in jobs:
        if job.tokens < recipe.context:
            raise InputError(f"{path}: {job.name} has fewer tokens than one sequence ({recipe.context}). Ask for more.")
        derive(job.width, job.tokens, recipe)


def in_useful_order(ladder: Ladder) -> tuple[Job, ...]:
    """Put cheap runs first, then the dearest and the cheapest left in turn.

    Wherever the ladder is stopped, the table then has the whole spread of what was affordable,
    and the longest run is not the last to start.

    Args:
        ladder: whose jobs to order.

    Returns:
        The same jobs, ordered.
    """
    cost = {job: ladder.derive(job).shape.flops(job.tokens, ladder.recipe.context) for job in ladder.jobs}
    rising = sorted(ladder.jobs, key=lambda job: (cost[job], job.name))
    half = len(rising) // 2
    ordered, rest = rising[:half], rising[half:]
    while rest:
        ordered.append(rest.pop())
        if rest:
            ordered.append(rest.pop(0))
    return tuple(ordered)
