"""Supervised fine-tuning on a tiny model, against torch, transformers and trl."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from course_lib.alignment import Recipe, train
from course_lib.alignment.loss import answer_loss
from course_lib.alignment.reuse import lower_states, only_layers
from course_lib.alignment.sft import CHECKPOINT, LOG, PROVENANCE, batches, learning_rate, tokenize
from course_lib.errors import CourseError
from course_lib.models import load_model
from course_lib.models.linear import PackedLinear, available

from .tiny import tiny_folder

ROWS = [
    {"prompt": f"{'what is ' * (i % 4)}{i} and {i + 1}?", "answer": f"that makes {2 * i + 1}"}
    for i in range(24)
]
RECIPE = Recipe(rank=4, alpha=8, epochs=2, batch_size=8, learning_rate=0.01, seed=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_folder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def model(folder):
    return load_model(folder, store=None)


def weights(place):
    return load_file(place / "adapter_model.safetensors")


def losses(place):
    return [json.loads(line)["loss"] for line in (place / LOG).read_text("utf-8").splitlines()]


def assert_same(first, second):
    first, second = weights(first), weights(second)
    assert first.keys() == second.keys()
    for name in first:
        torch.testing.assert_close(first[name], second[name], atol=1e-3, rtol=1e-2)


# -- the pieces ------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
def test_answer_loss_is_cross_entropy_and_so_is_its_gradient(packed):
    torch.manual_seed(0)
    head = torch.nn.Linear(16, 500, bias=False).requires_grad_(False)
    if packed:
        if not available():
            pytest.skip("this build of torch has no packed linear layers")
        head.__class__ = PackedLinear
    ours = torch.randn(300, 16, requires_grad=True)
    labels = torch.randint(500, (300,))
    (answer_loss(ours, labels, head) / 300).backward()
    plain = ours.detach().clone().requires_grad_()
    expected = F.cross_entropy(plain @ head.weight.T, labels)
    expected.backward()
    assert answer_loss(ours, labels, head).item() / 300 == pytest.approx(expected.item(), rel=1e-5)
    torch.testing.assert_close(ours.grad, plain.grad, atol=1e-6, rtol=1e-4)


def test_a_frozen_packed_layer_hands_on_the_right_gradient():
    if not available():
        pytest.skip("this build of torch has no packed linear layers")
    torch.manual_seed(0)
    layer = torch.nn.Linear(24, 40).requires_grad_(False)
    x = torch.randn(5, 7, 24, requires_grad=True)
    expected = layer(x)
    (gradient,) = torch.autograd.grad(expected.square().sum(), x)
    layer.__class__ = PackedLinear
    got = layer(x)
    (ours,) = torch.autograd.grad(got.square().sum(), x)
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(ours, gradient)
    layer.requires_grad_(True)
    layer(x).sum().backward()
    assert layer.weight.grad is not None  # a layer that learns learns


def test_batches_hold_every_example_once_and_neighbours_in_length():
    lengths = [5, 80, 6, 81, 7, 79, 40, 41, 42]
    epoch0, epoch1 = (batches(lengths, 3, seed=1, epoch=e) for e in (0, 1))
    for made in (epoch0, epoch1):
        assert sorted(row for batch in made for row in batch) == list(range(9))
        assert max(max(lengths[r] for r in b) - min(lengths[r] for r in b) for b in made) <= 2
    assert batches(lengths, 3, 1, 0) == epoch0
    orders = {str(batches(list(range(1, 200)), 8, 1, epoch)) for epoch in range(4)}
    assert len(orders) == 4


def test_the_learning_rate_is_the_librarys_cosine_schedule():
    from transformers import get_cosine_schedule_with_warmup

    recipe = Recipe(learning_rate=0.1, warmup=0.1)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    # The library starts at zero; a first step of nothing is left out here.
    peer = get_cosine_schedule_with_warmup(optimizer, 10, 100)
    for step in range(1, 100):
        optimizer.step()
        peer.step()
        ours = learning_rate(step - 1 if step <= 10 else step, 100, recipe)
        assert ours == pytest.approx(peer.get_last_lr()[0], abs=1e-9)


def test_only_the_answer_and_its_end_are_learned(model):
    (example,) = tokenize(model, [{"prompt": "what is 2 and 3?", "answer": "5"}])
    given = model.tokenizer.decode(example.tokens[: example.n_given])
    assert given == "user: what is 2 and 3?\nmodel: "
    learned = example.tokens[example.n_given :]
    assert model.tokenizer.decode(learned[:-1]) == "5"
    assert learned[-1] == model.tokenizer.eos_token_id


def test_the_kept_states_are_those_of_the_whole_model(model):
    body = model.model.base_model
    model.model.set_attn_implementation("sdpa")
    sequences = [[5, 6, 7], [8, 9, 10, 11, 12], [7]]
    with torch.no_grad():
        states = lower_states(body, sequences, 2)
        with only_layers(body, range(2, 3)):
            ours = [body(inputs_embeds=s[None]).last_hidden_state for s in states]
        expected = [body(torch.tensor([s])).last_hidden_state for s in sequences]
    for a, b in zip(ours, expected, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
    assert len(body.layers) == 3 and not isinstance(body.norm, torch.nn.Identity)


# -- training --------------------------------------------------------------------------------


def test_training_learns_and_leaves_the_model_as_it_was(model, tmp_path):
    before = {name: p.clone() for name, p in model.model.state_dict().items()}
    asked = model.answer(["5 and 6?"], max_new_tokens=4, progress=False)
    train(model, ROWS, RECIPE, tmp_path, progress=False)
    found = losses(tmp_path)
    assert len(found) == 6 and found[-1] < found[0] - 0.2
    after = model.model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert model.answer(["5 and 6?"], max_new_tokens=4, progress=False) == asked
    run = json.loads((tmp_path / PROVENANCE).read_text("utf-8"))
    assert run["recipe"]["seed"] == 3 and run["rows"] == 24 and run["steps"] == 6
    assert not (tmp_path / CHECKPOINT).exists()

    model.add_adapter(tmp_path)
    examples = tokenize(model, ROWS)
    score = model.score([model.chat.render(r["prompt"], None, "en") for r in ROWS],
                        [r["answer"] for r in ROWS])  # fmt: skip
    with model.without_adapters():
        bare = model.score([model.chat.render(r["prompt"], None, "en") for r in ROWS],
                           [r["answer"] for r in ROWS])  # fmt: skip
    assert len(examples) == 24 and sum(s.sum for s in score) > sum(s.sum for s in bare) + 20


@pytest.mark.parametrize("first_layer", [0, 2])
def test_a_run_paused_at_any_step_ends_at_the_same_adapter(model, tmp_path, first_layer):
    recipe = Recipe(**{**RECIPE.__dict__, "first_layer": first_layer})
    train(model, ROWS, recipe, tmp_path / "whole", progress=False)
    for step in range(1, 6):
        place = tmp_path / f"paused{step}"
        train(model, ROWS, recipe, place, stop_after=step, progress=False)
        assert (place / CHECKPOINT).is_file() and not (place / "adapter_config.json").exists()
        train(model, ROWS, recipe, place, progress=False)
        assert losses(place) == pytest.approx(losses(tmp_path / "whole"), abs=1e-4)
        assert_same(place, tmp_path / "whole")


def test_a_run_killed_in_the_middle_loses_nothing(folder, model, tmp_path):
    script = (
        "from course_lib.alignment import Recipe, train\n"
        "from course_lib.models import load_model\n"
        "from tests.test_sft import RECIPE, ROWS\n"
        "import sys\n"
        "recipe = Recipe(**{**RECIPE.__dict__, 'epochs': 200})\n"
        "train(load_model(sys.argv[1], store=None), ROWS, recipe, sys.argv[2], save_every=1,"
        " progress=False)\n"
    )
    place = tmp_path / "killed"
    command = [sys.executable, "-c", script, str(folder), str(place)]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.getcwd()}) as process:
        deadline = time.monotonic() + 120
        while not (place / LOG).is_file() or len(losses(place)) < 5:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    done = torch.load(place / CHECKPOINT, weights_only=True)["step"]
    recipe = Recipe(**{**RECIPE.__dict__, "epochs": 200})
    train(model, ROWS, recipe, place, stop_after=10, progress=False)
    train(model, ROWS, recipe, tmp_path / "whole", stop_after=done + 10, progress=False)
    again, whole = (
        torch.load(p / CHECKPOINT, weights_only=True) for p in (place, tmp_path / "whole")
    )
    assert again["step"] == whole["step"] == done + 10 >= 15
    for a, b in zip(again["weights"], whole["weights"], strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-3)


def test_reused_lower_layers_give_the_same_training(model, tmp_path, monkeypatch):
    recipe = Recipe(**{**RECIPE.__dict__, "first_layer": 1})
    train(model, ROWS, recipe, tmp_path / "reused", progress=False)
    names = weights(tmp_path / "reused")
    assert {name.split("layers.")[1].split(".")[0] for name in names} == {"1", "2"}

    from course_lib.alignment import sft

    monkeypatch.setattr(sft._Trainer, "_lower_states", lambda self, progress: None)
    monkeypatch.setattr(sft, "only_layers", lambda body, layers: only_layers(body, range(3)))
    train(model, ROWS, recipe, tmp_path / "recomputed", progress=False)
    assert losses(tmp_path / "reused") == pytest.approx(losses(tmp_path / "recomputed"), abs=1e-4)
    assert_same(tmp_path / "reused", tmp_path / "recomputed")


def test_another_run_in_the_same_folder_is_an_error(model, tmp_path, lang):
    train(model, ROWS, RECIPE, tmp_path, stop_after=1, progress=False)
    for rows, recipe, what in (
        (ROWS[:-1], RECIPE, "data_sha256"),
        (ROWS, Recipe(**{**RECIPE.__dict__, "seed": 4}), "recipe"),
    ):
        with pytest.raises(CourseError) as caught:
            train(model, rows, recipe, tmp_path, progress=False)
        assert caught.value.key == "alignment.another_run" and what in str(caught.value)


def test_bad_input_says_what_to_do(model, tmp_path, lang):
    for key, call in {
        "alignment.no_rows": lambda: train(model, [], RECIPE, tmp_path / "a"),
        "alignment.incomplete_row": lambda: train(
            model, [{"prompt": "x", "answer": ""}], RECIPE, tmp_path / "b"
        ),
        "alignment.too_small": lambda: Recipe(epochs=0),
        "alignment.no_layers": lambda: train(
            model, ROWS, Recipe(first_layer=3), tmp_path / "c", progress=False
        ),
        "alignment.diverged": lambda: train(
            model, ROWS, Recipe(learning_rate=float("nan")), tmp_path / "d", progress=False
        ),
    }.items():
        with pytest.raises(CourseError) as caught:
            call()
        assert caught.value.key == key


# -- at scale --------------------------------------------------------------------------------


def test_trl_sees_the_same_loss_at_every_step(model, folder, tmp_path):
    """The same rows, model, start and schedule: five full-batch steps."""
    from course_lib.alignment.at_scale import sft_trainer

    recipe = Recipe(rank=4, alpha=8, epochs=5, batch_size=24, learning_rate=0.01, warmup=0.2)
    examples = tokenize(model, ROWS)
    train(model, ROWS, recipe, tmp_path / "ours", progress=False)

    peer = load_model(folder, store=None)
    trainer = sft_trainer(peer, examples, recipe, tmp_path / "trl", on_cpu=True, disable_tqdm=True)
    trainer.train()
    theirs = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    # Adam divides small gradients by their size, so rounding grows from step to step.
    assert losses(tmp_path / "ours") == pytest.approx(theirs, abs=5e-3)


def test_two_processes_learn_what_one_does(folder, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS[:16]), "utf-8")
    found = {}
    for processes in (1, 2):
        out = tmp_path / f"out{processes}"
        command = [sys.executable, "-m", "accelerate.commands.launch", "--cpu"]
        command += ["--num_processes", str(processes), "--num_machines", "1"]
        command += ["--mixed_precision", "no", "--dynamo_backend", "no"]
        command += ["-m", "course_lib.alignment.at_scale", "--base", str(folder)]
        command += ["--rows", str(rows), "--out", str(out), "--steps", "3"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr[-2000:]
        log = json.loads((out / "log.json").read_text("utf-8"))
        found[processes] = [entry["loss"] for entry in log if "loss" in entry]
        assert (out / "adapter_model.safetensors").is_file()
    assert found[1] == pytest.approx(found[2], abs=0.02)
    load_model(folder, store=None, adapters=[tmp_path / "out2"])
