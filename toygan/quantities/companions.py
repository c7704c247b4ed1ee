"""What is looked at where a game has more than one critic and one generator, or tells classes: a critic's score by class,
decision regions of its heads, what comes back of points and of latents, the other world.

Each view is there only where the game has what it is of; nothing here is random and nothing changes the state.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from toygan.files.disk import Arrays
from toygan.game import duel
from toygan.game.casts import BACK, ENCODER, OTHER_CRITIC, encode
from toygan.game.duel import CRITIC
from toygan.game.play import Course, Game, Parameters, State
from toygan.game.rounds import PICK, SHARES, makers, point_weights
from toygan.quantities.state import Watched, as_moved_by, by_name

KEPT = 400  # points of which it is kept what comes back of them
HEADS = ("class", "category", "whose")  # heads of a critic that tell one of several kinds
MOMENTS = 121  # times at which a way is looked at: each 3 degrees of a turn
MOST = 25  # classes by which scores are kept
SHARES_OF_A_WAY = torch.linspace(0, 1, MOMENTS, dtype=torch.float64)


def kinds_of(game: Game, latents: Tensor, name: str) -> np.ndarray | None:
    """Which of a code's values latents [S, n, d] have: [S, n]; None where they have no such code."""
    columns = duel.code_place(game, name)
    return None if columns is None else np.asarray(latents[..., columns].argmax(dim=-1).cpu().numpy())


def makers_of(game: Game, latents: Tensor) -> np.ndarray | None:
    """Which of several generators carries each of latents [S, n, d]: [n]; None where there is one generator."""
    nowhere = latents.new_zeros((*latents.shape[:2], 2))  # it does not hang on real points
    whose = as_moved_by(game, nowhere, latents).get("whose")
    return None if whose is None else np.asarray(whose[0].argmax(dim=-1).cpu().numpy())


# --- the critic ------------------------------------------------------------------------------------------------------


def of_critic(
    game: Game, parameters: Parameters, fine: Tensor, coarse: Tensor, clouds: tuple[Tensor, Tensor]
) -> Arrays:
    """`class_scores [P, K, m]` at the coarse points [P, m, 2] where the critic is told classes, and `NAME_regions [P, n]`, which
    kind each of its heads takes a fine one [P, n, 2] for, against clouds [P, k, d] with what stands beside their points; of the
    seeds that `parameters` are of.
    """
    scores, told = class_scores(game, parameters, coarse, clouds), regions(game, parameters, fine, clouds)
    found = {f"{name}_regions": kinds.cpu().numpy().astype(np.uint8) for name, kinds in told.items()}
    return found if scores is None else found | as_arrays({"class_scores": scores})


def class_scores(game: Game, parameters: Parameters, points: Tensor, clouds: tuple[Tensor, Tensor]) -> Tensor | None:
    """The drawn score of points [P, m, 2] for each class: [P, K, m]; None where the critic is told no class, or too many."""
    columns = duel.code_place(game, duel.LABEL)
    classes = 0 if columns is None else columns.stop - columns.start
    is_told = bool(game.cast.beside) and game.cast.beside[0].given and game.cast.beside[0].columns == classes
    if not is_told or not 1 < classes <= MOST:
        return None
    critic, faces = duel.judge(game, parameters, *clouds), duel.faces(game, parameters, points, clouds)
    each = torch.stack([critic.score(face) for face in faces], dim=1)
    return each.unflatten(1, (-1, classes)).mean(dim=1) if len(faces) % classes == 0 else None


