"""The bundled models and the three verbs, against transformers doing the same one at a time."""

import numpy as np
import pytest
import torch

from course_lib import models
from course_lib.errors import CourseError, OfflineError
from course_lib.models import bundled, load_model, tokenizer_of
from course_lib.models.linear import PackedLinear
from course_lib.models.store import AnswerStore
from course_lib.prompts import load_prompts

from .tiny import tiny_folder

pytestmark = pytest.mark.model
NEW_TOKENS = 6


@pytest.fixture(scope="module", params=["smollm2", "gemma3"])
def model(request):
    """A bundled model that keeps no answers."""
    return load_model(request.param, store=None)


@pytest.fixture(scope="module")
def smollm2():
    return load_model("smollm2", store=None)


@pytest.fixture(scope="module")
def plain_forward():
    """Next-token log-probabilities by transformers alone, attention and all."""

    def forward(model, tokens: list[int]) -> torch.Tensor:
        model.model.set_attn_implementation("sdpa")
        try:
            with torch.no_grad():
                return model.model(torch.tensor([tokens])).logits[0].log_softmax(-1)
        finally:
            model.model.set_attn_implementation("course_shared_prefix")

    return forward


def chats(model) -> tuple[list[str], list[list[int]]]:
    """Every prompt of the course that the model can read, and the tokens it is read as."""
    langs = ("en",) if model.name == "smollm2" else ("zh", "en")
    asked, tokens = [], []
    for lang in langs:
        prompts = load_prompts("xstest", lang=lang)["prompt"][:]
        asked += prompts
        tokens += model._tokens([model.chat.render(p, None, lang) for p in prompts])
    return asked, tokens


def test_gemma_and_the_assistant_share_a_tokenizer_and_not_a_chat():
    gemma3, assistant = load_model("gemma3", store=None), load_model("assistant", store=None)
    assert gemma3.tokenizer.backend_tokenizer is assistant.tokenizer.backend_tokenizer
    assert assistant.tokenizer.chat_template and not gemma3.tokenizer.chat_template
    assert gemma3.chat.render("Hi", None, "en") != assistant.chat.render("Hi", None, "en")


@pytest.mark.parametrize("name", ["smollm2", "gemma3"])
def test_the_tokenizer_read_as_it_stands_is_the_models_own(name):
    """Read without its class, which takes twice as long to build: the same in all we use."""
    from transformers import AutoTokenizer

    place = bundled.folder(name)
    ours, theirs = tokenizer_of(place, True), AutoTokenizer.from_pretrained(place)
    texts = ["", " a  b\n\n12345", "a<eos><start_of_turn>b", "<|im_end|>", "日本語 😀é"]
    texts += [p for lang in ("zh", "en") for p in load_prompts("xstest", lang=lang)["prompt"][:]]
    ids = [t(texts, add_special_tokens=False).input_ids for t in (ours, theirs)]
    assert ids[0] == ids[1]
    for skip in (False, True):
        decoded = [t.batch_decode(ids[0], skip_special_tokens=skip) for t in (ours, theirs)]
        assert decoded[0] == decoded[1]
    for what in ("bos_token_id", "eos_token_id", "unk_token_id", "chat_template"):
        assert getattr(ours, what) == getattr(theirs, what)


@pytest.mark.parametrize("name", ["smollm2", "gemma3", "assistant"])
def test_a_chat_is_written_without_the_vocabulary(name, monkeypatch):
    """All that a kept answer is found by; the same as with the whole tokenizer."""
    monkeypatch.setattr(models, "tokenizer_of", lambda *_: pytest.fail("read"))
    model = load_model(name, store=None)
    asked = {"prompts": ["Hi <eos> there", "你好"], "system": "Be kind."}
    written, _ = model._asked(**asked)
    keys = model.answer_keys(**asked, as_chat=False)
    monkeypatch.undo()
    bare, whole = model._tokenizer, model.tokenizer
    assert bare is not whole and len(bare) < 10 < 10_000 < len(whole)
    assert bare.special_tokens_map == whole.special_tokens_map
    model.chat = type(model.chat)(whole)
    assert model._asked(**asked)[0] == written
    assert model.answer_keys(**asked, as_chat=False) == keys


