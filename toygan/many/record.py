"""Any training loop recorded: what it makes now and then becomes a run's folder, measured and drawn as a game of toygan's is.

The loop stays its owner's. Of what toygan does not see, how it was played, no file of the folder says anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from toygan.files.disk import packed, write_aside
from toygan.files.mistakes import UserError, shortened
from toygan.game.streams import stream
from toygan.many import run
from toygan.many.run import Ledger, Order
from toygan.many.told import Brief, brief, config_for, optimum_facts, optimum_of
from toygan.quantities.critic import Judged
from toygan.quantities.measure import clouds_seen, measurable, measures_of
from toygan.quantities.optimal import Known
from toygan.quantities.table import N_W1, shown_in
from toygan.session import folder as folders
from toygan.session import ground as grounds
from toygan.session import measuring, takes
from toygan.session.ground import Floors, Ground, Perfect, floors_on
from toygan.session.loops import array_in, asked, glance, losses_in, points_in, side_of, step_in
from toygan.session.recording import Recording, load, metric_lines, read_metrics
from toygan.session.stream import UNKEPT
from toygan.session.takes import CHANGED, NOT_SAID, Take

OPEN: WeakValueDictionary[Path, LoopRecorder] = WeakValueDictionary()  # of this process, by folder
KEPT = ("metrics.jsonl", "frames.npz")  # what a recording ends with, besides pictures
MOST = 10**5  # points of a frame
LAST = "points of the last frame"


def recorder(
    folder: str | Path,
    real: Any,
    view: Any = None,
    title: str | None = None,
    objective: Any = None,
    fresh: bool = False,
    animation: bool = True,
) -> LoopRecorder:
    """A recorder of a training loop that toygan does not play; its folder becomes a run's, as `toygan run` makes them.

    `real` is what the loop learns: points [n, 2], or a scenario (a shipped name or the path of a .toml). `view` is the
    window, (left, right, bottom, top), by default the scenario's or one around the points; `title` what the loop is called,
    by default as its folder. With an `objective` (its name, or a method's, such as "wgan-gp") its optimal critic stands
    beside the learned one. `fresh` replaces what the folder holds, `animation` draws the film.

        with toygan.recorder("runs/mine", real="swiss-roll", title="My WGAN-GP") as recorder:
            recorder.frame(step, samples, critic=D, losses={"critic": d_loss, "generator": g_loss})

    A loop that was stopped goes on in the same folder with the same settings. Raises UserError (a ValueError) for what is
    wrong in the call, or a folder that holds something else.
    """
    place = Path(folder)
    told = brief(real, view, place.resolve().name if title is None else title, objective)
    what = repr(str(real)) if isinstance(real, str | Path) else "points"
    command = f"toygan.recorder({str(folder)!r}, real={what}, title={told.config['method']['name']!r})"
    return LoopRecorder(Order(place, command, animation=animation, fresh=fresh), told)


class LoopStage(NamedTuple):
    """What a loop's frames are held against: the ground, the floors of a frame, what is known of the optimal critic."""

    ground: Ground
    floors: Floors
    optimum: Known | None


class LoopRecorder:
    """A training loop on its way into a run's folder: `frame` keeps a moment of it, `close` (or the end of `with`) measures
    the end and draws. `recording` is what came of it, None before.
    """

    def __init__(self, order: Order, told: Brief) -> None:
        self.folder = order.folder
        self.recording: Recording | None = None
        self._order, self._told, self._takes = order, told, dict[int, Take]()
        self._points: int | None = None
        self._drawn = stream(told.seed, 0, "real of a recorded loop")
        self._stage: LoopStage | None = None
        self._held = ExitStack()
        if (older := OPEN.get(order.folder.resolve())) is not None:
            older._release()  # a cell of a notebook that is run again
        self._held.enter_context(folders.claimed(order.folder))
        try:
            self._ledger = self._begin()
        except BaseException:
            self._held.close()
            raise
        OPEN[order.folder.resolve()] = self
        self._clock = perf_counter()

    # --- what a loop calls -----------------------------------------------------------------------------------------------

    def frame(
        self,
        step: int,
        samples: Any,
        critic: Any = None,
        losses: Mapping[str, Any] | None = None,
        latents: Any = None,
        seed: int = 0,
    ) -> None:
        """Keep one moment of a loop: `samples [n, 2]` of the generator at a step, as many at each; what a `critic` (a torch
        module, or a function of points [n, 2] that gives [n] or [n, 1], higher for more real) says of the plane; losses by
        name, `critic` and `generator` among them; the latents [n, d] behind the samples, if the same points are followed.

        Points that are not finite are a loop that diverged. A step that an earlier session has kept is passed over where its
        samples are the same. Raises UserError for what is wrong; nothing that was kept is lost.
        """
        self._refuse_closed()
        take, step = self._take(seed), step_in(step)
        if step <= take.last:
            raise UserError(f"step {step} of seed {seed}: comes after step {take.last}; steps rise")
        points = self._checked(points_in(samples, "samples"))
        if step not in take.steps:
            self._keep(take, step, points, Given(samples, critic, losses_in(losses), latents))
        elif not np.array_equal(folders.kept_frames(take.place, [step])["samples"][0, 0], points, equal_nan=True):
            raise UserError(
                f"step {step} of seed {take.seed}: was recorded earlier, with other samples, so this is another loop; go on "
                f"from step {take.steps[-1]}, or begin anew with fresh=True"
            )
        take.last, self._clock = step, perf_counter()

    def real(self, n: int) -> np.ndarray:
        """Draw n more real points to train on [n, 2], float64: the same ones in the same order whenever the loop begins."""
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise UserError(f"real: n = {shortened(repr(n), 40)}: must be a whole number, 1 or more")
        return self._told.target.sample(self._drawn, int(n))

    def steps(self, seed: int = 0) -> list[int]:
        """The steps of a seed that are kept so far, those of earlier sessions too."""
        return list(self._takes[seed].steps) if seed in self._takes else []

    def close(self) -> Recording:
        """Measure the end and draw; what came of it. UserError where there is no frame, or seeds' steps differ."""
        if self.recording is not None:
            return self.recording
        self._refuse_closed()
        try:
            if not self._kept():
                raise UserError(f"{self.folder}: no frame was recorded")
            with run.recorded_faults(self._ledger):
                self._pack()
                run.finish(self._order, self._ledger)
        finally:
            self._release()
        self.recording = load(self.folder)
        return self.recording

    def __enter__(self) -> LoopRecorder:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self.close()
        elif OPEN.get(self.folder.resolve()) is self:
            if self._kept():
                self._ledger.leave(status="interrupted", message=shortened(f"{type(error).__name__}: {error}", 200))
            self._release()

    def __repr__(self) -> str:
        told = ", ".join(f"seed {seed}: {len(take.steps)} frames" for seed, take in self._takes.items())
        return f"<Recorder {self.folder}: {told or 'no frame yet'}>"

    # --- how it is kept --------------------------------------------------------------------------------------------------

    def _begin(self) -> Ledger:
        """What is known of an earlier session, or nothing yet; no file is written before the first frame."""
        told, order = self._told, self._order
        known = takes.earlier_session(self.folder, told.config, told.inputs, order.fresh)
        # Nothing is known of the device, and toygan runs nothing of it.
        made = {"versions": run.versions(), "device": "unknown", "backend": "none", "inputs": dict(told.inputs)}
        first = run.facts_before(made, config_for(told, None), order, [], 0)
        if known:
            self._points = known["config"]["training"]["points"]
            first["seconds"] = folders.spent(first["seconds"], known)
            for seed in known["seeds"]:
                self._take(seed)
        return Ledger(self.folder, first)

    def _refuse_closed(self) -> None:
        if OPEN.get(self.folder.resolve()) is not self:
            raise UserError(f"{self.folder}: this recorder is closed; toygan.recorder(...) opens another one")

    def _release(self) -> None:
        if OPEN.get(self.folder.resolve()) is self:
            del OPEN[self.folder.resolve()]
        self._held.close()

    def _take(self, seed: Any) -> Take:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
            raise UserError(f"seed {shortened(repr(seed), 40)}: must be a whole number, 0 or more")
        if seed not in self._takes:
            origin = takes.origin_of(self._told.config, self._told.inputs)
            self._takes[int(seed)] = takes.taken(self.folder, int(seed), origin)
        return self._takes[int(seed)]

    def _kept(self) -> list[Take]:
        return [take for take in self._takes.values() if take.steps]

    def _checked(self, points: np.ndarray) -> np.ndarray:
        """Points of a frame, in single precision; UserError where there were others, or too many."""
        n = len(points)
        if self._points not in (None, n):
            raise UserError(f"samples: {n} points, and {self._points} at the first frame; give as many at each")
        if n > MOST:
            raise UserError(f"samples: {n} points; {MOST} are the most that a frame has")
        with np.errstate(over="ignore"):  # what is too large for single precision is as good as endless
            return points.astype(np.float32)

    def _on_stage(self, n: int) -> LoopStage:
        """What n points are held against; the first frame says how many."""
        if self._stage is None:
            run.import_slow_libraries()
            ground = grounds.ground_of(self._told.target, self._told.seed, n, self._told.view)
            with self._ledger.timed("floors"):
                floors = floors_on(Perfect(ground, ground.real, N_W1, "frame"), self._told.about)
            self._points, self._stage = n, LoopStage(ground, floors, optimum_of(self._told, ground))
            self._ledger.put(config=config_for(self._told, n), floors={"frame": floors})
        return self._stage

    def _keep(self, take: Take, step: int, points: np.ndarray, given: Given) -> None:
        """Look, measure, and keep both before the loop goes on."""
        trained, agreed = perf_counter() - self._clock, agreeing(take, step, given, len(points))
        stage = self._on_stage(len(points))
        judge = None if given.critic is None else asked(given.critic, given.samples, side_of(stage.ground))
        with self._ledger.timed("observe"):
            arrays, judged = glance(stage.ground, points.astype(float), judge, given.losses)
        with self._ledger.timed("measure"):
            row, best = measured(stage, arrays["samples"], judged)
            lines = "".join(metric_lines(given.losses | row, step, [take.seed]))
            frame = {name: values for name, values in arrays.items() if name not in UNKEPT} | best
        take.losses, take.critic, take.latents = agreed
        self._ledger.spend({"train": trained})
        try:
            if not take.steps:
                self._tell(take)  # before its first frame is there, so that none is ever unknown
            takes.keep_take(take, step, frame, lines)
            self._tell()
        except BaseException:
            self._release()  # what is on disk is whole; what is known here is not
            raise

    def _tell(self, *begun: Take) -> None:
        """Write down how far the loop is, and of which seeds there are frames, or will be."""
        kept = [*self._kept(), *begun]
        far = max([0, *(take.steps[-1] for take in kept if take.steps)])
        followed = all(take.latents not in (NOT_SAID, CHANGED) for take in kept)
        self._ledger.put(seeds=[take.seed for take in kept], step=far, steps=far, followed=followed)
        self._ledger.write(durable=False)

    def _pack(self) -> None:
        """Stack the frames of all seeds into `frames.npz`, their measures into `metrics.jsonl`, and sum the loop up."""
        kept, place, ledger = self._kept(), self.folder, self._ledger
        seeds = [take.seed for take in kept]
        with ledger.timed("observe"):
            frames, lines = takes.stacked(kept)
        stage = self._on_stage(frames["samples"].shape[2])
        frames |= grounds.fixed_on(stage.ground, frames["step"].tolist())
        write_aside(place / "metrics.jsonl", lines)
        metrics = read_metrics(place / "metrics.jsonl", frames["step"], seeds)
        floors, summary = end_of_loop(stage, self._told, seeds, frames, metrics)
        self._tell()
        ledger.put(floors={"frame": stage.floors, "final": floors}, summary=summary)
        write_aside(place / "frames.npz", packed(frames))
        ledger.put(digests={name: folders.of_file(place / name) for name in KEPT})


class Given(NamedTuple):
    """What a loop gives of one moment, besides its step and seed."""

    samples: Any
    critic: Any
    losses: dict[str, np.ndarray]
    latents: Any


def agreeing(take: Take, step: int, given: Given, n: int) -> tuple[tuple[str, ...], bool, str]:
    """Which losses, whether a critic, and which latents a loop gives; UserError for others than before, losses at first aside."""
    last = max(take.steps, default=step)
    if step < last:
        raise UserError(f"step {step} of seed {take.seed}: was not kept, but step {last} was; go on from there")
    names, has_critic, latents = tuple(sorted(given.losses)), given.critic is not None, digest_of(given.latents, n)
    is_first = len(take.steps) == 0 or (len(take.steps) == 1 and not take.losses)
    if not is_first and names != take.losses:
        told = [", ".join(one) or "none" for one in (names, take.losses)]
        raise UserError(f"losses: {told[0]} at step {step}, and {told[1]} before; give the same ones at every frame")
    if take.steps and has_critic != take.critic:
        how = "given" if has_critic else "missing"
        raise UserError(f"critic: {how} at step {step}, not so before; give one always or never")
    return names, has_critic, latents if not take.steps or latents == take.latents else CHANGED


def digest_of(latents: Any, n: int) -> str:
    """What tells latents [n, ...] from others; UserError where there are not as many as samples."""
    if latents is None:
        return NOT_SAID
    array = array_in(latents, "latents")
    if array.shape[:1] != (n,):
        raise UserError(f"latents: has the shape {list(array.shape)} for {n} samples; one for each, [{n}, d]")
    return folders.digest(np.ascontiguousarray(array, dtype="<f8").tobytes()).hex()


def measured(
    stage: LoopStage, samples: np.ndarray, judged: Judged | None
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Every measure of a frame's samples [1, N, 2], [1] each, and the optimal critic beside the one that judged."""
    critics = [judged] if judged else []
    optimum, held = stage.optimum if critics else None, grounds.against_on(stage.ground)
    clouds = clouds_seen(samples, held, critics, optimum, ())
    row = measures_of(clouds, measurable(held, critics, optimum))
    best = {"optimal_scores": grounds.best_on(stage.ground, clouds)} if optimum else {}
    return row | {"w1_floor": np.array([stage.floors["w1"]["mean"]])}, best


def end_of_loop(
    stage: LoopStage, told: Brief, seeds: list[int], frames: Mapping[str, np.ndarray], metrics: Mapping[str, np.ndarray]
) -> tuple[Floors, dict[str, Any]]:
    """The floors of the end and its summary, of the last frame's points against as many fresh ones of the target."""
    ground, final = stage.ground, frames["samples"][-1]
    n, n_w1 = final.shape[1], min(measuring.FINAL_W1, final.shape[1])
    real = grounds.watched_points(told.target, told.seed, n, 1)
    floors = floors_on(Perfect(ground, real, n_w1, "final"), told.about)
    last = {"w1_floor": np.full(len(seeds), floors["w1"]["mean"])}
    last |= {name: metrics[name][-1] for name in shown_in("last") if name in metrics}
    summary = grounds.summed_up(ground, seeds, final, real, n_w1, frames, last)
    best = optimum_facts(told, stage.optimum) if "scores" in frames else {}
    return floors, summary | {"points_of": LAST} | best
