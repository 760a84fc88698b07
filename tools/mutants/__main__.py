"""Draw, run, report: ``python -m tools.mutants --seed 1 --sample 200``."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.mutants.accepted import Accepted
from tools.mutants.reach import SUITES, Reach
from tools.mutants.running import Trial, prepare, run
from tools.mutants.sample import draw

if TYPE_CHECKING:
    from tools.mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / ".run" / "mutants"
ENOUGH = 0.95
"""Share of the mutants that have to be noticed."""


def main() -> None:
    """Run the tests on a sample of mutants; the exit code says whether enough were noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--only", default="", help="draw from the paths that contain this")
    parser.add_argument(
        "--unchecked", action="store_true", help="do not run the tests without mutants before"
    )
    chosen = parser.parse_args()
    trees = [_copy(RUN / name) for name in ("first", "second")]
    mutants = draw(trees[0], chosen.seed, chosen.sample, chosen.only)
    accepted = Accepted()
    reach = Reach(trees[0], RUN / "reach")
    trials = []
    for mutant in mutants:
        if accepted.find_reason(mutant) is None:
            tests = reach.find_tests(mutant.path, mutant.line)
            trials.append(Trial(mutant, tests, reach.estimate_seconds(tests)))
    logs = RUN / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    prepare(trees, SUITES)
    tested = [trial for trial in trials if trial.tests]
    if not chosen.unchecked:
        _check_without(tested, reach, trees, logs)
    survivors = [trial.mutant for trial in trials if trial.mutant and not trial.tests]
    for done, (trial, is_noticed) in enumerate(run(tested, trees, logs), 1):
        if trial.mutant and not is_noticed:
            survivors.append(trial.mutant)
        print(f"{done}/{len(tested)} {'noticed' if is_noticed else 'NOT NOTICED'} {trial.mutant}", flush=True)
    _report(mutants, survivors, accepted)


def _copy(tree: Path) -> Path:
    """Copy what git knows and what is new, so that no fault is ever in the files that somebody edits."""
    shutil.rmtree(tree, ignore_errors=True)
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    for name in subprocess.run(
        listed, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines():
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    return tree


def _check_without(trials: list[Trial], reach: Reach, trees: list[Path], logs: Path) -> None:
    """Stop if some test fails without any mutant: it would notice everything."""
    tests = sorted({test for trial in trials for test in trial.tests})
    halves = [tests[at :: len(trees)] for at in range(len(trees))]
    print(f"The {len(tests):,} tests that reach the sample, on the code as it is.", flush=True)
    for _, has_failed in run(
        [Trial(None, half, reach.estimate_seconds(half)) for half in halves], trees, logs
    ):
        if has_failed:
            sys.exit(f"Some fail: see {logs}.")


def _report(mutants: list[Mutant], survivors: list[Mutant], accepted: Accepted) -> None:
    reasons = [(mutant, reason) for mutant in mutants if (reason := accepted.find_reason(mutant))]
    for mutant, reason in reasons:
        print(f"\nChanges nothing ({reason})\n{mutant}")
    for mutant in survivors:
        print(f"\nNOT NOTICED\n{mutant}")
    changing = len(mutants) - len(reasons)
    share = 1 - len(survivors) / changing if changing else 1.0
    noticed = changing - len(survivors)
    print(f"\n{noticed} of {changing} mutants noticed: {share:.1%}. {len(reasons)} change nothing.")
    sys.exit(0 if share >= ENOUGH else 1)


if __name__ == "__main__":
    main()
