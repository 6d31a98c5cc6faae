"""One side of one comparison, in a process of its own: prepare, warm up, time once, report.

python -m benchmarks.worker SIDE OUTPUT; the result is JSON: seconds, and what was computed.
"""

import json
import sys
import time
from types import SimpleNamespace

import torch

from course_lib.models import bundled

from . import inputs

NEW_TOKENS = 48


def roofline() -> float:
    """GFLOP/s of a large matrix product on this machine, right now."""
    from course_lib.models.linear import PackedLinear, available

    rows, wide = 1024, 2048
    layer = torch.nn.Linear(wide, wide, bias=False)
    if available():
        layer.__class__ = PackedLinear
    x, best = torch.randn(rows, wide), float("inf")
    with torch.no_grad():
        for _ in range(8):
            start = time.perf_counter()
            layer(x)
            best = min(best, time.perf_counter() - start)
    return 2 * rows * wide * wide / best / 1e9


def answer_course():
    from course_lib.models import load_model

    model = load_model("smollm2", store=None)
    model.load()
    model.answer(["Hello there."] * 8, max_new_tokens=4, progress=False)
    asked = inputs.questions()
    start = time.perf_counter()
    answers = model.answer(asked, max_new_tokens=NEW_TOKENS, progress=False)
    return time.perf_counter() - start, answers


def answer_pipeline():
    from transformers import AutoTokenizer, pipeline

    place = bundled.folder("smollm2")
    # Batches need padding on the left; the converted tokenizer does not say so itself.
    tokenizer = AutoTokenizer.from_pretrained(place, padding_side="left")
    generate = pipeline("text-generation", model=str(place), tokenizer=tokenizer, device="cpu")
    wanted = dict(max_new_tokens=NEW_TOKENS, do_sample=False, batch_size=32, return_full_text=False)
    chats = [[{"role": "user", "content": q}] for q in inputs.questions()]
    generate(chats[:8], **{**wanted, "max_new_tokens": 4})
    start = time.perf_counter()
    out = generate(chats, **wanted)
    return time.perf_counter() - start, [row[0]["generated_text"].strip() for row in out]


def answer_pipeline_heap():
    """The pipeline with this course's allocator setting, to see what the rest is worth."""
    from course_lib.models import heap

    heap.keep_freed_memory()
    return answer_pipeline()


def assistant_short():
    """The assistant writing with the tokens of Chinese and English alone."""
    return _assistant(lambda model: model.shorten_vocabulary())


def assistant_full():
    """The assistant writing with Gemma's whole vocabulary, as it is loaded."""
    return _assistant(lambda model: None)


def _assistant(prepare):
    from course_lib.models import load_model
    from course_lib.prompts import load_prompts

    model = load_model("assistant", store=None)
    model.load()
    prepare(model)
    model.answer(["Hello there."] * 8, max_new_tokens=4, progress=False)
    asked = [p for lang in ("zh", "en") for p in load_prompts("xstest", lang=lang)["prompt"][:]]
    start = time.perf_counter()
    answers = model.answer(asked, max_new_tokens=NEW_TOKENS, progress=False)
    return time.perf_counter() - start, answers


def score_course():
    from course_lib.models import load_model

    model = load_model("smollm2", store=None)
    model.load()
    sentences = [s for cluster in inputs.clusters() for s in cluster]
    model.score([""] * 6, sentences[:6])
    start = time.perf_counter()
    scores = model.score([""] * len(sentences), sentences)
    return time.perf_counter() - start, [score.sum for score in scores]


def score_hflm():
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    place = str(bundled.folder("smollm2"))
    peer = HFLM(pretrained=place, device="cpu", dtype="float32", batch_size=32)
    sentences = [s for cluster in inputs.clusters() for s in cluster]

    def requests(some):
        return [Instance("loglikelihood", {}, ("", s), i) for i, s in enumerate(some)]

    peer.loglikelihood(requests(sentences[:6]), disable_tqdm=True)
    start = time.perf_counter()
    scores = peer.loglikelihood(requests(sentences), disable_tqdm=True)
    return time.perf_counter() - start, [float(value) for value, _ in scores]


def load_course():
    import transformers  # noqa: F401  importing is not loading

    from course_lib.models import load_model

    bundled.folder("smollm2")
    start = time.perf_counter()
    model = load_model("smollm2")
    model.load()
    seconds = time.perf_counter() - start
    return seconds, sum(p.numel() for p in model.model.parameters())


def load_gguf():
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    from course_lib.paths import cache_dir

    place, file = cache_dir("gguf"), f"{bundled.MODELS['smollm2'].sha256}.gguf"
    AutoModelForCausalLM  # noqa: B018  resolve the lazy import before the clock starts
    start = time.perf_counter()
    model = AutoModelForCausalLM.from_pretrained(
        place,
        gguf_file=file,
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
    )
    AutoTokenizer.from_pretrained(place, gguf_file=file)
    seconds = time.perf_counter() - start
    return seconds, sum(p.numel() for p in model.parameters())


def sft_course(frequent: int | None = None):
    import tempfile
    from pathlib import Path

    from course_lib.alignment.assistant import base
    from course_lib.alignment.sft import LOG, PROVENANCE, Recipe, train

    recipe = Recipe(epochs=1, frequent=frequent)
    with tempfile.TemporaryDirectory() as folder:
        train(base(), inputs.lessons(), recipe, folder, progress=False)
        log = [json.loads(line) for line in (Path(folder) / LOG).read_text("utf-8").splitlines()]
        seconds = json.loads((Path(folder) / PROVENANCE).read_text("utf-8"))["seconds"]
    tokens = sum(step["tokens"] for step in log)
    return seconds, {"loss": sum(step["loss"] for step in log) / len(log), "tokens": tokens}


def sft_course_short():
    """Predicting among the tokens that Chinese and English text is made of."""
    return sft_course(frequent=40_000)


def sft_trl():
    import tempfile

    from transformers import AutoModelForCausalLM

    from course_lib.alignment.assistant import CHAT_TEMPLATE
    from course_lib.alignment.at_scale import sft_trainer
    from course_lib.alignment.sft import Recipe, tokenize
    from course_lib.models import load_model

    reader = load_model("gemma3", store=None)
    reader.use_chat_template(CHAT_TEMPLATE)
    examples = tokenize(reader, inputs.lessons())
    # transformers' own layers: what trl gets from anybody who has not read this course.
    weights = AutoModelForCausalLM.from_pretrained(bundled.folder("gemma3"))
    plain = SimpleNamespace(model=weights, tokenizer=reader.tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        trainer = sft_trainer(plain, examples, Recipe(epochs=1), folder, on_cpu=True)
        trainer.train()
    log = trainer.state.log_history
    losses = [entry["loss"] for entry in log if "loss" in entry]
    tokens = sum(len(example.tokens) for example in examples)
    return log[-1]["train_runtime"], {"loss": sum(losses) / len(losses), "tokens": tokens}


SIDES = {
    f.__name__: f
    for f in (
        answer_course, answer_pipeline, answer_pipeline_heap, assistant_short, assistant_full,
        score_course, score_hflm, load_course, load_gguf, sft_course, sft_course_short, sft_trl,
    )
}  # fmt: skip


def main() -> None:
    side, output = sys.argv[1:]
    seconds, result = SIDES[side]()
    report = {"seconds": seconds, "result": result, "gflops": roofline()}
    with open(output, "w", encoding="utf-8") as file:
        json.dump(report, file)


if __name__ == "__main__":
    main()