def test_a_score_is_filed_under_its_text_wherever_the_space_stands(tmp_path, monkeypatch):
    model = load_model("smollm2", store=tmp_path / "answers.sqlite")
    (before,) = model.score(["The sky is"], [" blue"])
    monkeypatch.setattr(type(model), "_tokens", lambda *_: pytest.fail("tokenized"))
    assert model.score(["The sky is "], ["blue"]) == [before]
    assert model.last_counts == {"fresh": 0, "kept": 1}


def test_two_models_are_read_at_once():
    """A demo reads one while the reader already asks another."""
    import threading

    models = [load_model(name, store=None) for name in ("smollm2", "gemma3")]
    reading = [threading.Thread(target=model.load) for model in models]
    for thread in reading:
        thread.start()
    for thread in reading:
        thread.join()
    assert all(np.isfinite(model.score(["2 + 2 ="], [" 4"])[0].sum) for model in models)


@pytest.mark.slow
def test_the_batch_does_not_change_the_text(model, plain_forward):
    """Same text for batches of 1, 7 and 64, but where two tokens are within 1e-4."""
    asked, tokens = chats(model)
    by_size = {
        size: model.answer(asked, max_new_tokens=NEW_TOKENS, batch_size=size, progress=False)
        for size in (1, 7, 64)
    }
    different = [
        row for row, texts in enumerate(zip(*by_size.values(), strict=True)) if len(set(texts)) > 1
    ]
    for row in different:
        texts = [by_size[size][row] for size in by_size]
        assert _close_call(model, plain_forward, tokens[row], texts), texts
    print(f"{model.name}: {len(different)} of {len(asked)} answers differ, each at a close call")
    assert len(different) <= 0.02 * len(asked)


def _close_call(model, plain_forward, tokens, texts) -> bool:
    """Whether greedy decoding met two best tokens within 1e-4 of each other."""
    tokens = list(tokens)
    for _ in range(NEW_TOKENS):
        best = plain_forward(model, tokens)[-1].topk(2)
        if best.values[0] - best.values[1] < 1e-4:
            return True
        tokens.append(int(best.indices[0]))
    return False


def test_answers_are_those_of_greedy_decoding(model, plain_forward):
    asked, tokens = chats(model)
    some = range(0, len(asked), 31)
    answers = model.answer([asked[i] for i in some], max_new_tokens=5, progress=False)
    for answer, i in zip(answers, some, strict=True):
        ids = list(tokens[i])
        for _ in range(5):
            token = int(plain_forward(model, ids)[-1].argmax())
            if token in model.end_ids:
                break
            ids.append(token)
        text = model.tokenizer.decode(ids[len(tokens[i]) :], skip_special_tokens=True)
        cuts = [text.index(mark) for mark in model.chat.stop if mark in text]
        text = text[: min(cuts, default=None)] if cuts else text
        assert answer == text.strip().rstrip("\ufffd")


def test_scores_are_those_of_one_at_a_time(model, plain_forward):
    prompts = ["", "The sky is", "The sky is", "天空是", "天空是", "1 + 1 ="]
    continuations = ["Hello there, world.", " blue today", " green", "蓝色的", "绿色的", " 2"]
    for score, prompt, continuation in zip(
        model.score(prompts, continuations), prompts, continuations, strict=True
    ):
        (sequence,), (n_given,) = model._sequences({0: (prompt, continuation)})
        log_p = plain_forward(model, sequence)[n_given - 1 : -1]
        expected = log_p[range(len(sequence) - n_given), sequence[n_given:]]
        np.testing.assert_allclose(score.per_token, expected, atol=1e-4)
        # The sum adds up what rounding every token carries.
        assert score.sum == pytest.approx(float(expected.sum()), abs=1e-4 * score.n_tokens)
        assert score.n_tokens == len(sequence) - n_given
        assert score.mean == pytest.approx(score.sum / score.n_tokens)


