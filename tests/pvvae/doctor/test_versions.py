"""Packages are held against their bounds, then against what was tested together."""

from packaging.requirements import Requirement

from pvvae.doctor.versions import LOCKS, compare, normal, read_lock
from tests.processes import ROOT

LOCK = {"torch": "2.13.0", "webdataset": "1.0.2"}
REQUIRED = [Requirement("torch>=2.10"), Requirement("webdataset>=1.0")]


def test_a_lock_is_read_by_normal_names():
    text = "# made by pip\ntorch==2.13.0\nImport_Linter==2.16 # law\n"
    assert read_lock(text) == {"torch": "2.13.0", "import-linter": "2.16"}
    shipped = {k: v for name in LOCKS for k, v in read_lock((ROOT / name).read_text()).items()}
    assert shipped.keys() >= {"torch", "deepspeed", "numpy"}
    assert normal("Foo__bar.baz") == "foo-bar-baz"


def test_what_is_too_old_or_missing_has_the_line_that_mends_it():
    old, missing = compare(REQUIRED, LOCK, installed={"torch": "2.9.1+cu128"})
    assert (old.name, old.found, old.right) == ("torch", "2.9.1+cu128", False)
    assert old.advice == "needs torch>=2.10: pip install 'torch==2.13.0'"
    assert (missing.name, missing.found, missing.right) == ("webdataset", "not installed", False)


def test_another_version_within_bounds_is_said_and_not_wrong():
    (found,) = compare(REQUIRED, LOCK, installed={"torch": "2.12.0", "webdataset": "1.0.2"})
    assert (found.right, found.found) == (None, "torch 2.12.0 (tested 2.13.0)")
    (same,) = compare(REQUIRED, LOCK, installed={"torch": "2.13.0+cpu", "webdataset": "1.0.2"})
    assert (same.right, same.found) == (True, "all 2 packages as tested together")
