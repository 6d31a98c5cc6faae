"""Who answers: the bundled models, any model on the Hub, any folder."""

import contextlib
import copy
import hashlib
import json
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

from ..errors import CourseError, OfflineError, choice
from ..paths import cache_dir, data_dir
from . import bundled
from .heap import keep_freed_memory
from .local import LocalModel
from .store import AnswerStore, StoreWarning
from .values import Score

__all__ = [
    "BUNDLED",
    "AnswerStore",
    "LocalModel",
    "Score",
    "StoreWarning",
    "count_kept_answers",
    "is_prepared",
    "load_model",
    "prepare",
]

# Models that are a bundled base and an adapter trained by this course, kept in data/.
ADAPTED = {"assistant": "gemma3"}
BUNDLED = (*bundled.MODELS, *ADAPTED)
DTYPES = ("float32", "bfloat16", "float16")
_MODEL_FILES = (".safetensors", ".json", ".jinja", ".model", ".txt")

keep_freed_memory()


def load_model(
    name: str | Path,
    device: str = "cpu",
    dtype: str = "float32",
    store: AnswerStore | str | Path | None = "default",
    adapters: Sequence[str | Path | tuple[str | Path, float]] = (),
) -> LocalModel:
    """Load a model by name.

    name: "smollm2", "gemma3" or "assistant" (they come with the course and need no network), a
    Hub id such as "Qwen/Qwen2.5-0.5B-Instruct", or a local folder in transformers' format.
    device, dtype: where and how its weights are held ("cuda", "bfloat16" on a GPU); dtype is
    one of DTYPES.
    store: where answers are kept; None keeps nothing.
    adapters: folders of LoRA adapters to put on top, each alone or with its weight.

    The weights of a bundled model are read when they are first needed: a notebook whose
    answers are all on disk never reads them. ``model.load()`` reads them at once.

    Raises CourseError for an unknown name or dtype (naming the nearest) or a folder that is no
    adapter for this model, OfflineError when the Hub is needed and out of reach.
    """
    choice(dtype, DTYPES, "models.unknown_dtype")
    model = _load_base(ADAPTED.get(str(name), name), device, dtype, store)
    if str(name) in ADAPTED:
        model.put_adapter(data_dir() / str(name), name=str(name))
    for adapter in adapters:
        folder, weight = adapter if isinstance(adapter, tuple) else (adapter, 1.0)
        model.add_adapter(folder, weight)
    return model


def _load_base(name: str | Path, device: str, dtype: str, store) -> LocalModel:
    name = str(name)
    if comes_along := name in bundled.MODELS:
        fingerprint = bundled.fingerprint(name)
        parts = bundled.load(name, _read_settings, weights=False)

        def weights():
            return bundled.load(name, lambda place: _read_weights(place, name, device, dtype))

        def read_tokenizer():
            return bundled.load(name, lambda place: tokenizer_of(place, True), weights=False)
    elif (is_folder := Path(name).expanduser().is_dir()) or "/" in name:
        place = Path(name).expanduser().resolve() if is_folder else _from_hub(name)
        name = place.name if is_folder else name
        fingerprint, parts = folder_fingerprint(place), _read_small(place, name)
        # At once: what is wrong with somebody's own model is said where it is named.
        read = _read_weights(place, name, device, dtype)

        def weights():
            return read

        read_tokenizer = None
    else:
        raise _unknown(name)
    if store == "default":
        store = AnswerStore()
    elif store is not None and not isinstance(store, AnswerStore):
        store = AnswerStore(store)
    if dtype != "float32":
        fingerprint += f"-{dtype}"
    model = LocalModel(name, weights, *parts, fingerprint, store, dtype, read_tokenizer)
    if not comes_along:
        model.load()
    return model


def prepare(names: Sequence[str] | None = None) -> None:
    """Make the bundled models ready (all of them, or those named); nothing when they are."""
    for name in names or bundled.MODELS:
        bundled.folder(ADAPTED.get(name, choice(name, BUNDLED, "models.unknown")))


def is_prepared(name: str) -> bool:
    """Whether a model's converted copy is in place (its content is checked at loading)."""
    return bundled.is_prepared(ADAPTED.get(name, name))


def count_kept_answers() -> int:
    """How many answers the store on this machine holds."""
    store = AnswerStore()
    try:
        return len(store)
    finally:
        store.close()