def test_many_scores_share_beginnings_and_stay_right(smollm2, plain_forward):
    """A tree of sentences, larger than one row, in batches of any size."""
    words = ["kind", "rude", "purple"]
    sentences = [f"The {who} next door is {w}." for who in ("nurse", "cook") * 30 for w in words]
    sentences += ["The nurse next door is kind. " * 30]
    once = smollm2.score([""] * len(sentences), sentences)
    small = smollm2.score([""] * len(sentences), sentences, batch_size=1)
    np.testing.assert_allclose([s.sum for s in once], [s.sum for s in small], atol=1e-4)
    (sequence,), (n,) = smollm2._sequences({0: ("", sentences[-1])})
    log_p = plain_forward(smollm2, sequence)[n - 1 : -1]
    expected = float(log_p[range(len(sequence) - n), sequence[n:]].sum())
    assert once[-1].mean == pytest.approx(expected / once[-1].n_tokens, abs=1e-4)


def test_hidden_states_are_those_of_transformers(model):
    texts = ["How do I boil an egg?", "Why?", "怎样煮鸡蛋？"]
    states = model.hidden_states(texts)
    config = model.model.config
    assert states.shape == (3, config.num_hidden_layers + 1, config.hidden_size)
    model.model.set_attn_implementation("sdpa")
    (tokens,) = model._tokens([model.chat.render(texts[1], None, "en")])
    with torch.no_grad():
        out = model.model(torch.tensor([tokens]), output_hidden_states=True)
    model.model.set_attn_implementation("course_shared_prefix")
    expected = torch.stack(out.hidden_states, dim=1)[0, :, -1]
    scale = expected.abs().max()
    torch.testing.assert_close(states[1] / scale, expected / scale, atol=1e-4, rtol=0)
    mean = model.hidden_states(texts, pool="mean")[1]
    everywhere = torch.stack(out.hidden_states, dim=1)[0].mean(1)
    scale = everywhere.abs().max()
    torch.testing.assert_close(mean / scale, everywhere / scale, atol=1e-4, rtol=0)


def test_sampling_does_not_depend_on_the_batch(smollm2):
    asked = ["Tell me a story.", "Name a colour.", "What is tea?"]
    fixed = dict(max_new_tokens=8, temperature=1.0, progress=False)
    together = smollm2.answer(asked, seed=3, **fixed)
    assert together == [smollm2.answer(q, seed=3, **fixed) for q in asked]
    assert together != smollm2.answer(asked, seed=4, **fixed)


def test_smollm2_splits_digits_and_spaces_as_it_was_trained_to(smollm2):
    """The pre-tokenizer that conversion from GGUF loses; without it these differ."""
    pre = smollm2.tokenizer.backend_tokenizer.pre_tokenizer
    pieces = [piece for piece, _ in pre.pre_tokenize_str("in 1984 we")]
    assert pieces == ["in", "Ġ", "1", "9", "8", "4", "Ġwe"]
    pieces = smollm2.tokenizer.tokenize("x = 12345")
    assert [p for p in pieces if p.strip("Ġ").isdigit()] == list("12345")


def test_packed_weights_follow_training(smollm2):
    layer = smollm2.model.model.layers[0].mlp.up_proj
    if not isinstance(layer, PackedLinear):
        pytest.skip("this build of torch has no oneDNN")
    x = torch.randn(3, layer.in_features)
    with torch.no_grad():
        before = layer(x)
        torch.testing.assert_close(
            before, torch.nn.functional.linear(x, layer.weight), atol=1e-4, rtol=1e-4
        )
        old = layer.weight.clone()
        layer.weight.mul_(2)
        torch.testing.assert_close(layer(x), 2 * before, atol=1e-3, rtol=1e-3)
        layer.weight.copy_(old)
    x.requires_grad_()
    layer(x).sum().backward()
    assert x.grad is not None


