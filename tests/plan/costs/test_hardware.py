"""The table of accelerators, rows of the user, and peaks that can only be sparse."""

import datetime

import pytest

from isoflop.errors import FileError, InputError
from isoflop.plan.costs.hardware import device, devices

MINE = """
[Mine]
dense = { bf16 = "500 TFLOP/s", fp8 = "1000 TFLOP/s" }
memory = "96GB"
bandwidth = "4 TB/s"
source = "measured by us"
date = "2026-01"
mfu = 0.35
"""


@pytest.mark.parametrize("name", devices())
def test_no_dense_peak_is_one_with_sparsity(name):
    item = devices()[name]
    for precision, peak in item.dense.items():
        if precision in item.sparse:
            assert item.sparse[precision] == pytest.approx(2 * peak, rel=0.002)
    if {"bf16", "fp8"} <= set(item.dense):
        assert item.dense["fp8"] <= 2.01 * item.dense["bf16"]


@pytest.mark.parametrize(
    ("name", "precision", "sparse"),
    [
        ("A100", "bf16", 624e12), ("H100", "bf16", 1979e12), ("H200", "fp8", 3958e12), ("B200", "fp4", 18e15),
        ("MI300X", "fp8", 5230e12),
    ],
)  # fmt: skip
def test_what_vendors_print_with_sparsity_is_twice_what_is_used(name, precision, sparse):
    assert device(name).peak(precision) == pytest.approx(sparse / 2, rel=0.002)


@pytest.mark.parametrize("name", devices())
def test_every_row_has_a_source_a_date_and_what_it_needs(name):
    item = devices()[name]
    datetime.datetime.strptime(item.date, "%Y-%m")
    assert len(item.source) > 20
    assert 1e10 < item.memory < 1e12
    assert 1e11 < item.bandwidth < 1e13
    assert item.link is None or 1e11 < item.link < 1e13
    assert set(item.unverified) <= {"link", "memory", "dense.bf16", "dense.int8"}


def test_the_devices_of_the_issue_are_there():
    wanted = {"A100", "H100", "H200", "B200", "MI250X", "MI300X", "TPU-v4", "TPU-v5e", "TPU-v5p", "TPU-v6e"}
    assert wanted <= set(devices())


def test_a_new_device_and_overrides_come_from_a_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE + '[h100]\nprice = "$2.1/h"\nwatts = "650 W"\nmfu = 0.42\n')
    known = devices(path)
    assert known["Mine"].peak("fp8") == 1e15
    assert (known["H100"].price, known["H100"].watts, known["H100"].mfu) == (2.1, 650.0, 0.42)
    assert known["H100"].peak("bf16") == device("H100").peak("bf16")
    assert device("H100").mfu is None, "the shipped table is not changed"
    assert device("mine", path).mfu == 0.35


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[H100]\ndense = { bf16 = "1979 TFLOP/s" }', "above the dense peak of 989 TFLOP/s .*1979 with sparsity"),
        (MINE.replace("1000", "2000"), "more than twice the 500 of bf16"),
        (MINE + 'sparse = { bf16 = "500 TFLOP/s" }', "too near the 500 TFLOP/s with sparsity"),
        (MINE.replace('memory = "96GB"', 'memory = "96 days"'), "is a quantity of time, and memory is asked for"),
        (MINE.replace('memory = "96GB"', ""), "'Mine' lacks memory"),
        (MINE.replace("mfu = 0.35", "mfu = 35"), "no share above 0 and up to 1"),
        (MINE + "prise = 3", "unknown fields prise"),
        (MINE + 'price = ["$1/h", "$2/h", "$3/h"]', "has 3 values"),
        (MINE + 'sparse = "none"', "Write it as"),
        ("peak = 3", "stands outside a device"),
    ],
)
def test_what_cannot_be_a_device_is_refused(tmp_path, text, said):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        devices(path)


def test_a_file_that_is_no_toml_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[H100")
    with pytest.raises(FileError, match="is no TOML"):
        devices(path)
    with pytest.raises(FileError, match="cannot be read"):
        devices(tmp_path / "nowhere.toml")


def test_unknown_names_and_precisions_list_the_known_ones():
    with pytest.raises(InputError, match=r"no device 'Z80'. Give one of A100, H100"):
        device("Z80")
    with pytest.raises(InputError, match="no dense peak for 'fp8'; it has bf16, fp16, int8"):
        device("A100").peak("fp8")
