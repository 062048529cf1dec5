from importlib.resources import files
from pathlib import Path

import pytest

from isoflop.errors import FileError, InputError
from isoflop.ladder.grid import Job, read_ladder

SHIPPED = Path(str(files("isoflop.ladder") / "data" / "ladder.toml"))


def test_the_shipped_ladder_is_as_wide_as_it_should_be():
    ladder = read_ladder(SHIPPED)
    derived = [ladder.derive(job) for job in ladder.jobs]
    ratios = [d.tokens / d.shape.params for d in derived]
    compute = [d.shape.params * d.tokens for d in derived]
    seeds = {width: {job.seed for job in ladder.jobs if job.width == width} for width in (24, 32)}
    assert len(ladder.jobs) >= 60
    assert len({d.shape.params for d in derived}) >= 8
    assert max(compute) / min(compute) > 10**2.5
    assert min(ratios) < 6
    assert max(ratios) > 150
    assert seeds == {24: {0, 1, 2}, 32: {0, 1, 2}}


def test_cheap_runs_come_first_and_the_dearest_in_the_middle():
    ladder = read_ladder(SHIPPED)
    cost = [ladder.derive(job).shape.flops(job.tokens, 128) for job in ladder.jobs]
    half = len(cost) // 2
    assert cost[:half] == sorted(cost)[:half]
    assert cost[half] == max(cost)


def test_a_grid_block_is_every_width_tokens_and_seed(ladder_file):
    jobs = read_ladder(ladder_file).jobs
    assert set(jobs) == {Job(16, tokens, seed) for tokens in (10_000, 20_000) for seed in (0, 1)}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[recipe]", "[recipe]\nlearning_rate = 1", "unknown key 'learning_rate'"),
        ("[[grid]]", "[[grid]]\ndepth = 3", "unknown key 'depth'"),
        ("held_out_one_in = 5", "", "held_out_one_in"),
        ("width = 16", "width = 17", "width 17"),
        ("width = 16", 'width = "16"', "not a whole number"),
        ("seeds = [0, 1]", "seeds = [0, 0]", "twice"),
        ("seeds = [0, 1]", "seeds = [0.5]", "not a whole number"),
        ('"10K"', '"8"', "fewer tokens than one sequence"),
        ('"10K"', '"ten"', "not a quantity"),
        ("lr = 0.02", 'lr = 0.02\nschedule = "step"', "cosine, wsd"),
        ("[recipe]\ncontext = 32\nlr = 0.02", "", r"no \[recipe\]"),
    ],
)
def test_a_wrong_ladder_file_is_refused_before_anything_is_trained(ladder_file, old, new, said):
    text = ladder_file.read_text(encoding="utf-8")
    assert old in text
    ladder_file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_ladder(ladder_file)


@pytest.mark.parametrize("content", [b"[corpus", b"\xff\xfe\x00", None])
def test_a_file_that_is_no_toml_is_said(tmp_path, content):
    path = tmp_path / "ladder.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match="cannot be read"):
        read_ladder(path)


def test_the_example_uses_the_shipped_corpus_and_learning_rate():
    example = read_ladder(Path(__file__).parents[2] / "examples" / "ladder_small.toml")
    shipped = read_ladder(SHIPPED)
    assert example.packages == shipped.packages
    assert example.corpus_sha256 == shipped.corpus_sha256
    assert example.recipe == shipped.recipe
    assert len(example.jobs) == 12