def regions(game: Game, parameters: Parameters, points: Tensor, clouds: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    """The likeliest kind at points [P, n, 2] by each head of kinds: [P, n]; by mean log-probability over what may be beside."""
    names = [name for name, width in duel.widths_of(game).items() if name in HEADS and width > 1]
    if not names:
        return {}
    own = {name: one.detach() for name, one in parameters.items()}
    settled = game.players[CRITIC].network.settled(duel.critic_layers(game, own), clouds[1].repeat(1, 1, game.pack))
    said = [
        duel.heads(game, settled(face.repeat(1, 1, game.pack)).outputs.detach())
        for face in duel.faces(game, own, points, clouds)
    ]
    logs = {name: torch.stack([one[name].log_softmax(dim=-1) for one in said]) for name in names}
    return {name: each.mean(dim=0).argmax(dim=-1) for name, each in logs.items()}


# --- there and back --------------------------------------------------------------------------------------------------


def of_maps(game: Game, state: State, clouds: Watched, places: Tensor) -> Arrays:
    """What the averaged maps make of real points, of generated ones `fake [S, N, 2]`, and of what those were made of.

    Where points are brought back, by an encoder or by the way back of two translators: `reconstructed [S, M, 2]` of the first
    real points; `reconstruction_error`, `latent_distance [S]`, the mean distances of real points and of latents from what
    comes back of them. Of translators `travel [S]`, the mean way of a source point. Of an encoder `code_map [P, m, 2]`, the
    shares of watched latents below E(x) in its first two coordinates at `places [P, m, 2]`. Of two worlds `other [S, N, 2]`,
    what is made in the other one, and of translators `other_reconstructed [S, M, 2]`. Also `of_course` and `of_rounds`.
    """
    parameters, real = state.averaged, clouds.real.expand(len(clouds.fake), -1, -1)
    with torch.no_grad():
        if game.cast.course is not None:
            return of_course(game, parameters, game.cast.course)
        if SHARES in game.players:
            return of_rounds(game, parameters, clouds, real)
        if ENCODER in game.players:
            found = of_encoder(game, parameters, clouds, real)
            found["code_map"] = code_map(game, parameters, clouds, places)
        elif BACK in game.players:
            found = of_way_back(game, parameters, clouds, real)
        else:
            found = of_pairs(game, parameters, clouds) if OTHER_CRITIC in game.players else {}
    return as_arrays(found)


def as_arrays(found: Parameters) -> dict[str, np.ndarray]:
    return {name: values.cpu().numpy().astype(np.float32) for name, values in found.items()}


def of_course(game: Game, parameters: Parameters, course: Course) -> Arrays:
    """The generator's way at even times, `way [S, M, 2]`, and its mean distance from the exact one, `way_error [S]`."""
    way, exact = course.at(game, parameters, SHARES_OF_A_WAY), course.exact(times_of(course))
    return as_arrays({"way": way, "way_error": distance(way, exact.to(way))})


def times_of(course: Course) -> Tensor:
    """Even times from 0 to the end of a way, which may differ by seed: [1 or S, M], in float64, on the host."""
    return torch.as_tensor(course.end).cpu().reshape(-1, 1) * SHARES_OF_A_WAY


def of_rounds(game: Game, parameters: Parameters, clouds: Watched, real: Tensor) -> Arrays:
    """Of a mixture that grows by rounds: the generators' `shares [S, K]`, which one made each point, `made_by [S, N]`, and what
    the real points weigh in this round, `real_weights [S, N]`.
    """
    pick = clouds.latent[..., duel.code_place(game, PICK)][..., 0]
    found = {"shares": parameters[SHARES], "real_weights": point_weights(game, parameters, real)}
    return as_arrays(found) | {"made_by": makers(parameters[SHARES], pick).cpu().numpy().astype(np.uint8)}


def of_encoder(game: Game, parameters: Parameters, clouds: Watched, real: Tensor) -> dict[str, Tensor]:
    """What comes back of real points [S, n, 2] through encoder and generator, and of latents the other way."""
    row = by_name(game, real, clouds.due)  # a real point comes back as one of its own class
    found = duel.generate(game, parameters, {**row, "latent": encode(game, parameters, real)})
    again = encode(game, parameters, clouds.fake)
    return {
        "reconstructed": found[:, :KEPT],
        "reconstruction_error": distance(found, real),
        "latent_distance": distance(again, row["latent"]),
    }


def of_way_back(game: Game, parameters: Parameters, clouds: Watched, real: Tensor) -> dict[str, Tensor]:
    """What two translators make of both worlds' points, and what comes back of them."""
    other, again = duel.sent(game, parameters, real, BACK), duel.sent(game, parameters, clouds.fake, BACK)
    found = duel.carried(game, parameters, other)
    source = by_name(game, real, clouds.latent)["latent"]
    return {
        "other": other,
        "reconstructed": found[:, :KEPT],
        "other_reconstructed": again[:, :KEPT],
        "reconstruction_error": distance(found, real),
        "latent_distance": distance(again, source),
        "travel": distance(clouds.fake, source),
    }


def of_pairs(game: Game, parameters: Parameters, clouds: Watched) -> dict[str, Tensor]:
    """The second point of each pair, of a game in which one latent gives two."""
    return {"other": duel.sent(game, parameters, clouds.latent)[..., 2:]}


def code_map(game: Game, parameters: Parameters, clouds: Watched, places: Tensor) -> Tensor:
    """Which share of the watched latents lies below E(x) at places [P, m, 2], in the first two coordinates: [P, m, c]."""
    first = {name: own[: len(places)] for name, own in parameters.items()}
    code = encode(game, first, places)[..., :2]
    latents = by_name(game, clouds.fake, clouds.latent)["latent"][: len(places), :, :2]
    ranked = latents.transpose(1, 2).contiguous().sort(dim=2).values
    below = torch.searchsorted(ranked, code.transpose(1, 2).contiguous())
    return below.transpose(1, 2) / latents.shape[1]


def distance(points: Tensor, others: Tensor) -> Tensor:
    """The mean distance of points [S, n, d] from others, each from its own: [S]."""
    return (points - others).norm(dim=2).mean(dim=1)
