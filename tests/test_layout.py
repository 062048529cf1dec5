"""The house rules that a machine can read: who imports whom, how long things are, what must not appear."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import isoflop

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "isoflop"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted(path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("test_*.py"))

# Imports go one way: a layer may import from itself and from the layers before it.
LAYERS = (
    {"errors", "units", "engine"},
    {"runs"},
    {"laws"},
    {"fit"},
    {"uncertainty"},
    {"validate"},
    {"methods"},
    {"recipes"},
    {"plan"},
    {"testtime"},
    {"evaluate"},
    {"figures"},
    {"report"},
    {"api"},
    {"ladder"},
    {"cli"},
    {"__init__", "__main__"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
# The ladder makes runs; it knows nothing of laws and fits.
LADDER_MAY_IMPORT = {"errors", "units", "engine", "runs", "ladder"}

# Packages that only one place may import, so that the rest stays free of them.
HOMES = {
    "pandas": "runs/read.py",
    "polars": "runs/read.py",
    "pyarrow": "runs/read.py",
    "narwhals": "runs/read.py",
    "duckdb": ("runs/read.py", "testtime/reading/read.py"),
    "altair": "figures/",
    "vl_convert": "figures/",
    "torch": "ladder/",
    "typer": "cli/",
}
# These run text or bytes as code, or draw from a state that everybody shares.
BANNED_MODULES = {"pickle", "marshal", "shelve", "dill", "joblib", "random"}
BANNED_CALLS = {"eval", "exec", "compile", "sympify", "parse_expr", "__import__"}

MOST_CODE_LINES = 40
MOST_LINES = 300
MOST_POSITIONAL = 5


def name_of(path: Path) -> str:
    """Return a module's place below src/isoflop."""
    return path.relative_to(SOURCE).as_posix()


def layer_of(path: Path) -> str:
    """Return the layer of a module: its top folder or its own name."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of every import, those inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            if node.module == "isoflop":
                yield from ((node.lineno, f"isoflop.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, str(node.module)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def docstring_lines(tree: ast.Module) -> set[int]:
    """Return the lines taken by docstrings and other bare strings."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def code_lines(path: Path) -> set[int]:
    """Return the lines that hold code: no blank ones, comments or docstrings."""
    text = path.read_text("utf-8")
    idle = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in idle:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines - docstring_lines(ast.parse(text))


every_module = pytest.mark.parametrize("path", MODULES, ids=name_of)


def test_every_layer_has_a_level() -> None:
    assert {layer_of(path) for path in MODULES} <= set(LEVEL)


@every_module
def test_imports_go_one_way(path: Path) -> None:
    layer = layer_of(path)
    wrong = []
    for line, dotted in imports(parse(path)):
        if dotted.split(".")[0] != "isoflop":
            continue
        target = [*dotted.split("."), "__init__"][1]
        allowed = LEVEL.get(target, len(LAYERS)) <= LEVEL[layer]
        if layer == "ladder":
            allowed = target in LADDER_MAY_IMPORT
        if not allowed:
            wrong.append(f"{name_of(path)}:{line}: {layer} must not import {dotted}")
    assert not wrong, "\n".join(wrong)


@every_module
def test_packages_stay_in_their_homes(path: Path) -> None:
    wrong = [
        f"{name_of(path)}:{line}: {dotted} belongs in {HOMES[dotted.split('.')[0]]}"
        for line, dotted in imports(parse(path))
        if not name_of(path).startswith(HOMES.get(dotted.split(".")[0], ""))
    ]
    assert not wrong, "\n".join(wrong)


@every_module
def test_nothing_runs_data_as_code(path: Path) -> None:
    tree = parse(path)
    wrong = [f"{name_of(path)}:{line}: {name}" for line, name in imports(tree) if name.split(".")[0] in BANNED_MODULES]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            called = node.func.attr if isinstance(node.func, ast.Attribute) and called == "" else called
            # `re.compile` is no code from data.
            if called in BANNED_CALLS and ast.unparse(node.func) != "re.compile":
                wrong.append(f"{name_of(path)}:{node.lineno}: {ast.unparse(node.func)}()")
    assert not wrong, "\n".join(wrong)


@every_module
def test_functions_are_short(path: Path) -> None:
    code = code_lines(path)
    wrong = []
    for node in functions(parse(path)):
        # A command's signature is the list of its options, whose texts users read; its body is what must be short.
        first = node.body[0].lineno if layer_of(path) == "cli" else node.lineno
        count = len(code & set(range(first, (node.end_lineno or node.lineno) + 1)))
        if count > MOST_CODE_LINES:
            wrong.append(f"{name_of(path)}:{node.lineno}: {node.name} has {count} lines of code")
        positional = [a.arg for a in node.args.posonlyargs + node.args.args if a.arg not in {"self", "cls"}]
        # A command's arguments are its options: typer reads them by name.
        if len(positional) > MOST_POSITIONAL and layer_of(path) != "cli":
            wrong.append(f"{name_of(path)}:{node.lineno}: {node.name} takes {len(positional)} arguments by position")
    assert not wrong, "\n".join(wrong)


@every_module
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES


@every_module
def test_modules_say_what_they_are(path: Path) -> None:
    said = (ast.get_docstring(parse(path)) or "").splitlines()
    # The README's tree shows this line: a few words at least, and a full stop.
    assert said, f"{name_of(path)} has no docstring"
    assert len(said[0].split()) >= 3, f"{name_of(path)}: {said[0]!r} says nothing"


def test_public_names_are_documented() -> None:
    bare = []
    for name in isoflop.__all__:
        member = getattr(isoflop, name)
        if not callable(member):
            continue
        text = member.__doc__ or ""
        if len(text) < 40:
            bare.append(f"{name}: no docstring")
        elif not isinstance(member, type) and not all(word in text for word in ("Args:", "Returns:", ">>>")):
            bare.append(f"{name}: the docstring lacks Args:, Returns: or a doctest")
    assert not bare, "\n".join(bare)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_test_can_fail(path: Path) -> None:
    idle = []
    for node in functions(parse(path)):
        if not node.name.startswith("test_"):
            continue
        called = {ast.unparse(inner.func).split(".")[-1] for inner in ast.walk(node) if isinstance(inner, ast.Call)}
        checks = any(isinstance(inner, ast.Assert) for inner in ast.walk(node)) or any(
            word in {"raises", "warns", "fail"} or word.startswith(("assert_", "check_", "benchmark"))
            for word in called
        )
        if not checks:
            idle.append(f"{path.name}:{node.lineno}: {node.name} asserts nothing")
    assert not idle, "\n".join(idle)


def tracked_files() -> list[Path]:
    """Return the files that git keeps or would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no git clone, so there is no list of the files that belong to it")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_path_of_one_machine() -> None:
    machine = re.compile(r"(?<![\w.])/(?:work|tmp|root|home|Users)/\w")
    wrong = []
    for path in tracked_files():
        if path.suffix in {".py", ".md", ".toml", ".json", ".yml", ".cff", ".html", ""} and path != Path(__file__):
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                if machine.search(line):
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not wrong, "\n".join(wrong)


def test_import_is_light() -> None:
    # `import isoflop` and `isoflop --help` must not pay for what a command may not need.
    heavy = {"altair", "duckdb", "pandas", "polars", "pyarrow", "scipy", "sympy", "torch", "vl_convert"}
    code = "import isoflop.cli, sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not heavy & set(shown.stdout.split())
