"""A model on this machine, and its three verbs: answer, score, hidden_states."""

import contextlib
import copy
import json
import math
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import transformers
from datasets import Dataset
from tqdm.auto import tqdm

from .. import __version__
from ..errors import CourseError, choice
from ..language import text
from ..record import scores_in_use
from .adapters import Adapters, read_adapter
from .chat import DemonstrationChat, PlainText, TemplateChat, language_of
from .quiet import quiet_transformers
from .store import AnswerStore, key_of
from .values import Decoding, Score

if TYPE_CHECKING:
    import torch

    from .decoder import Decoder
    from .engine import Engine


class LocalModel:
    """A causal language model with its tokenizer and its way of chatting.

    name: what tables call it. fingerprint: hash of its weights and adapters; kept answers are
    filed under it. model, tokenizer: the transformers objects, for those who want to look
    inside.
    """

    def __init__(
        self,
        name: str,
        weights: "Callable[[], torch.nn.Module]",
        tokenizer,
        config,
        generation_config,
        fingerprint: str,
        store: AnswerStore | None,
        dtype: str = "float32",
        read_tokenizer: Callable | None = None,
    ):
        """weights: what reads the transformers model, in dtype, when it is needed.

        config, generation_config: anything with model_type and perhaps
        max_position_embeddings; with eos_token_id. read_tokenizer: what reads the tokenizer
        when it is needed; `tokenizer` may then be one without words, that knows the special
        tokens and the chat template.
        """
        self.base_name, self.base_fingerprint, self.store = name, fingerprint, store
        self._tokenizer, self._read_tokenizer = tokenizer, read_tokenizer
        self._model_type, self._generation_ends = config.model_type, generation_config.eos_token_id
        self._adapters = Adapters()
        self._names: dict[tuple, str] = {(): name}
        self._frequent: int | None = None
        self.chat = (TemplateChat if tokenizer.chat_template else DemonstrationChat)(tokenizer)
        self.most_tokens = getattr(config, "max_position_embeddings", None) or sys.maxsize
        self.last_counts = {"fresh": 0, "kept": 0}
        self._engine: Engine | None = None
        self._weights, self._dtype = weights, dtype

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    # -- tokenizer ---------------------------------------------------------------------

    @property
    def tokenizer(self):
        """The transformers tokenizer, read by now; what is on disk is found without it."""
        if self._read_tokenizer is not None:
            with quiet_transformers():
                if self._read_tokenizer is not None:
                    # A copy of its own: a chat template belongs to one model.
                    whole = copy.copy(self._read_tokenizer())
                    whole.chat_template = self._tokenizer.chat_template
                    self._tokenizer, self._read_tokenizer = whole, None
        return self._tokenizer

    @cached_property
    def end_ids(self) -> set[int]:
        """The tokens that end an answer."""
        ends = {self.tokenizer.eos_token_id, *_as_list(self._generation_ends)}
        return {token for token in ends if token is not None}

    # -- weights -----------------------------------------------------------------------

    def load(self) -> None:
        """Read the weights, unless they are there. Another thread that needs them waits."""
        if self._engine is not None:
            return
        # One model at a time, imports and all; who waited may find it read.
        with quiet_transformers():
            if self._engine is not None:
                return
            from .engine import Engine  # here: torch takes seconds, and kept answers need none

            engine = Engine(self._weights(), self.tokenizer, self.end_ids)
            self._adapters.attach(engine.model)
            engine.shorten(self._frequent)
            self._engine, self._weights = engine, None

    @property
    def engine(self) -> "Engine":
        """The weights at work, read by now."""
        self.load()
        return self._engine

    @property
    def model(self) -> "torch.nn.Module":
        """The transformers model, its weights read by now."""
        return self.engine.model

    @property
    def decoder(self) -> "Decoder | None":
        """What runs the model; None for an architecture that transformers runs itself."""
        return self.engine.decoder

    # -- adapters ----------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The base's name, or that of the mixture of adapters now in the weights."""
        used = tuple(self.adapters.items())
        parts = [self.base_name]
        parts += [name if weight == 1 else f"{weight:g}*{name}" for name, weight in used]
        return self._names.get(used, "+".join(parts))

    @property
    def fingerprint(self) -> str:
        """Names the weights as they are now: answers of different mixtures are kept apart."""
        engine = self._engine
        dtype = f"torch.{self._dtype}" if engine is None else str(engine.model.dtype)
        rounded = "" if dtype == "torch.float32" else dtype
        short = "" if self._frequent is None else f"short{self._frequent}"
        parts = [self.base_fingerprint, self._adapters.fingerprint, short, rounded]
        return "+".join(filter(None, parts))

    @property
    def adapters(self) -> dict[str, float]:
        """The adapters in the weights and how much of each, {} for the bare base."""
        return dict(self._adapters.weights)

    def add_adapter(self, folder: str | Path, weight: float = 1.0, name: str | None = None) -> None:
        """Put a LoRA adapter (a folder in peft's format) on top of what is there.

        The first adapter that brings a chat template decides how the model chats, until the
        model is loaded anew. name: what tables call the model with exactly these adapters.
        Raises CourseError when the folder has no adapter or one for another model.
        """
        self.load()
        self.put_adapter(folder, weight, name)

    def put_adapter(self, folder: str | Path, weight: float = 1.0, name: str | None = None) -> None:
        """``add_adapter`` for an adapter known to fit: the weights may still be unread."""
        adapter = read_adapter(folder)
        if adapter.name in self._adapters.known:
            raise CourseError("models.adapter_twice", name=adapter.name)
        self._adapters.add(adapter)
        if adapter.chat_template and not self._tokenizer.chat_template:
            self.use_chat_template(adapter.chat_template)
        self._adapters.use({**self.adapters, adapter.name: weight})
        if name:
            self._names[tuple(self.adapters.items())] = name

    @contextlib.contextmanager
    def with_adapters(self, weights: dict[str, float]):
        """Within the block, this much of each known adapter; those not named are off."""
        for name in weights:
            choice(name, list(self._adapters.known), "models.unknown_adapter")
        before = self.adapters
        try:
            self._adapters.use(weights)
            yield self
        finally:
            self._adapters.use(before)

    def without_adapters(self):
        """Within the block, the bare base model, chatting in the same format."""
        return self.with_adapters({})

    def shorten_vocabulary(self, frequent: int | None = 120_000) -> None:
        """Write answers with the tokens of Chinese and English alone (`short_vocabulary`).

        Faster where the vocabulary is large. Scores and hidden states stay those of the whole
        vocabulary. None: write with all tokens again.
        """
        from .decoder import ARCHITECTURES

        if self._model_type not in ARCHITECTURES:
            raise CourseError("models.no_short_vocabulary", name=self.name)
        with quiet_transformers():  # not while another thread reads the weights
            self._frequent = frequent
            if self._engine is not None:
                self._engine.shorten(frequent)

    def use_chat_template(self, template: str) -> None:
        """Chat through this Jinja template from now on."""
        self._tokenizer.chat_template = template
        self.chat = TemplateChat(self._tokenizer)

    # -- answer ------------------------------------------------------------------------

    def answer(
        self,
        prompts: str | Sequence[str] | Dataset,
        system: str | None = None,
        max_new_tokens: int = 128,
        temperature: float = 0.0,
        seed: int = 0,
        batch_size: int | None = None,
        progress: bool = True,
        as_chat: bool = True,
    ):
        """The model's answers, each kept on disk and never made twice.

        prompts: one question, a list of them, or a Dataset with a column ``prompt`` (and
        perhaps ``lang``, which chooses the demonstrations of a base model). system: the
        system prompt; None leaves the chat template's own. temperature 0 is greedy and gives
        the same text whatever the batch; above 0, `seed` and the question fix the draw.
        as_chat False: the prompt begins a text, which the model continues to the end of the
        line; `system` is not read.

        Returns text for text, a list for a list, and for a Dataset the same with columns
        ``answer``, ``model``, ``system``, ``finished`` (ended before max_new_tokens) and
        ``kept`` (came from disk). Raises CourseError for an empty or overlong prompt.
        """
        chats, decoding = self._asked(prompts, system, max_new_tokens, temperature, seed, as_chat)
        rows, kept = self._answers(chats, decoding, batch_size, progress)
        fresh = len(set(chats)) - len({c for c, k in zip(chats, kept, strict=True) if k})
        self.last_counts = {"fresh": fresh, "kept": len(set(chats)) - fresh}
        # A cut can fall inside a character that takes several tokens.
        answers = [answer.strip().rstrip("\ufffd") for answer, _, _ in rows]
        if isinstance(prompts, str):
            return answers[0]
        if progress:
            print(text("models.counted", name=self.name, n=len(set(chats)), **self.last_counts))
        if not isinstance(prompts, Dataset):
            return answers
        new = {
            "answer": answers,
            "model": [self.name] * len(chats),
            "system": [system or ""] * len(chats),
            "finished": [finished for _, _, finished in rows],
            "kept": kept,
        }
        plain_columns = prompts.remove_columns([c for c in new if c in prompts.column_names])
        return Dataset.from_dict({**plain_columns.to_dict(), **new})

    def answer_keys(self, prompts: str | Sequence[str] | Dataset, **options) -> list[str]:
        """The key of each answer that ``answer`` would give to the same prompts and options.

        A hash of all that an answer depends on: weights and adapters, the whole text that the
        model reads, the decoding, versions. options: those of ``answer`` that change a text.
        """
        return self._keys(*self._asked(prompts, **options))

    def _asked(
        self, prompts, system=None, max_new_tokens=128, temperature=0.0, seed=0, as_chat=True
    ):
        """The texts that the model reads, and how it is to go on from them."""
        texts, langs = _texts(prompts)
        _must(max_new_tokens, "max_new_tokens", above=0)
        _must(temperature, "temperature", at_least=0)
        chat = self.chat if as_chat else PlainText(self._tokenizer)
        chats = [chat.render(t, system, lang) for t, lang in zip(texts, langs, strict=True)]
        return chats, Decoding(max_new_tokens, float(temperature), seed, chat.stop)

    def _keys(self, chats, decoding) -> list[str]:
        fingerprint = self.fingerprint
        return [
            key_of(
                model=fingerprint,
                chat=chat,
                decoding=[decoding.max_new_tokens, decoding.temperature, decoding.stop]
                + [decoding.seed] * (decoding.temperature > 0),
                library=[__version__, transformers.__version__],
            )
            for chat in chats
        ]

    def _answers(self, chats, decoding, batch_size, progress):
        """For each chat (answer, n_tokens, finished), and whether it came from disk."""
        keys = self._keys(chats, decoding)
        found = self.store.get(keys) if self.store is not None else {}
        kept = [key in found for key in keys]
        missing = {key: chat for key, chat in zip(keys, chats, strict=True) if key not in found}
        if missing:
            new_keys = list(missing)
            tokens = self._tokens(list(missing.values()))
            self._check_lengths(tokens, decoding.max_new_tokens, chats, missing)
            for reply in self._generate(tokens, new_keys, decoding, batch_size, progress):
                row = (reply.text, reply.n_tokens, reply.finished)
                if self.store is not None:
                    self.store.put(new_keys[reply.row], *row)
                found[new_keys[reply.row]] = row
        return [found[key] for key in keys], kept

    def _generate(self, tokens, keys, decoding, batch_size, progress):
        most = decoding.max_new_tokens
        bar = _bar("models.answering", self.name, len(tokens) * most, progress, unit="tok")
        with bar:
            for reply in self.engine.generate(tokens, keys, decoding, batch_size, bar.update):
                # A row that ends early makes the work smaller; it was not done faster.
                bar.total -= most - reply.n_tokens
                yield reply

    def _check_lengths(self, tokens, new_tokens, chats, missing):
        places = {chat: row for row, chat in reversed(list(enumerate(chats, 1)))}
        for chat, ids in zip(missing.values(), tokens, strict=True):
            if len(ids) + new_tokens > self.most_tokens:
                raise CourseError(
                    "models.too_long",
                    row=places[chat],
                    n=len(ids) + new_tokens,
                    most=self.most_tokens,
                    name=self.name,
                )

    # -- score -------------------------------------------------------------------------

    def score(
        self,
        prompts: Sequence[str],
        continuations: Sequence[str],
        as_chat: bool = False,
        system: str | None = None,
        batch_size: int | None = None,
        progress: bool = False,
    ) -> list[Score]:
        """log P(continuation | prompt) for each pair, in natural logarithms, kept on disk.

        An empty prompt scores a text from the model's beginning-of-text token. The pair is
        tokenized as one text and cut where the prompt's own tokens end, as
        lm-evaluation-harness does. as_chat puts the prompt into the model's chat format.
        """
        prompts, continuations = list(prompts), list(continuations)
        if len(prompts) != len(continuations):
            raise CourseError(
                "models.lengths_differ", prompts=len(prompts), continuations=len(continuations)
            )
        _check_texts([p + c for p, c in zip(prompts, continuations, strict=True)])
        if as_chat:
            prompts = [self.chat.render(p, system, language_of(p)) for p in prompts]
        pairs = [_at_the_seam(p, c) for p, c in zip(prompts, continuations, strict=True)]
        for row, (_, continuation) in enumerate(pairs, 1):
            if not continuation.strip():
                raise CourseError("models.empty_continuation", row=row)
        return self._scores(pairs, batch_size, progress)

    def _scores(self, pairs, batch_size, progress) -> list[Score]:
        """The score of each (prompt, continuation), from disk or made now and kept."""
        fingerprint, library = self.fingerprint, [__version__, transformers.__version__]
        keys = [key_of(model=fingerprint, score=list(p), library=library) for p in pairs]
        rows = self.store.get(keys) if self.store is not None else {}
        found = {key: _as_score(row) for key, row in rows.items()}
        record = scores_in_use()
        recorded = record.find(keys)
        again = {key for key in recorded if record.is_checked(key)}
        found |= {k: _recorded(recorded[k]) for k in recorded.keys() - again - found.keys()}
        places = {key: row for row, key in enumerate(keys) if key not in found}
        self.last_counts = {"fresh": len(places), "kept": len(found)}
        if places:
            new_keys = list(places)
            sequences, n_given = self._sequences({row: pairs[row] for row in places.values()})
            bar = _bar("models.scoring", self.name, len(sequences), progress)
            with bar:
                for row, score in self.engine.score(sequences, n_given, batch_size):
                    key = new_keys[row]
                    if not math.isfinite(score.sum):
                        raise CourseError("models.not_finite", name=self.name)
                    if self.store is not None:
                        self.store.put(key, *_as_row(score))
                    found[key] = score
                    bar.update()
        record.compare(self.name, {key: found[key].per_token for key in again})
        return [found[key] for key in keys]

    def _sequences(self, pairs: dict[int, tuple]) -> tuple[list[list[int]], list[int]]:
        """Each pair as one sequence of tokens, and how many of them are given.

        pairs: {row, from 0: (prompt, continuation)}.
        """
        texts = list(
            dict.fromkeys(t for prompt, after in pairs.values() for t in (prompt, prompt + after))
        )
        tokens = dict(zip(texts, self._tokens(texts), strict=True))
        start = self._start()
        sequences, n_given = [], []
        for row, (prompt, after) in pairs.items():
            given, sequence = tokens[prompt], tokens[prompt + after]
            if start and sequence[:1] != start:
                given, sequence = start + given, start + sequence
            cut = min(len(given), len(sequence) - 1)
            while given[:cut] != sequence[:cut]:
                cut -= 1
            if len(sequence) <= cut:
                raise CourseError("models.empty_continuation", row=row + 1)
            if len(sequence) > self.most_tokens:
                n = len(sequence)
                raise CourseError(
                    "models.too_long", row=row + 1, n=n, most=self.most_tokens, name=self.name
                )
            sequences.append(sequence)
            n_given.append(max(cut, 1))
        return sequences, n_given

    def _start(self) -> list[int]:
        token = self.tokenizer.bos_token_id
        token = self.tokenizer.eos_token_id if token is None else token
        return [] if token is None else [token]

    # -- hidden states -----------------------------------------------------------------

    def hidden_states(
        self,
        prompts: Sequence[str] | Dataset,
        system: str | None = None,
        as_chat: bool = True,
        pool: str = "last",
        progress: bool = False,
    ) -> "torch.Tensor":
        """What every layer makes of each prompt: Tensor, shape = (n, n_layers + 1, hidden).

        Index 0 is the embedding, the last the final norm's output. pool "last" takes the last
        token (in a chat: where the answer begins), "mean" averages over all tokens.
        """
        texts, langs = _texts(prompts)
        if as_chat:
            texts = [
                self.chat.render(t, system, lang) for t, lang in zip(texts, langs, strict=True)
            ]
        sequences = self._tokens(texts)
        with _bar("models.reading", self.name, len(texts), progress) as bar:
            return self.engine.states(sequences, pool, bar.update)

    # -- shared ------------------------------------------------------------------------

    def _tokens(self, rendered: list[str]) -> list[list[int]]:
        """Token ids of rendered chats or raw texts, special tokens only where they write them."""
        found = []
        # In slices: a tokenizer hands back far more about a text than its ids.
        for at in range(0, len(rendered), 1_000):
            found += self.tokenizer(
                rendered[at : at + 1_000], add_special_tokens=False, return_attention_mask=False
            ).input_ids
        return found


