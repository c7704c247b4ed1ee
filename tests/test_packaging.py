"""What is installed: every direct dependency has one tried version, and the commands of the documents take it."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
COMMANDS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "docs/sweeps.md", ".ci/run")]


def wanted() -> list[Requirement]:
    """What pyproject.toml asks for, its extras too, but for itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    asked = [Requirement(text) for one in lists for text in one]
    return [one for one in asked if one.name != project["name"]]


def tried() -> dict[str, str]:
    """The one version of each package in versions.txt; any other kind of line, or a second one, fails here."""
    lines = (ROOT / "versions.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    versions = {canonicalize_name(name): version for name, version in pairs}
    assert len(versions) == len(pairs)
    return versions


@pytest.mark.parametrize("one", wanted(), ids=lambda one: one.name)
def test_each_direct_dependency_has_a_tried_version_within_its_bound(one):
    version = tried()[canonicalize_name(one.name)]
    assert re.fullmatch(r"[0-9.]+(\.post\d+)?", version), "one exact version, no local build of one machine"
    assert one.specifier.contains(version)


@pytest.mark.parametrize("one", wanted(), ids=lambda one: one.name)
def test_no_dependency_is_refused_for_being_new(one):
    """A bound from above needs a version that is known to fail, and a word on it in pyproject.toml."""
    assert {part.operator for part in one.specifier} == {">="}


@pytest.mark.parametrize("document", COMMANDS, ids=lambda path: path.name)
def test_every_command_that_installs_takes_the_tried_versions(document):
    installs = re.findall(r"pip install .*", document.read_text(encoding="utf-8"))
    assert installs
    assert all(re.match(r"pip install (--quiet )?-c versions\.txt ", line) for line in installs)