def test_unusual_texts_are_answered(smollm2):
    asked = ["🙂🙃 what is this?", "مرحبا، كيف حالك؟", "a\u0000b", "\u202eabc", "x" * 3000]
    answers = smollm2.answer(asked, max_new_tokens=3, progress=False)
    assert len(answers) == len(asked) and all(isinstance(a, str) for a in answers)


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        ("", "models.empty_prompt"),
        ("  \n", "models.empty_prompt"),
        ("a\ud800b", "models.surrogate"),
        (7, "models.not_text"),
        ("long words " * 9091, "models.too_long"),
    ],
)
def test_prompts_that_cannot_be_asked(smollm2, lang, prompt, key):
    with pytest.raises(CourseError) as caught:
        smollm2.answer(["fine", prompt], progress=False)
    assert caught.value.key == key
    assert "2" in str(caught.value)


def test_bad_numbers_and_uneven_pairs(smollm2, lang):
    for wrong in (dict(max_new_tokens=0), dict(temperature=-1)):
        with pytest.raises(CourseError):
            smollm2.answer("hello", progress=False, **wrong)
    with pytest.raises(CourseError, match="2.*1|1.*2"):
        smollm2.score(["a", "b"], ["c"])
    with pytest.raises(CourseError):
        smollm2.score(["a"], [""])


def test_unknown_names_say_what_there_is(lang):
    with pytest.raises(CourseError) as caught:
        load_model("smolm2")
    assert "smollm2" in str(caught.value) and "gemma3" in str(caught.value)
    with pytest.raises(OfflineError) as caught:
        load_model("some-one/no-such-model")
    assert "HF_ENDPOINT" in str(caught.value)


def test_a_folder_without_a_model(tmp_path, lang):
    (tmp_path / "config.json").write_text("not json")
    with pytest.raises(CourseError) as caught:
        load_model(tmp_path)
    assert str(tmp_path.parent) not in str(caught.value)


def test_scores_that_are_no_numbers_are_refused_and_not_kept(tmp_path, lang):
    """Half precision overflows to NaN, and every comparison with NaN has a winner."""
    store = AnswerStore(tmp_path / "answers.sqlite3")
    model = load_model(tiny_folder(tmp_path / "tiny"), store=store)
    with torch.no_grad():
        model.model.get_output_embeddings().weight[3] = torch.nan
    with pytest.raises(CourseError) as caught:
        model.score(["one", "two"], [" three", " four"])
    assert caught.value.key == "models.not_finite" and model.name in str(caught.value)
    assert len(store) == 0


@pytest.mark.parametrize("architecture", ["gpt2", "qwen3"])
def test_other_models_from_a_folder(tmp_path, architecture, smollm2):
    """An architecture with transformers' own attention, and one with ours."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    sizes = (
        dict(n_embd=32, n_layer=2, n_head=2, n_positions=256)
        if architecture == "gpt2"
        else dict(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            head_dim=8, intermediate_size=64, max_position_embeddings=256,
        )
    )  # fmt: skip
    config = AutoConfig.for_model(
        architecture, vocab_size=len(smollm2.tokenizer), eos_token_id=2, bos_token_id=1, **sizes
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    smollm2.tokenizer.save_pretrained(tmp_path)
    other = load_model(tmp_path, store=None)
    assert (other.decoder is None) == (architecture == "gpt2")
    assert other.fingerprint == load_model(tmp_path, store=None).fingerprint
    asked = ["one", "two three four"]
    together = other.answer(asked, max_new_tokens=4, progress=False)
    assert together == [other.answer(q, max_new_tokens=4, progress=False) for q in asked]
    (score,) = other.score(["one"], [" two three"])
    (tokens,), (n,) = other._sequences({0: ("one", " two three")})
    assert score.n_tokens == len(tokens) - n and score.sum < 0
    assert other.hidden_states(asked).shape == (2, 3, 32)
    before = other.fingerprint
    (tmp_path / "config.json").write_text((tmp_path / "config.json").read_text() + "\n")
    assert load_model(tmp_path, store=None).fingerprint != before