def _at_the_seam(prompt: str, continuation: str) -> tuple[str, str]:
    """The pair with the spaces at its seam in the continuation: there tokenizers put them."""
    bare = prompt.rstrip(" ")
    return bare, prompt[len(bare) :] + continuation


def _as_row(score: Score) -> tuple[str, int, bool]:
    """A score in the store's columns: the text is its log-probabilities, digit for digit."""
    return json.dumps(score.per_token), score.n_tokens, score.is_greedy


def _as_score(row: tuple[str, int, bool]) -> Score:
    per_token = tuple(json.loads(row[0]))
    return Score(sum(per_token), per_token, row[1], row[2])


def _recorded(row: tuple[tuple[float, ...], bool]) -> Score:
    per_token, is_greedy = row
    return Score(sum(per_token), per_token, len(per_token), is_greedy)


def _texts(prompts) -> tuple[list[str], list[str]]:
    """The prompts' texts and languages; CourseError for what is no text."""
    if isinstance(prompts, str):
        texts, langs = [prompts], None
    elif isinstance(prompts, Dataset):
        if "prompt" not in prompts.column_names:
            columns = ", ".join(prompts.column_names)
            raise CourseError("models.no_column", column="prompt", columns=columns)
        texts = prompts["prompt"][:]
        langs = prompts["lang"][:] if "lang" in prompts.column_names else None
    else:
        texts, langs = list(prompts), None
    _check_texts(texts)
    return texts, langs or [language_of(t) for t in texts]


def _check_texts(texts) -> None:
    for row, value in enumerate(texts, 1):
        if not isinstance(value, str):
            raise CourseError("models.not_text", row=row, kind=type(value).__name__)
        if not value.strip():
            raise CourseError("models.empty_prompt", row=row)
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise CourseError("models.surrogate", row=row, at=error.start) from None


def _must(value, name: str, above=None, at_least=None) -> None:
    if (above is not None and not value > above) or (
        at_least is not None and not value >= at_least
    ):
        must = text("models.positive" if above is not None else "models.not_negative")
        raise CourseError("models.bad_number", name=name, must=must, value=value)


def _bar(key: str, name: str, total: int, shown: bool, unit: str = "it") -> tqdm:
    # Short work shows no bar, and a bar goes away when it is done.
    return tqdm(
        desc=text(key, name=name),
        total=total,
        disable=not shown,
        delay=2,
        leave=False,
        unit=unit,
        smoothing=0.1,
    )


def _as_list(value) -> list:
    return value if isinstance(value, list) else [value]