def _unknown(name: str) -> CourseError:
    try:
        choice(name, BUNDLED, "models.unknown")
    except CourseError as error:
        return error
    raise AssertionError("only called for names that are not bundled")


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    choices = ", ".join(BUNDLED)
    wanted = [f"*{suffix}" for suffix in _MODEL_FILES]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except HFValidationError:
        raise _unknown(name) from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise OfflineError(
            "models.hub_offline", name=name, reason=type(error).__name__, choices=choices
        ) from error


def _read_settings(place: Path):
    """All that a kept answer of a bundled model needs: a tokenizer without words, settings.

    The configurations are read as they stand: transformers' classes take seconds to import.
    """
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    files = ("config.json", "generation_config.json")
    settings = [json.loads((place / file).read_text("utf-8")) for file in files]
    without_words = _tokenizer_from(place, tokenizer_object=Tokenizer(BPE()))
    return without_words, *(SimpleNamespace(**each) for each in settings)


def _read_small(place: Path, name: str):
    """Tokenizer, configuration and generation settings of somebody's own model."""
    with _explained(place, name):
        tokenizer = copy.copy(tokenizer_of(place))

        from transformers import AutoConfig, GenerationConfig

        config = AutoConfig.from_pretrained(place, local_files_only=True)
        has_own = (place / "generation_config.json").is_file()
        generation = (
            GenerationConfig.from_pretrained(place, local_files_only=True)
            if has_own
            else GenerationConfig.from_model_config(config)
        )
    return tokenizer, config, generation


def tokenizer_of(place: Path, converted_here: bool = False):
    """The tokenizer in a folder, read once: Gemma's takes a second, and several share it.

    converted_here: its tokenizer.json is whole, so it is read as it is.
    """
    file = place / "tokenizer.json"
    state = file.stat() if file.is_file() else None
    return _tokenizer(place, converted_here, state and (state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=4)
def _tokenizer(place: Path, converted_here: bool, _state):
    if converted_here:
        # The same as from_pretrained's, which reads the 33 MB of Gemma's file a second time.
        return _tokenizer_from(place, tokenizer_file=str(place / "tokenizer.json"))
    from transformers import AutoTokenizer  # it imports torch, which takes seconds

    return AutoTokenizer.from_pretrained(place, local_files_only=True)


def _tokenizer_from(place: Path, **words):
    """A tokenizer with the special tokens and the chat template of a converted model."""
    from transformers import PreTrainedTokenizerFast

    said = json.loads((place / "tokenizer_config.json").read_text("utf-8"))
    template = place / "chat_template.jinja"
    return PreTrainedTokenizerFast(
        **words,
        padding_side="left",
        chat_template=template.read_text("utf-8") if template.is_file() else None,
        **{k: v for k, v in said.items() if k.endswith("_token") or k == "model_max_length"},
    )


def _read_weights(place: Path, name: str, device: str, dtype: str):
    import torch
    from transformers import AutoModelForCausalLM

    with _explained(place, name):
        model = AutoModelForCausalLM.from_pretrained(
            place, dtype=getattr(torch, dtype), local_files_only=True
        )
    return model.to(device)


@contextlib.contextmanager
def _explained(place: Path, name: str):
    """What transformers says of a folder that holds no model, as an error of the course's."""
    from .quiet import quiet_transformers

    with quiet_transformers():
        try:
            yield
        except (OSError, ValueError, KeyError) as error:
            reason = str(error).splitlines()[0].replace(str(place), place.name)
            raise CourseError("models.not_a_model", name=name, reason=reason) from error


def folder_fingerprint(place: Path) -> str:
    """A hash over everything in a model's folder that can change its answers.

    Hashing gigabytes takes seconds, so the result is remembered for as long as sizes and
    modification times stay the same.
    """
    files = sorted(path for path in place.iterdir() if path.suffix in _MODEL_FILES)
    state = {p.name: [p.stat().st_size, p.stat().st_mtime_ns] for p in files}
    seen = cache_dir("fingerprints") / (
        hashlib.sha256(os.fsencode(place)).hexdigest()[:32] + ".json"
    )
    if seen.is_file():
        try:
            before = json.loads(seen.read_text("utf-8"))
        except ValueError:
            before = {}
        if before.get("state") == state:
            return before["fingerprint"]
    digests = {path.name: bundled.sha256_of(path) for path in files}
    fingerprint = hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()
    partial = seen.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps({"state": state, "fingerprint": fingerprint}), "utf-8")
    partial.replace(seen)
    return fingerprint
