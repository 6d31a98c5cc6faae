"""LoRA adapters on a model that answers, against peft doing the same."""

import copy
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from course_lib.errors import CourseError
from course_lib.models import LocalModel, load_model
from course_lib.models.adapters import read_adapter

from .tiny import tiny_folder


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_folder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def adapters(base, tmp_path_factory):
    """Two random adapters made and saved by peft, of different rank and layers."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folders = []
    for number, (rank, targets) in enumerate([(4, ["q_proj", "up_proj"]), (2, ["up_proj"])]):
        torch.manual_seed(number)
        config = LoraConfig(r=rank, lora_alpha=8, target_modules=targets, init_lora_weights=False)
        model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
        folders.append(tmp_path_factory.mktemp("adapters") / f"adapter{number}")
        model.save_pretrained(folders[-1])
    return folders


TOKENS = torch.tensor([[5, 9, 300, 41, 7]])


def logits(model) -> torch.Tensor:
    model.model.set_attn_implementation("sdpa")
    with torch.no_grad():
        return model.model(TOKENS).logits


def test_an_adapter_gives_what_peft_gives(base, adapters):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    for folder in adapters:
        with torch.no_grad():
            peer = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
            expected = peer(TOKENS).logits
        ours = logits(load_model(base, store=None, adapters=[folder]))
        plain = logits(load_model(base, store=None))
        assert (ours - plain).abs().max() > 0.01
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


def test_stacked_and_weighted_is_what_peft_calls_a_linear_combination(base, adapters):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    peer = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapters[0], "a")
    peer.load_adapter(adapters[1], "b")
    peer.add_weighted_adapter(["a", "b"], [1.0, 0.5], "both", combination_type="cat")
    peer.set_adapter("both")
    with torch.no_grad():
        expected = peer(TOKENS).logits
    ours = load_model(base, store=None, adapters=[adapters[0], (adapters[1], 0.5)])
    torch.testing.assert_close(logits(ours), expected, atol=1e-5, rtol=1e-5)
    assert ours.name == "tiny+adapter0+0.5*adapter1"


def test_switched_off_is_the_very_same_base(base, adapters):
    model = load_model(base, store=None)
    before, fingerprint = logits(model), model.fingerprint
    model.add_adapter(adapters[0])
    adapted, name = logits(model), model.name
    with model.without_adapters():
        assert torch.equal(logits(model), before)
        assert (model.fingerprint, model.name) == (fingerprint, "tiny")
        with model.with_adapters({"adapter0": 0.25}):
            quarter = logits(model)
        assert torch.equal(logits(model), before)
    assert torch.equal(logits(model), adapted) and model.name == name
    assert not torch.equal(quarter, before) and not torch.equal(quarter, adapted)


def test_an_error_inside_the_block_still_switches_back(base, adapters):
    model = load_model(base, store=None, adapters=[adapters[0]])
    adapted = logits(model)
    with pytest.raises(RuntimeError), model.without_adapters():
        raise RuntimeError
    assert torch.equal(logits(model), adapted)


def test_weights_are_read_when_they_are_needed_and_not_before(base, adapters, tmp_path):
    eager = load_model(base, store=tmp_path / "answers.sqlite", adapters=[adapters[0]])
    reads = []

    def weights():
        reads.append(1)
        return load_model(base, store=None).model

    parts = (eager.tokenizer, eager.model.config, eager.model.generation_config)
    lazy = LocalModel("tiny", weights, *parts, eager.base_fingerprint, eager.store)
    lazy.put_adapter(adapters[0])
    ask = lambda model: model.answer(["Hello"], max_new_tokens=4, progress=False)  # noqa: E731
    assert lazy.fingerprint == eager.fingerprint and lazy.name == eager.name
    assert ask(eager) == ask(lazy) and lazy.last_counts["kept"] == 1
    score = lambda model: model.score(["He"], ["llo"])  # noqa: E731
    assert score(eager) == score(lazy) and not reads
    with lazy.without_adapters():
        assert not reads
        assert torch.equal(logits(lazy), logits(load_model(base, store=None)))
    assert torch.equal(logits(lazy), logits(eager)) and reads == [1]


def test_a_tokenizer_is_read_when_it_is_needed_with_the_chat_put_on_meanwhile(base, tmp_path):
    eager = load_model(base, store=tmp_path / "answers.sqlite")
    parts = (eager.model.config, eager.model.generation_config, eager.base_fingerprint)
    bare, whole, reads = copy.copy(eager.tokenizer), eager.tokenizer, []
    read = lambda: reads.append(1) or whole  # noqa: E731
    lazy = LocalModel("tiny", None, bare, *parts, eager.store, read_tokenizer=read)
    for model in (eager, lazy):
        model.use_chat_template("{{ messages[-1]['content'] }}:")
    answers = [model.answer(["Hello"], max_new_tokens=4, progress=False) for model in (eager, lazy)]
    scores = [model.score(["He"], ["llo"]) for model in (eager, lazy)]
    assert answers[0] == answers[1] and scores[0] == scores[1] and not reads
    assert lazy.end_ids == eager.end_ids and reads == [1]
    assert lazy.tokenizer.chat_template == lazy.chat.tokenizer.chat_template
    assert lazy.tokenizer is lazy.tokenizer is not whole and reads == [1]


def test_the_fingerprint_stands_while_another_thread_reads(base, adapters):
    eager = load_model(base, store=None, adapters=[adapters[0]])
    parts = (eager.tokenizer, eager.model.config, eager.model.generation_config)
    weights = lambda: load_model(base, store=None).model  # noqa: E731
    lazy = LocalModel("tiny", weights, *parts, eager.base_fingerprint, None)
    lazy.put_adapter(adapters[0])
    mix, seen = lazy._adapters._mix, []
    lazy._adapters._mix = lambda *given: (seen.append(lazy.fingerprint), mix(*given))
    lazy.load()
    assert seen == [eager.fingerprint]
    assert torch.equal(logits(lazy), logits(eager))


def test_kept_answers_of_different_mixtures_never_mix(base, adapters, tmp_path):
    model = load_model(base, store=tmp_path / "answers.sqlite")
    ask = lambda: model.answer(["Hello there"], max_new_tokens=4, progress=False)  # noqa: E731
    plain = ask()
    assert model.last_counts == {"fresh": 1, "kept": 0}
    model.add_adapter(adapters[0])
    ask()
    assert model.last_counts == {"fresh": 1, "kept": 0}
    with model.with_adapters({"adapter0": 0.5}):
        ask()
        assert model.last_counts == {"fresh": 1, "kept": 0}
    with model.without_adapters():
        assert ask() == plain
        assert model.last_counts == {"fresh": 0, "kept": 1}


def test_fingerprints_tell_weights_settings_and_templates_apart(adapters, tmp_path):
    import shutil

    first = read_adapter(adapters[0]).fingerprint
    assert first == read_adapter(adapters[0]).fingerprint != read_adapter(adapters[1]).fingerprint
    changed = shutil.copytree(adapters[0], tmp_path / "changed")
    config = json.loads((changed / "adapter_config.json").read_text("utf-8"))
    (changed / "adapter_config.json").write_text(json.dumps({**config, "lora_alpha": 9}))
    assert read_adapter(changed).fingerprint != first
    templated = shutil.copytree(adapters[0], tmp_path / "templated")
    (templated / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    assert read_adapter(templated).fingerprint != first


def test_bad_adapters_are_named_in_the_readers_language(base, adapters, tmp_path, lang):
    import shutil

    model = load_model(base, store=None)
    before = logits(model)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CourseError) as caught:
        model.add_adapter(tmp_path / "empty")
    assert caught.value.key == "models.not_an_adapter" and str(tmp_path) not in str(caught.value)

    torn = shutil.copytree(adapters[0], tmp_path / "torn")
    (torn / "adapter_model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(CourseError) as caught:
        model.add_adapter(torn)
    assert caught.value.key == "models.not_an_adapter"
    with pytest.raises(CourseError):  # also where the weights are still unread
        read_adapter(torn)

    counts = shutil.copytree(adapters[0], tmp_path / "counts")
    names = load_file(counts / "adapter_model.safetensors")
    save_file({k: v.long() for k, v in names.items()}, counts / "adapter_model.safetensors")
    with pytest.raises(CourseError, match="I64") as caught:
        read_adapter(counts)
    assert caught.value.key == "models.not_an_adapter"

    prefix = shutil.copytree(adapters[0], tmp_path / "prefix")
    (prefix / "adapter_config.json").write_text('{"peft_type": "PREFIX_TUNING"}')
    with pytest.raises(CourseError) as caught:
        model.add_adapter(prefix)
    assert caught.value.key == "models.not_an_adapter"

    other = load_model(tiny_folder(tmp_path / "other", hidden_size=48), store=None)
    with pytest.raises(CourseError) as caught:
        other.add_adapter(adapters[0])
    assert caught.value.key == "models.adapter_other_model"

    model.add_adapter(adapters[0], weight=0)
    with pytest.raises(CourseError) as caught:
        model.add_adapter(adapters[0])
    assert caught.value.key == "models.adapter_twice"
    with pytest.raises(CourseError) as caught, model.with_adapters({"adapter1": 1}):
        pass
    assert caught.value.key == "models.unknown_adapter" and "adapter0" in str(caught.value)
    assert torch.equal(logits(model), before)


# -- the short vocabulary --------------------------------------------------------------------


def test_a_short_vocabulary_keeps_what_two_languages_are_written_with():
    from course_lib.models.vocabulary import short_vocabulary

    class Tokenizer:
        def get_vocab(self):
            words = ["a", "▁the", "▁zygote", "中文", "，", "é", "<0xE4>", "поезд", "ไทย", "конец"]
            return {word: number for number, word in enumerate(words)}

    assert short_vocabulary(Tokenizer(), 2, always=[9]).tolist() == [0, 1, 3, 4, 5, 6, 9]
    assert short_vocabulary(Tokenizer(), 3).tolist() == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_answers_are_written_with_the_chosen_tokens_only(base, temperature):
    model = load_model(base, store=None)
    asked = ["one", "two", "three"]
    whole = model.answer(asked, max_new_tokens=12, temperature=temperature, progress=False)
    plain = model.fingerprint
    everything = torch.arange(model.model.config.vocab_size)
    model.decoder.shorten(everything)
    assert model.answer(asked, max_new_tokens=12, temperature=temperature, progress=False) == whole
    few = sorted(set(model.tokenizer("abcxyz").input_ids))
    model.decoder.shorten(torch.tensor(few))
    short = model.answer(asked, max_new_tokens=12, temperature=temperature, progress=False)
    assert short != whole and all(set(answer) <= set("abcxyz") for answer in short)
    scores = model.score(asked, [" one"] * 3)
    model.shorten_vocabulary(50)
    assert model.fingerprint != plain
    model.shorten_vocabulary(None)
    assert model.fingerprint == plain
    assert model.score(asked, [" one"] * 3) == scores
    assert model.answer(asked, max_new_tokens=12, temperature=temperature, progress=False) == whole


def test_two_threads_read_the_weights_once(base):
    import threading
    import time

    reads = []

    def weights():
        reads.append(1)
        time.sleep(0.2)
        return load_model(base, store=None).model

    eager = load_model(base, store=None)
    parts = (eager.tokenizer, eager.model.config, eager.model.generation_config)
    lazy = LocalModel("tiny", weights, *parts, eager.base_fingerprint, None)
    other = threading.Thread(target=lazy.load)
    other.start()
    assert lazy.answer("Hello", max_new_tokens=3) == eager.answer("Hello", max_new_tokens=3)
    other.join()
    assert reads == [1]
