"""What runs share is kept, made again where it is damaged, and never wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from toygan.files import cache


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often the value was made, with a cache of the test's own."""
    monkeypatch.setenv("TOYGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "MADE", {})
    return []


def value_of(calls: list[int], about: str = "a") -> dict[str, float | None]:
    """A value that says when it was made."""

    def make() -> dict[str, float | None]:
        calls.append(1)
        return {"mean": 0.1 + 0.2, "high": None}

    return cache.kept("floors", about, make)


def test_a_value_is_made_once_and_comes_back_to_the_last_digit(calls: list[int]) -> None:
    first = value_of(calls)
    first["mean"] = 7  # the caller's own copy
    assert value_of(calls) == {"mean": 0.1 + 0.2, "high": None}
    cache.MADE.clear()  # as in another process
    assert value_of(calls) == {"mean": 0.1 + 0.2, "high": None}
    assert len(calls) == 1
    value_of(calls, "b")
    assert len(calls) == 2


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"digest": "x", "value": {"mean": 1}}', None]
)
def test_a_damaged_file_is_made_again(calls: list[int], damage: bytes | None) -> None:
    value_of(calls)
    (kept,) = cache.folder().rglob("*.kept")
    kept.write_bytes(kept.read_bytes().replace(b"0.3", b"0.4") if damage is None else damage)
    cache.MADE.clear()
    assert value_of(calls) == {"mean": 0.1 + 0.2, "high": None}
    assert len(calls) == 2
    cache.MADE.clear()
    value_of(calls)  # mended
    assert len(calls) == 2


def test_a_place_that_cannot_be_written_is_no_fault(
    calls: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TOYGAN_CACHE", str(tmp_path / "file"))
    assert value_of(calls)["high"] is None


def test_a_user_without_a_home_is_no_fault(calls: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("TOYGAN_CACHE")
    monkeypatch.setattr(Path, "home", homeless)
    assert value_of(calls)["high"] is None
    cache.MADE.clear()
    value_of(calls)
    assert len(calls) == 2


def test_another_version_of_a_maker_makes_anew(calls: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    value_of(calls)
    monkeypatch.setattr(cache, "makers", lambda: ["another"])
    value_of(calls)
    assert len(calls) == 2


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("long", [False, True])
def test_no_value_is_made_twice_in_a_process_wherever_it_is_kept(
    calls: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writable: bool, long: bool
) -> None:
    """A long one is kept in the folder alone, unless it cannot be: no place to write, or one that has no room for it."""
    made = "x" * (cache.SMALL if long else 10)
    if not writable:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("TOYGAN_CACHE", str(tmp_path / "file"))

    def make() -> str:
        calls.append(1)
        return made

    assert [cache.kept("pages", "a", make) for _ in range(3)] == [made] * 3
    assert len(calls) == 1
    assert bool(cache.MADE) == (not long or not writable)


def test_a_long_value_for_which_the_folder_has_no_room_is_made_once(
    calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "ROOM", 10)
    made = [cache.kept("pages", "a", lambda: calls.append(1) or "x" * cache.SMALL) for _ in range(3)]  # type: ignore[func-returns-value]
    assert len(calls) == 1
    assert set(map(len, made)) == {cache.SMALL}
