"""Section on how to make the same report again: command, hashes, seeds, versions."""

from collections.abc import Mapping, Sequence

from isoflop.fit import Fit
from isoflop.report.blocks import Block, Code, Facts, Section, Text


def again_section(command: str, pairs: Sequence[tuple[str, str]], versions: Mapping[str, str]) -> Section:
    """How to make any page again: the command, what it stood on, and the versions behind it.

    Args:
        command: the command line that made the page; empty when it is not known.
        pairs: what it stood on, by name.
        versions: package → version.

    Returns:
        The section.
    """
    blocks: list[Block] = [Code(command)] if command else [Text("Made by a call from Python.")]
    shown = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Section("reproduce", "How to make this again", [*blocks, Facts([*pairs, ("Versions", shown)])])


def reproduce_section(fit: Fit, command: str) -> Section:
    """Exact command, hashes of the data, seeds, settings and versions.

    Args:
        fit: the fit.
        command: the command line or call that made the report; empty when it is not known.

    Returns:
        The section.
    """
    data = fit.data
    pairs = [("Law", f"{fit.law.name}: {fit.law.formula}"), ("Objective", str(fit.objective))]
    pairs += [("Values fitted (SHA-256)", data.sha256), ("File (SHA-256)", data.file_sha256 or "no file")]
    pairs += [("Filter", data.where)] if data.where else []
    pairs += [(_title(name), str(value)) for name, value in sorted(fit.settings.items())]
    if fit.fixed:
        pairs.append(("Fixed", ", ".join(f"{n} = {v:.12g}" for n, v in fit.fixed.items())))
    if fit.priors:
        pairs.append(("Priors", ", ".join(f"{n} = {m:.6g} ± {s:.6g}" for n, (m, s) in fit.priors.items())))
    pairs += [("Level of intervals", f"{fit.level:.0%}")]
    return again_section(command, pairs, fit.versions)


def _title(setting: str) -> str:
    """A setting's name in words."""
    names = {"seed": "Seed", "bootstrap": "Bootstrap draws", "resample": "Resampling"}
    return names.get(setting, setting.replace("_", " ").capitalize())
