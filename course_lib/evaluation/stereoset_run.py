"""A whole StereoSet file from the command line::

    python -m course_lib.evaluation.stereoset_run smollm2 --clusters dev.json

Without a file it scores the course's own clusters. Prints lms, ss and icat with intervals, for
each form and for both together.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from ..cli import guarded
from ..language import LANGUAGES, text
from ..models import load_model
from .stereoset import likelihoods, load_stereoset, readable, stereoset_scores


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="stereoset_run", description=text("stereoset.cli"))
    parser.add_argument("model")
    parser.add_argument("--lang", choices=LANGUAGES, default="en")
    parser.add_argument("--clusters", default="course")
    given = vars(parser.parse_args(arguments))
    return guarded(lambda: _report(**given))


def _report(model: str, lang: str, clusters: str) -> int:
    asked, start = load_stereoset(lang, clusters), time.perf_counter()
    scored = likelihoods(load_model(model), asked)
    seconds = time.perf_counter() - start
    for by in (("model", "form"), ("model",)):
        print(readable(stereoset_scores(scored, by)).to_string(index=False), end="\n\n")
    print(text("stereoset.seconds", n=len(scored), seconds=seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
