"""The documentation tells the truth: examples run, generated pages are fresh, nothing is missing, the site builds."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from docs import generate
from docs.generators import cli as cli_pages
from docs.generators.blocks import fenced, same

import isoflop
from isoflop import laws
from isoflop.fit.objective import NAMES
from isoflop.runs.columns import VOCABULARY

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = generate.written_pages()
SITE_BUILDER = Path(sys.executable).with_name("zensical")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def assert_fresh(path: Path, text: str) -> None:
    """Fail with the first line that differs."""
    assert path.is_file(), f"{name_of(path)} is missing. Run: make docs"
    old = path.read_text("utf-8")
    if same(old, text):
        return
    pairs = zip(old.splitlines(), text.splitlines(), strict=False)
    first = next(((a, b) for a, b in pairs if a != b), ("(the end)", "(the end)"))
    pytest.fail(f"{name_of(path)} is not what the code says. Run: make docs\n  page: {first[0]}\n  code: {first[1]}")


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_examples_print_what_the_page_shows(path: Path) -> None:
    assert_fresh(path, generate.written(path))


@pytest.mark.parametrize("generator", generate.GENERATED)
def test_generated_pages_are_fresh(generator: str) -> None:
    made = generate.pages_of(generator)
    assert made
    for path, text in made.items():
        assert generate.is_made(path)
        assert_fresh(path, text)
    for folder in {path.parent for path in made} - {DOCS}:
        assert set(folder.glob("*.md")) == set(made), "a page is left over that nothing makes"


def test_front_page_is_the_readme() -> None:
    assert_fresh(DOCS / "index.md", generate.front_page((ROOT / "README.md").read_text("utf-8")))


def test_every_code_block_is_run() -> None:
    # A `sh` block is for what a reader types once on their own machine; isoflop itself belongs in a console block.
    wrong = []
    for path in PAGES:
        for block in fenced(path.read_text("utf-8")):
            if block.language not in {"python", "text", "console", "sh", "toml", "bibtex", "json", ""}:
                wrong.append(f"{name_of(path)}: a block in {block.language!r}")
            if block.language in {"sh", ""} and re.search(r"^\$? ?isoflop ", block.body, re.MULTILINE):
                wrong.append(f"{name_of(path)}: a command that is not run: {block.body.strip()}")
    assert not wrong, "\n".join(wrong)


def test_every_law_command_option_and_column_is_documented() -> None:
    from isoflop.cli import app

    reference = (DOCS / "cli.md").read_text("utf-8")
    group = cli_pages.command_of(app)
    words = [" ".join(words) for words, _ in cli_pages.commands(group, ["isoflop"])]
    options = {
        option
        for _, command in cli_pages.commands(group, ["isoflop"])
        for parameter in command.params
        for option in (parameter.opts if parameter.param_type_name == "option" else ())
    }
    assert len(words) >= 11
    assert [w for w in words if f"## {w}\n" not in reference] == []
    assert [o for o in sorted(options) if f"`{o}`" not in reference] == []
    columns = (DOCS / "columns.md").read_text("utf-8")
    assert [word for word in VOCABULARY if f"`{word}`" not in columns] == []
    assert [law for law in laws.names() if not (DOCS / "laws" / f"{law}.md").is_file()] == []
    listed, table = ((DOCS / name).read_text("utf-8") for name in ("laws/index.md", "catalogue.md"))
    assert [law for law in laws.names() if f"[{law}]({law}.md)" not in listed] == []
    assert [law for law in laws.names() if f"[{law}](laws/{law}.md)" not in table] == []
    methods = {path.stem for path in (ROOT / "src/isoflop/methods").glob("[!_]*.py")}
    assert [name for name in methods if not (DOCS / "methods" / f"{name}.md").is_file()] == []


def test_every_check_and_objective_is_explained() -> None:
    fit = isoflop.fit("chinchilla", isoflop.embedded("ladder"), bootstrap=0)
    page = (DOCS / "certificate.md").read_text("utf-8")
    names = {check.name.split(" of ")[0] for check in fit.certificate.checks}
    names = {"design" if name.startswith("design ") else name for name in names}
    assert [name for name in sorted(names) if f"| `{name}`" not in page] == []
    page = (DOCS / "objectives.md").read_text("utf-8")
    assert [name for name in (*NAMES, "auto") if f"| `{name}" not in page] == []


def test_readme_figure_is_drawn_by_the_script_beside_it() -> None:
    shown = re.findall(r"!\[[^\]]*\]\((docs/figures/[^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert shown
    for name in shown:
        assert (ROOT / name).is_file()
        assert (ROOT / name).with_suffix(".py").is_file()


@pytest.mark.parametrize("script", sorted((DOCS / "figures").glob("*.py")), ids=lambda path: path.stem)
def test_figure_scripts_draw_the_same_figure(script: Path, tmp_path: Path) -> None:
    copy = shutil.copy(script, tmp_path / script.name)
    subprocess.run([sys.executable, "-W", "error", str(copy)], check=True, cwd=tmp_path)
    drawn = (tmp_path / script.name).with_suffix(".svg").read_text("utf-8")
    kept = script.with_suffix(".svg").read_text("utf-8")
    # Fonts and the last digits of coordinates differ between machines; the marks and the words do not.
    assert re.findall(r"<(\w+)", drawn) == re.findall(r"<(\w+)", kept)
    assert re.findall(r"<text[^>]*>([^<]*)", drawn) == re.findall(r"<text[^>]*>([^<]*)", kept)


def test_law_figures_are_drawn_from_the_laws() -> None:
    drawn = generate.law_figures()
    assert set(drawn) == set(generate.LAW_FIGURES.glob("*.svg")), "Run: make docs"
    assert [path.stem for path in drawn] == list(laws.names())
    stale = [path.name for path, text in drawn.items() if not generate.alike(path.read_text("utf-8"), text)]
    assert stale == [], "Run: make docs"
    assert max(len(text) for text in drawn.values()) < 60_000
    for name, law in laws.catalogue().items():
        shown = drawn[generate.LAW_FIGURES / f"{name}.svg"]
        words = " ".join(re.findall(r">([^<>]+)<", shown))
        assert ("Published constants:" if law.published else "Made-up constants") in words, name


def test_drawings_that_differ_are_told_apart() -> None:
    mark = '<path aria-label="a: 1" aria-roledescription="line mark" d="M20.7,11.4L34.0,{}"/>'
    line = f'<svg>{mark}<text x="1">a</text></svg>'
    assert generate.alike(line.format(12.0), line.format(12.4))
    assert not generate.alike(line.format(12.0), line.format(14.0))
    assert not generate.alike(line.format(12.0), line.format("12.0L3,3"))
    assert not generate.alike(line.format(12.0), line.format(12.0).replace(">a<", ">b<"))


class Page(HTMLParser):
    """What a built page refers to, and what can be referred to in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.ids.add(str(found["id"]))
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        if tag in {"script", "img", "iframe"} and found.get("src"):
            self.loads.append(str(found["src"]))
        if tag == "link" and found.get("rel") == "stylesheet":
            self.loads.append(str(found["href"]))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site from a copy; a broken reference ends the build."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("docs", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "zensical.toml", folder)
    built = subprocess.run(
        [str(SITE_BUILDER), "build", "--strict", "--clean"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "site"


def test_site_holds_what_it_should(site: Path) -> None:
    # The builder ignores what it does not know, so look at what it built.
    for law in laws.names():
        page = (site / "laws" / law / "index.html").read_text("utf-8")
        assert "<math" in page, law
        assert f"figures/laws/{law}.svg" in page, law
    reference = "".join(path.read_text("utf-8") for path in (site / "api").rglob("index.html"))
    undocumented = [
        name
        for name in isoflop.__all__
        if callable(getattr(isoflop, name)) and f"{getattr(isoflop, name).__module__}.{name}" not in reference
    ]
    assert undocumented == []


def test_site_needs_no_network_and_has_no_dead_links(site: Path) -> None:
    pages = {path: Page(path) for path in site.rglob("index.html")}
    assert len(pages) > 20
    wrong = []
    for path, page in pages.items():
        wrong += [f"{path}: loads {url}" for url in page.loads if url.startswith(("http:", "https:", "//"))]
        for link in (*page.links, *page.loads):
            if re.match(r"[a-z]+:|//", link):
                continue
            target, _, anchor = link.split("?")[0].partition("#")
            file = (path.parent / target).resolve() if target else path
            file = file / "index.html" if file.is_dir() else file
            if not file.is_file():
                wrong.append(f"{path.relative_to(site)}: {link} leads nowhere")
            elif anchor and file in pages and anchor not in pages[file].ids | {"__skip"}:
                wrong.append(f"{path.relative_to(site)}: {link} has no such place")
    assert not wrong, "\n".join(wrong)
