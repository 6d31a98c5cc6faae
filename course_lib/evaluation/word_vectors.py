"""Vectors of words: out of a text file, or out of a language model.

Each function here returns plain mappings from a word to a vector of shape = (dimensions,),
which is all that an association test needs; gensim's KeyedVectors serve as well.
"""

import bz2
import codecs
import gzip
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ..errors import CourseError, DamagedFileError, choice
from ..kept import kept, kept_of
from .word_sets import check_contexts

_OPEN = {".gz": gzip.open, ".bz2": bz2.open}


def read_vectors(path: str | Path, words: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Vectors from a text file of word2vec, fastText or GloVe, also packed as .gz or .bz2.

    One line a word: the word, then its numbers, separated by spaces; before them, where
    there is one, word2vec's header line "number-of-words dimensions". The file is read line
    by line and only the lines of ``words`` (None: all) are kept, so that a file of several
    gigabytes needs little memory. Words that the file lacks are simply not in the result.

    Returns {word: float64 array of shape = (dimensions,)}. Raises CourseError where there is
    no such file and where ``words`` is a single word; DamagedFileError, with the line, where a
    line has too few or too many numbers or something that is no finite number, a wanted word
    comes twice, or the file has fewer lines than its header says.
    """
    path = Path(path)
    if not path.is_file():
        raise CourseError("weat.no_file", path=path.name)
    wanted = None if words is None else {word.encode() for word in _each_once(words)}
    try:
        with _OPEN.get(path.suffix.lower(), open)(path, "rb") as file:
            return _parse(file, path.name, wanted)
    except (EOFError, OSError, zlib.error) as error:
        raise DamagedFileError("weat.unreadable", file=path.name, why=error) from error


def _parse(lines: Iterable[bytes], file: str, wanted: set[bytes] | None) -> dict[str, np.ndarray]:
    """Bytes throughout: a broken character in a word that nobody wants does no harm."""
    found: dict[bytes, np.ndarray] = {}
    rows = dimensions = None  # rows: as many as the header says, where there is one
    n_read = 0
    for number, line in enumerate(lines, 1):
        if b"\x00" in line:
            raise DamagedFileError("weat.binary", file=file)
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        fields = line.split()
        if number == 1 and len(fields) == 2 and all(f.isdigit() for f in fields):
            rows, dimensions = map(int, fields)
            continue
        if not fields:
            continue
        dimensions = dimensions or len(fields) - 1
        surplus = len(fields) - 1 - dimensions
        # GloVe has "words" with a space in them (". . ."): surplus fields that are no numbers.
        if dimensions < 1 or surplus < 0 or (surplus and _is_number(fields[surplus])):
            raise DamagedFileError(
                "weat.fields", file=file, line=number, n=len(fields) - 1, expected=dimensions
            )
        n_read += 1
        word = b" ".join(fields[: surplus + 1])
        if wanted is not None and word not in wanted:
            continue
        if word in found:
            raise DamagedFileError(
                "weat.line_twice", file=file, line=number, word=word.decode(errors="replace")
            )
        found[word] = _numbers(fields[surplus + 1 :], file, number)
    if not n_read:
        raise DamagedFileError("weat.no_vectors", file=file)
    if rows is not None and n_read != rows:
        raise DamagedFileError("weat.rows", file=file, expected=rows, found=n_read)
    try:
        return {word.decode(): vector for word, vector in found.items()}
    except UnicodeDecodeError as error:
        raise DamagedFileError("weat.not_utf8", file=file, why=error) from error


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _numbers(fields: list[bytes], file: str, line: int) -> np.ndarray:
    for field in fields:
        if not _is_number(field) or not np.isfinite(float(field)):
            value = field.decode(errors="replace")
            raise DamagedFileError("weat.no_number", file=file, line=line, value=value[:40])
    return np.array([float(field) for field in fields])


def input_embeddings(model, words: Iterable[str]) -> dict[str, np.ndarray]:
    """A language model's own word vectors: rows of its input embedding matrix.

    model: a :class:`~course_lib.models.LocalModel`, or anything with its ``tokenizer`` and
    ``model.get_input_embeddings()``. A word of several tokens gets the mean of their rows
    (see :func:`token_counts`); one that the tokenizer can only write as "unknown" is left
    out, and so counted as missing. Returns {word: array of shape = (hidden,)}. Those of a
    LocalModel that keeps its answers are kept too, under its fingerprint.
    """
    words = _each_once(words)
    # In one order: where words only change places, as in the demo, nothing is new.
    found = kept_of(_embedding_rows, model, sorted(words))
    return {word: found[word] for word in words if word in found}


@kept("model", uses=("models/*.py",))
def _embedding_rows(model, _version, words: list[str]) -> dict[str, np.ndarray]:
    rows = model.model.get_input_embeddings().weight.detach()
    unknown = model.tokenizer.unk_token_id
    tokens = {word: _tokens(model, word) for word in words}
    return {
        word: rows[ids].double().mean(0).cpu().numpy()
        for word, ids in tokens.items()
        if ids and unknown not in ids
    }


def token_counts(model, words: Iterable[str]) -> dict[str, int]:
    """How many tokens the model writes each word with.

    Two words that share a token share a part of their vectors: the longer the words are cut,
    the more an association says about spelling.
    """
    return {word: len(_tokens(model, word)) for word in _each_once(words)}


def contextual_vectors(
    model,
    words: Iterable[str],
    contexts: Sequence[str],
    pool: str = "last",
    progress: bool = False,
) -> list[dict[str, np.ndarray]]:
    """What each layer makes of a word, averaged over contexts (Bommasani et al. 2020, sec. 3).

    model: a :class:`~course_lib.models.LocalModel`. contexts: sentences with one ``{word}``
    each. pool: "last" takes the last token's state: where the context ends in ``{word}``
    that is the word's own last token, which has seen the whole word and all before it, and a
    decoder sees nothing else; in a sentence that goes on it is the sentence vector of May et
    al. (2019, SEAT). "mean" averages over all tokens of the sentence, the context's among
    them, which are the same for every word and draw all vectors together.

    Returns one mapping {word: array of shape = (hidden,)} a layer, from the embedding (0) to
    the last layer (-1). A model that keeps its answers keeps these too.
    """
    choice(pool, ("last", "mean"), "weat.unknown_pool")
    check_contexts(contexts)
    words, contexts = _each_once(words), list(contexts)
    if not words:
        raise CourseError("weat.no_words")
    mean = kept_of(_mean_states, model, words, contexts, pool, progress)
    return [dict(zip(words, mean[:, layer], strict=True)) for layer in range(mean.shape[1])]


@kept("model", "progress", uses=("models/*.py",))
def _mean_states(model, _version, words, contexts, pool, progress) -> np.ndarray:
    """Shape = (words, layers + 1, hidden)."""
    total = 0.0
    # One context at a time: only the running sum is in memory.
    for context in contexts:
        sentences = [context.replace("{word}", word) for word in words]
        states = model.hidden_states(sentences, as_chat=False, pool=pool, progress=progress)
        total = total + states.double().cpu().numpy()
    return total / len(contexts)


def _each_once(words: Iterable[str]) -> list[str]:
    """CourseError for a single word, which would be read as its letters."""
    if isinstance(words, str):
        raise CourseError("weat.one_word", word=words)
    return list(dict.fromkeys(words))


def _tokens(model, word: str) -> list[int]:
    # Inside a sentence a word follows a space, and tokenizers have tokens for that; but
    # Chinese, from U+2E80 on, is written without.
    spaced = word if word >= "\u2e80" else f" {word}"
    return model.tokenizer(spaced, add_special_tokens=False).input_ids
