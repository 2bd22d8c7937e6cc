"""A published result, reproduced: Amazon Video Games in the split of "The Datasets Dilemma" (WSDM 2022).

    PYTHONPATH=lib:. .venv/bin/python benchmarks/published.py --data DIR [--set als.rank=178 ...] [--tune N]

DIR holds train.csv, validation.csv and test.csv (userID,itemID) of the chronological leave-one-out split. Protocol: all
items are ranked, only training items are masked, metrics are means over all users. Settings were chosen on validation;
the test part is only looked at for the table.
"""

import argparse
import json
import os
import time
from pathlib import Path

from benchmarks.spark import local_environment
from jobs.evaluate_split import Evaluation, evaluate
from lakerec.config import load
from lakerec.diagnostics.split_evaluation import MeasureSettings
from lakerec.flags import assignment
from lakerec.session import open_session

PUBLISHED = {"published ALS (implicit, rank 178)": (0.0351, 0.0695), "published user-kNN": (0.0364, 0.0714)}
GOAL = (0.0358, 0.0710)
CHOSEN = {"als.solver": "cg", "als.rank": 320, "als.max_iter": 8, "als.reg_param": 4.0, "als.alpha": 30.0}


def main() -> None:
    """Fit, judge, and print both side by side."""
    options = _options()
    os.environ.update(local_environment())
    config = load("local", {**CHOSEN, **dict(options.set)})
    paths = {name: str(options.data / f"{name}.csv") for name in ("train", "validation", "test")}
    given = argparse.Namespace(**paths, candidates=None, strength=None, tune=options.tune)
    began = time.perf_counter()
    how = Evaluation("train", MeasureSettings((10, 20), config.ranking.replicates, config.ranking.seed))
    results = evaluate(open_session("published"), given, config, how)
    print(f"\n{'test, first 10':<40}{'nDCG@10':>26}{'Recall@10':>26}")
    for name, values in {**PUBLISHED, "goal": GOAL}.items():
        print(f"{name:<40}" + "".join(f"{value:>26.4f}" for value in values))
    found = {(r["recommender"], r["metric"]): r for r in results if r["split"] == "test" and r["k"] == 10}
    for recommender in dict.fromkeys(name for name, _ in found):
        cells = (found[recommender, metric] for metric in ("ndcg", "recall"))
        shown = (f"{cell['value']:.4f} ({cell['low']:.4f}-{cell['high']:.4f})" for cell in cells)
        print(f"{'ours: ' + recommender:<40}" + "".join(f"{cell:>26}" for cell in shown))
    print(f"{time.perf_counter() - began:.0f} s in all; settings {json.dumps(config.als.model_dump())}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train.csv, validation.csv and test.csv")
    parser.add_argument("--tune", type=int, default=0, help="settings to try on validation first; default: none")
    parser.add_argument("--set", action="append", default=[], type=assignment, help="any setting")
    return parser.parse_args()


if __name__ == "__main__":
    main()
