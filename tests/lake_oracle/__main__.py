"""Compare a lake with its landing folder."""

import argparse
from pathlib import Path

from lakerec.config import load, load_source
from tests.lake_oracle import disagreements, found, predict


def main() -> None:
    """Compare a lake with its landing folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--landing", type=Path, required=True)
    parser.add_argument("--source", default="shop")
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value")
    options = parser.parse_args()
    config = load("local", dict(assignment.split("=", 1) for assignment in options.set))
    predicted = predict(options.landing, load_source(options.source), config)
    there = found(options.lake)
    print(f"{'':<26}{'expected':>12}{'found':>12}{'different':>12}")
    for name, (expected, held, different) in disagreements(predicted, there).items():
        print(f"{name:<26}{expected:>12,}{held:>12,}{different:>12,}")
        for label, one, other in (("only expected", predicted, there), ("only found", there, predicted)):
            for row in list(one[name] - other[name])[:2]:
                print(f"    {label}: {row}")


if __name__ == "__main__":
    main()
