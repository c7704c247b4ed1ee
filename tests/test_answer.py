"""The answer of an exhibit is computed: what became of its claims, and the numbers that they are about, with names."""

from __future__ import annotations

import pytest

from toygan.exhibits import judge, read, shipped_exhibits
from toygan.exhibits.aloud import who
from toygan.exhibits.answer import answer
from toygan.exhibits.files import Claim

ROWS = [
    {
        "folder": f"{method}-{on}",
        "scenario": on,
        "method": method,
        "seed": seed,
        "status": "done",
        "w1": w1 + seed / 100,
    }
    for method, on, w1 in (("a", "ring", 0.2), ("b", "ring", 0.5), ("a", "roll", 0.1), ("b", "roll", 0.05))
    for seed in range(3)
]


def claim(method: str, on: str = "ring", **facts) -> Claim:
    of = {"method": method, "scenario": on}
    return Claim.model_validate({"says": "It is so.", "value": {"of": of, "measure": "w1"}} | facts)


def said(*claims: Claim) -> str:
    return answer([judge(one, ROWS) for one in claims])


AGAINST = {"over": {"of": {"method": "b", "scenario": "ring"}, "measure": "w1"}}


@pytest.mark.parametrize(("claims", "told"), [
    ([claim("a", below=1)], "The claim held: W1 = 0.21 with a on ring."),
    ([claim("a", below=0.1)], "The claim did not hold: W1 = 0.21 with a (claimed: below 0.1) on ring."),
    ([claim("a", below=1), claim("b", below=1)], "Both claims held: W1 = 0.21 with a, 0.51 with b on ring."),
    ([claim("a", below=1), claim("b", below=0.1)],
     "1 of 2 claims held: W1 = 0.21 with a on ring; 1 did not: W1 = 0.51 with b (claimed: below 0.1) on ring."),
    ([claim("a", below=1, **AGAINST)], "The claim held: W1 = 0.21 with a against 0.51 with b on ring."),
    ([claim("a", below=0.206, seeds="all")],
     "The claim did not hold: W1 = 0.21 with a (claimed: below 0.206 in all seeds; so in 1 of 3) on ring."),
    ([claim("a", below=0.5, seeds="all", **AGAINST), claim("a", below=0.41, seeds="all", **AGAINST)],
     "1 of 2 claims held: W1 = 0.21 with a against 0.51 with b on ring; 1 did not: "
     "W1 = 0.21 with a against 0.51 with b (as claimed in 1 of 3 seeds) on ring."),
    ([claim("a", below=0.1, seeds="2 of 3")],
     "The claim did not hold: W1 = 0.21 with a (claimed: below 0.1 in 2 of 3 seeds; so in none) on ring."),
    ([claim("a", below=0.206, seeds="at most 2 of 3")],
     "The claim held: W1 = 0.21 with a (below 0.206 in 1 of 3 seeds) on ring."),
    ([claim("a", equals=0.3, within=0.02, seeds="none")],
     "The claim held: W1 = 0.21 with a (within 0.02 of 0.3 in 0 of 3 seeds) on ring."),
    ([claim("a", below=1), claim("b", below=1, by_construction="a theorem")],
     "The claim held: W1 = 0.21 with a on ring; 1 more is true by construction."),
    ([claim("b", below=1, by_construction="a theorem")], "1 claim, true by construction: W1 = 0.51 with b on ring."),
    ([claim("a", below=1), claim("nobody", below=1)],
     "1 of 2 claims held: W1 = 0.21 with a on ring; 1 could not be judged."),
    ([claim("a", at_least=9), claim("b", at_least=9)],
     "None of 2 claims held: W1 = 0.21 with a (claimed: at least 9), 0.51 with b (claimed: at least 9) on ring."),
])  # fmt: skip
def test_the_answer_is_the_verdicts_and_their_numbers(claims, told):
    assert said(*claims) == told


def test_a_claim_of_many_numbers_gives_way_to_plain_ones():
    many = claim("a", below=1, each="scenario")
    assert said(many, *[claim("a", on, below=1) for on in ("ring", "roll", "ring")]).count("0.21") == 2
    assert said(many) == "The claim held: W1 = 0.21 with a on ring."


@pytest.mark.parametrize("name", shipped_exhibits())
def test_without_runs_nothing_is_answered(name):
    exhibit = read(name)
    found = answer([judge(one, []) for one in exhibit.claims])
    assert found == "No claim could be judged."


def test_a_critic_used_after_training_is_told_as_people_say_it():
    used = {"refined": "blurred", "critic": "exact", "way": "rejection"}
    assert who(used) == "blurred rejection by the optimal critic"
    assert who({"critic": "none", "refined": "trained"}) == "trained as they are made"
    assert who({"critic.width": 32}) == "width 32"
    assert who({"group": "levels", "method": "wgan-gp"}) == "wgan-gp (levels)"
