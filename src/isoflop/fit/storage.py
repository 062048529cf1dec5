"""Fits as JSON and back, bit for bit; never pickle. Writes are atomic."""

import json
import os
import platform
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from isoflop.errors import FileError
from isoflop.fit.certificate import Certificate, CertificateCheck
from isoflop.fit.leverage import Leverage
from isoflop.fit.objective import Objective
from isoflop.fit.result import Fit
from isoflop.fit.stored_law import json_number, law_from, law_parts
from isoflop.fit.summary import DataSummary
from isoflop.laws.law import Law
from isoflop.runs.table import Excluded

FORMAT = 1


@cache
def current_versions() -> Mapping[str, str]:
    """Versions of isoflop and of what it computes with."""
    found = {"python": platform.python_version()}
    for package in ("isoflop", "numpy", "scipy", "sympy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return MappingProxyType(found)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        FileError: the folder does not exist or cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise FileError(f"{str(path)!r} cannot be written ({error.strerror}). Choose a folder that exists.") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise FileError(
            f"{str(path)!r} cannot be written ({error.strerror}). Free space or choose another place."
        ) from None


def fit_to_dict(fit: Fit) -> dict[str, Any]:
    """A fit as plain data; the documented keys come first."""
    return {**_result(fit), **_origin(fit), **_rest(fit)}


def _result(fit: Fit) -> dict[str, Any]:
    """What was found."""
    parameters: dict[str, Any] = {name: {"value": fit.parameters[name]} for name in fit.names}
    if fit.draws is not None:
        for name in fit.names:
            parameters[name]["interval"] = [json_number(end) for end in fit.interval(name)]
    objective = fit.objective
    checks = [
        {"name": c.name, "value": json_number(float(c.value)), "threshold": json_number(float(c.threshold)),
         "passed": bool(c.passed), "text": c.text, "blocks": c.blocks}
        for c in fit.certificate.checks
    ]  # fmt: skip
    return {
        "law": fit.law.name,
        "formula": fit.law.formula,
        "rows": fit.rows,
        "level": fit.level,
        "objective": {
            "name": objective.name, "value": fit.value, "kind": objective.kind, "log": objective.log,
            "delta": objective.delta, "ratio": objective.ratio,
        },
        "parameters": parameters,
        "certificate": {
            "verdict": fit.certificate.verdict, "reasons": list(fit.certificate.reasons), "checks": checks,
        },
    }  # fmt: skip


def _origin(fit: Fit) -> dict[str, Any]:
    """What it was found from."""
    data = fit.data
    excluded = [{"row": e.row, "reason": e.reason} for e in data.excluded]
    return {
        "data": {
            "sha256": data.sha256, "file": data.file, "file_sha256": data.file_sha256, "where": data.where,
            "ranges": {w: list(r) for w, r in data.ranges.items()}, "notes": list(data.notes), "excluded": excluded,
        },
        "response": fit.response,
        "fixed": dict(fit.fixed),
        "priors": {n: list(p) for n, p in fit.priors.items()},
        "levels": {c: list(names) for c, names in fit.levels.items()},
        "free": list(fit.free),
    }  # fmt: skip


def _rest(fit: Fit) -> dict[str, Any]:
    """What is needed to have the same fit again."""
    return {
        "inflation": fit.inflation,
        "settings": dict(fit.settings),
        "versions": dict(fit.versions),
        **law_parts(fit.law),
        "residuals": fit.residuals.tolist(),
        "draws": None if fit.draws is None else [[json_number(x) for x in row] for row in fit.draws.tolist()],
        "leverage": None if fit.leverage is None else _leverage(fit.leverage),
        "format": FORMAT,
    }


def _leverage(found: Leverage) -> dict[str, Any]:
    """Leverages as plain data."""
    return {
        "logarithmic": list(found.logarithmic), "shown": found.shown.tolist(), "whole": found.whole.tolist(),
    }  # fmt: skip


def _leverage_from(data: dict[str, Any] | None) -> Leverage | None:
    """Leverages from plain data; fits of older versions have none."""
    if data is None:
        return None
    shown, whole = (np.array(data[name], dtype=float) for name in ("shown", "whole"))
    return Leverage(tuple(bool(x) for x in data["logarithmic"]), shown, whole)


def fit_from_source(source: str | Path, law: Law | None = None) -> Fit:
    """A fit from JSON text or a file that holds it.

    Args:
        source: the text or the file.
        law: the law, where it is a Python function, which no file can hold.

    Raises:
        FileError: it is not a fit that isoflop wrote.
    """
    text, where = str(source), "the text"
    if isinstance(source, Path) or not text.lstrip().startswith("{"):
        where = repr(str(source))
        try:
            text = Path(source).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise FileError(
                f"{where} cannot be read as a fit ({error}). Give a file written by: isoflop fit … -o FIT.json."
            ) from None
    try:
        return _fit_from_dict(json.loads(text), law)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise FileError(
            f"{where} is not a fit that isoflop wrote ({type(error).__name__}: {error}). "
            "Make one with: isoflop fit RUNS --law LAW -o FIT.json."
        ) from None


def _fit_from_dict(data: dict[str, Any], law: Law | None) -> Fit:
    """Rebuild a fit from plain data."""
    if data["format"] != FORMAT:
        raise FileError(
            f"This fit has format {data['format']!r}; this isoflop reads format {FORMAT}. "
            "Fit again, or use the isoflop that wrote it."
        )
    objective, kept, verdict = data["objective"], data["data"], data["certificate"]
    checks = tuple(
        CertificateCheck(c["name"], float(c["value"]), float(c["threshold"]), c["passed"], c["text"], c["blocks"])
        for c in verdict["checks"]
    )
    names = tuple(data["parameters"])
    return Fit(
        law=law_from(data, law),
        objective=Objective(**{k: objective[k] for k in ("name", "kind", "log", "delta", "ratio")}),
        value=objective["value"],
        names=names,
        theta=np.array([data["parameters"][n]["value"] for n in names], dtype=float),
        free=tuple(data["free"]),
        levels={c: tuple(x) for c, x in data["levels"].items()},
        response=data["response"],
        residuals=np.array(data["residuals"], dtype=float),
        certificate=Certificate(verdict["verdict"], tuple(verdict["reasons"]), checks),
        data=DataSummary(
            data["rows"], kept["sha256"], kept["file"], kept["file_sha256"], kept["where"],
            {w: (r[0], r[1]) for w, r in kept["ranges"].items()}, tuple(kept["notes"]),
            tuple(Excluded(e["row"], e["reason"]) for e in kept["excluded"]),
        ),
        fixed=data["fixed"],
        priors={n: (p[0], p[1]) for n, p in data["priors"].items()},
        draws=None if data["draws"] is None else np.array(data["draws"], dtype=float),
        level=data["level"],
        inflation=data["inflation"],
        leverage=_leverage_from(data.get("leverage")),
        settings=data["settings"],
        versions=data["versions"],
    )  # fmt: skip
