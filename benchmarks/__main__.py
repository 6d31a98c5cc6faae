"""python -m benchmarks [NAME …] [--rounds N]: this course beside its peers.

NAME: answer, vocabulary, score, load, sft; all of them by default.

Both sides get the same weights and inputs, each in a fresh process, in turn (A B A B …), and
what they computed is compared before any ratio is printed. Absolute times depend on the
machine and its load; the ratios hardly do.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from course_lib.models import bundled

from . import inputs
from .peers import harness_python

ROOT = Path(__file__).resolve().parent.parent
# name: (this course, the peer, further sides for information, the ratio aimed at)
COMPARISONS = {
    "answer": ("answer_course", "answer_pipeline", ("answer_pipeline_heap",), 2.5),
    # How much the short vocabulary is worth, and whether it changes a text.
    "vocabulary": ("assistant_short", "assistant_full", (), 1.0),
    "score": ("score_course", "score_hflm", (), 2.0),
    "load": ("load_course", "load_gguf", (), 20.0),
    # The further side leaves out the rare tokens of other languages, as `make assistant` does.
    "sft": ("sft_course", "sft_trl", ("sft_course_short",), 2.0),
}


def run(side: str) -> dict:
    """One timing in a process of its own."""
    python = harness_python(ROOT / "build") if side == "score_hflm" else sys.executable
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
        command = [python, "-m", "benchmarks.worker", side, file.name]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{side} failed:\n{done.stderr[-3000:]}")
        return json.loads(Path(file.name).read_text("utf-8"))


def compare(name: str, rounds: int) -> None:
    ours, theirs, further, bar = COMPARISONS[name]
    times: dict[str, list[float]] = {side: [] for side in (ours, theirs, *further)}
    results, speeds = {}, []
    for _ in range(rounds):
        for side in times:
            report = run(side)
            times[side].append(report["seconds"])
            results[side] = report["result"]
            speeds.append(report["gflops"])
            print(f"  {side:22} {report['seconds']:8.2f} s", flush=True)
    ratios = [b / a for a, b in zip(times[ours], times[theirs], strict=True)]
    print(f"  {name}: {statistics.median(ratios):.2f} times as fast", end=" ")
    print(f"(rounds: {', '.join(f'{r:.2f}' for r in ratios)}; aim {bar})")
    for side in further:
        more = [b / a for a, b in zip(times[ours], times[side], strict=True)]
        print(f"  against {side}: {statistics.median(more):.2f}")
    agreement(name, results[ours], results[theirs])
    distance(name, statistics.median(times[ours]), results[ours], statistics.median(speeds))


def agreement(name, ours, theirs) -> None:
    """Say how far the two sides computed the same thing."""
    if name in ("answer", "vocabulary"):
        same = sum(a == b for a, b in zip(ours, theirs, strict=True))
        print(f"  same text in {same} of {len(ours)} answers")
    elif name == "score":
        worst = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
        print(f"  largest difference of {len(ours)} scores: {worst:.1e}")
    elif name == "sft":
        for who, side in (("this course", ours), ("trl", theirs)):
            print(f"  {who}: mean loss {side['loss']:.3f}, {side['tokens']} tokens")
    else:
        print(f"  parameters: {ours:,} and {theirs:,}")


def distance(name: str, seconds: float, result, gflops: float) -> None:
    """The time that the needed arithmetic alone would take at the machine's measured speed."""
    if name not in ("answer", "score"):
        return
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(bundled.folder("smollm2"), local_files_only=True)
    layers, head = 2 * 106.2e6, 2 * 28.3e6  # operations a token: multiply and add
    if name == "answer":
        read = sum(len(tokenizer(q).input_ids) + 7 for q in inputs.questions())
        written = sum(len(tokenizer(a).input_ids) for a in result)
        needed = read * layers + written * (layers + head)
        print(f"  {written / seconds:.0f} new tokens/s, {len(result) / seconds:.1f} answers/s")
    else:
        tokens = 0
        for cluster in inputs.clusters():
            ids = [tokenizer(s).input_ids for s in cluster]
            tokens += len({tuple(i[:n]) for i in ids for n in range(1, len(i) + 1)})
        needed = tokens * (layers + head)
        print(f"  {len(result) / seconds:.0f} sentences/s")
    ideal = needed / gflops / 1e9
    print(f"  arithmetic alone: {ideal:.1f} s at {gflops:.0f} GFLOP/s; {ideal / seconds:.0%} of it")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for model in bundled.MODELS:
        bundled.folder(model)
    for name in options.names or COMPARISONS:
        print(name, flush=True)
        compare(name, options.rounds)


if __name__ == "__main__":
    main()
