"""A search for good options: Optuna asks, runs answer with their accuracy on validation samples.

A trial is one set of values, and a run of fixed length for each seed.  It is trained to a rung (a ninth of its
validations, then a third), and goes on from its checkpoint only if it is among the better half of the trials so far
(asynchronous successive halving, Li et al. 2020, arXiv 1810.05934).  Values are proposed by a tree-structured Parzen
estimator (Bergstra et al. 2011).  This process alone asks and tells; the runs, wherever they are done, only return
their rows.  Test samples are not looked at: the best trial is tested once, at the end, with seeds of its own.

A folder of a search has ``study.journal`` (an Optuna journal, which optuna-dashboard opens), ``search.json`` (what is
searched), ``results.jsonl``, and the runs, each in a folder that the trial's number names.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from brianff.errors import BrianffError, OptionError
from brianff.extras import library
from brianff.hashes import digest_of
from brianff.jobs import engine
from brianff.jobs.display import Display
from brianff.jobs.job import Job
from brianff.jobs.points import with_values
from brianff.jobs.pools import Computing
from brianff.jobs.rows import described
from brianff.jobs.space import dimension_of
from brianff.learning.method import load_data, method_class
from brianff.results import ResultsError, atomic_write

__all__ = ["PRUNING", "SAMPLERS", "Search", "Settings"]

PRUNING = ("halving", "none")
SAMPLERS = ("tpe", "random")
_FACTOR = 3  # between two rungs
_FIRST_FAILURES = 3  # if no fewer trials than these fail before any succeeds, all would


@dataclass(frozen=True)
class Settings:
    """What is searched; all of it stays the same when a search goes on.

    Attributes
    ----------
    vary : tuple of str
        As `brianff.jobs.space` reads them.
    options : dict
        Of the method, for all trials.
    method : str
    seeds : tuple of int
        Of each trial's runs, whose mean accuracy counts.
    sampler : {"tpe", "random"}
    sampler_seed : int
    pruning : {"halving", "none"}
    """

    vary: tuple
    options: dict = field(default_factory=dict)
    method: str = "forward_forward"
    seeds: tuple = (1,)
    sampler: str = "tpe"
    sampler_seed: int = 1
    pruning: str = "halving"


@dataclass
class _Trial:
    """A trial under way."""

    asked: object
    values: dict
    rung: int = 0
    waiting: set = field(default_factory=set)
    curves: dict = field(default_factory=dict)

    @property
    def number(self):
        return self.asked.number


class Search:
    """One search in one folder: a new one, or one that goes on.

    Parameters
    ----------
    settings : `Settings` or None
        None: as the folder has them.
    out : path
    dataset : `brianff.datasets.Dataset` or `brianff.datasets.EventDataset`, optional
        In place of one that the options name.
    report : callable, optional
        Called with a sentence that is worth knowing.

    Raises
    ------
    BrianffError
        If anything is not in order; before any run begins.
    """

    def __init__(self, settings, out, dataset=None, report=print):
        self.optuna = optuna = library("optuna", "search", "a search")
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.dataset = {} if dataset is None else {"dataset": dataset}
        self.report, self.out = report, Path(out)
        self.settings = s = self._agreed(settings)
        self.method = method_class(s.method)
        self.dimensions = [dimension_of(text, self.method, s.options) for text in s.vary]
        names = [one.name for one in self.dimensions]
        if len(set(names)) < len(names) or not names:
            raise OptionError("--vary names something to vary, and nothing twice.")
        self.rungs, self.validations = self._rungs()
        self.results = engine.Results(out, report)
        document = self._document(s)
        atomic_write(
            self.out / "search.json", json.dumps(document | {"digest": digest_of(document)}, indent=1).encode()
        )
        path = self.out / "study.journal"
        storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
        self.study = optuna.create_study(
            study_name="brianff",
            storage=storage,
            load_if_exists=True,
            direction="maximize",
            pruner=optuna.pruners.NopPruner(),  # see `_goes_on`
        )
        # drawn anew when the search goes on: from the same seed, it would draw the same values again
        seed = s.sampler_seed + len(self.study.get_trials(deepcopy=False))
        samplers = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
        self.study.sampler = samplers[s.sampler](seed=seed)

    def _agreed(self, settings):
        """The settings, which are those of the folder where it has a search, on the same data."""
        path = self.out / "search.json"
        if not path.exists():
            if settings is None:
                raise ResultsError(f"{self.out} is not the folder of a search: it has no search.json.")
            return settings
        try:
            then = json.loads(path.read_text())
            whole = then.pop("digest") == digest_of(then)
            known = Settings(**{k: tuple(v) if isinstance(v, list) else v for k, v in then.items() if k != "data"})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            raise ResultsError(f"{path} is damaged, or has been changed: put it back, or choose another --out.")
        now = self._document(settings or known)
        for key in then:
            if then[key] != now[key]:
                raise ResultsError(
                    f"{self.out} has a search with {key} = {then[key]}, and now it is {now[key]}: choose another "
                    "--out, or go on with --resume."
                )
        return known

    def _document(self, settings):
        """What search.json has of the settings; refuses those that cannot be meant."""
        data = described({**settings.options, "method": settings.method, **self.dataset})["data"]
        try:
            return json.loads(json.dumps({**dataclasses.asdict(settings), "data": data}))
        except TypeError as error:
            raise OptionError(
                f"the options of a search are names and numbers ({error}): put models into files."
            ) from None

    def _rungs(self):
        """Numbers of the validations after which a trial is judged, and of all."""
        dataset = self.dataset.get("dataset")
        none = {} if dataset is None else {"dataset": None}
        resolved = self.method.Options(**self.settings.options | none).resolved(dataset)
        data, train = load_data(resolved, dataset)
        if not len(data.validation):
            raise OptionError("a search sees validation samples only, and there are none: raise --validation.")
        epochs, every = resolved.epochs, resolved.validate_every
        total = -(-epochs * len(train) // every) if every else epochs
        if self.settings.pruning == "none":
            return [], total
        rungs = [round(total / _FACTOR**k) for k in (2, 1)]
        return sorted({rung for rung in rungs if rung >= 1}), total

    # -- the trials ------------------------------------------------------------------------------------------------
    def run(self, trials, computing=None) -> None:
        """Do trials until there are so many.

        Parameters
        ----------
        trials : int
            Those of the search so far included.
        computing : `brianff.jobs.Computing`, optional

        Raises
        ------
        BrianffError
            If the first trials all fail.
        Stopped
            On Ctrl-C: the search can go on, and so can the trials that were under way.
        """
        states = self.optuna.trial.TrialState
        begun = [one for one in self.study.get_trials() if one.state in (states.RUNNING, states.WAITING)]
        done = len(self.study.get_trials(deepcopy=False)) - len(begun)
        if done >= trials and not begun:
            return
        computing = computing or Computing()
        engine.require_devices([{**self.settings.options, "method": self.settings.method}], computing)
        with (
            Display(trials, done, "trials") as display,
            engine.stopping_cleanly(display, self.out),
            engine.pool_of(computing, display.heard, self.report) as pool,
        ):
            self._loop(pool, display, [self._taken_up(one) for one in begun], trials)

    def _loop(self, pool, display, trials, most):
        active = {}
        asked = len(self.study.get_trials(deepcopy=False))
        while True:
            while len(active) * len(self.settings.seeds) < pool.size and (trials or asked < most):
                if trials:
                    trial = trials.pop()
                else:
                    trial, asked = self._taken_up(self.study.ask()), asked + 1
                active[trial.number] = trial
                self._submit(pool, trial)
            if not active:
                return
            job, outcome = pool.next()
            trial = active.get(job.columns["trial"])
            if trial is None:  # another of its seeds has failed
                display.ended(job)
            elif words := self._heard(pool, trial, job, outcome):
                del active[trial.number]
                display.ended(job, words)
                self._stop_if_all_fail()
            else:
                display.ended(job)

    def _taken_up(self, asked):
        """A trial of Optuna's: a new one, or one that was under way when the search was interrupted."""
        if not isinstance(asked, self.optuna.trial.Trial):
            asked = self.optuna.trial.Trial(self.study, asked._trial_id)
        return _Trial(asked, {one.name: one.suggest(asked) for one in self.dimensions})

    def _submit(self, pool, trial):
        """Train a trial to its next rung, or to the end."""
        s = self.settings
        options = with_values(self.method, s.options, trial.values) | {"method": s.method, **self.dataset}
        until = self.rungs[trial.rung] if trial.rung < len(self.rungs) else None
        trial.waiting = set(s.seeds)
        for seed in s.seeds:
            name = f"trial{trial.number:04d}" + (f"_seed{seed}" if len(s.seeds) > 1 else "")
            columns = {"trial": trial.number, **trial.values} | ({"seed": seed} if len(s.seeds) > 1 else {})
            job = Job(name, options | {"seed": seed}, columns, test=False, until=until)
            pool.submit(job, self.results.folder(job))

    def _heard(self, pool, trial, job, outcome):
        """What has become of a trial, in words, when one of its runs has come to a rung or its end; or nothing."""
        states, seed = self.optuna.trial.TrialState, job.options["seed"]
        if outcome.failed:
            trial.asked.set_user_attr("failed", outcome.failed)
            self.results.keep(job, described(job.options), outcome)
            self.study.tell(trial.asked, state=states.FAIL)
            return f"failed: {outcome.failed}"
        trial.waiting.discard(seed)
        trial.curves[seed] = outcome.row["curve"]["accuracy"]
        if job.until is None:
            self.results.keep(job, described(job.options), outcome)
        if trial.waiting:
            return ""
        value = float(np.mean([curve[: job.until][-1] for curve in trial.curves.values()]))
        if job.until is None:
            self.study.tell(trial.asked, value)
            return f"validation accuracy {value:.4f}"
        if job.until not in self.study.trials[trial.number].intermediate_values:
            trial.asked.report(value, job.until)
        if not self._goes_on(value, job.until):
            self.study.tell(trial.asked, state=states.PRUNED)
            return f"validation accuracy {value:.4f} after {job.until} of {self.validations} validations: given up"
        trial.rung += 1
        self._submit(pool, trial)
        return ""

    def _goes_on(self, value, rung):
        """Whether a trial is among the better half of those that have come to a rung; the first one is."""
        there = [one.intermediate_values for one in self.study.get_trials(deepcopy=False)]
        there = [values[rung] for values in there if rung in values]
        return sum(other > value for other in there) < max(1, len(there) // 2)

    def _stop_if_all_fail(self):
        trials = self.study.get_trials(deepcopy=False)
        failed = [one for one in trials if one.state.name == "FAIL"]
        if len(failed) >= _FIRST_FAILURES and not any(one.state.name in ("COMPLETE", "PRUNED") for one in trials):
            raise BrianffError(
                f"the first {len(failed)} trials all failed, and first: {failed[0].user_attrs['failed']}"
            )

    # -- what has come of them -------------------------------------------------------------------------------------
    def trials(self) -> list:
        """The trials that have come to their end, the best first: list of dict.

        Each has its number, ``state`` (complete or pruned), ``validation_accuracy``, and the values that were varied.
        A pruned one has the accuracy at its last rung.
        """
        found = []
        for one in self.study.get_trials(deepcopy=False):
            if one.state.name not in ("COMPLETE", "PRUNED"):
                continue
            value = one.value if one.state.name == "COMPLETE" else one.intermediate_values[max(one.intermediate_values)]
            values = {dimension.name: dimension.value(one.params[dimension.name]) for dimension in self.dimensions}
            found.append({"trial": one.number, "state": one.state.name.lower(), "validation_accuracy": value, **values})
        return sorted(found, key=lambda row: (row["state"] != "complete", -row["validation_accuracy"]))

    def best(self) -> dict:
        """The complete trial with the best validation accuracy.

        Raises
        ------
        BrianffError
            If none is complete.
        """
        found = self.trials()
        if not found or found[0]["state"] != "complete":
            raise BrianffError(f"no trial of {self.out} has come to its end: raise --trials.")
        return found[0]

    def importance(self) -> dict:
        """Part of the variance between trials that each varied thing explains: dict of name -> float; may be empty."""
        complete = [one for one in self.study.get_trials(deepcopy=False) if one.state.name == "COMPLETE"]
        if len(complete) < 4 or len({one.value for one in complete}) < 2:
            return {}
        importance = self.optuna.importance
        evaluator = importance.FanovaImportanceEvaluator(seed=self.settings.sampler_seed)
        return importance.get_param_importances(self.study, evaluator=evaluator)

    def test(self, seeds, computing=None) -> list:
        """Train the best trial's network anew, with other seeds, and test it: rows of `brianff.jobs.run`.

        Raises
        ------
        OptionError
            If a seed is one of the search's own.
        """
        if both := set(seeds) & set(self.settings.seeds):
            raise OptionError(f"--test-seeds {min(both)} is a seed of the search's own: take new ones.")
        best, s = self.best(), self.settings
        options = self.options_of(best) | {"method": s.method, **self.dataset}
        jobs = [
            Job(f"best{best['trial']:04d}_seed{seed}", options | {"seed": seed}, {"trial": best["trial"], "seed": seed})
            for seed in seeds
        ]
        return engine.run(jobs, self.results, computing, self.report)

    def options_of(self, row) -> dict:
        """All options of a trial, by a row of `trials`."""
        return with_values(self.method, self.settings.options, {one.name: row[one.name] for one in self.dimensions})
