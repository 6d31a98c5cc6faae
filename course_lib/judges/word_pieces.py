"""The input embeddings of a bundled model, read row by row, without loading the model."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..errors import DamagedFileError
from ..models import bundled, tokenizer_of

T = TypeVar("T")

_MATRIX = "model.embed_tokens.weight"


class WordPieces:
    """Vectors of a text's word pieces, from a folder with a tokenizer and safetensors weights."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self._rows: dict[int, np.ndarray] = {}

    def means(self, texts: list[str]) -> np.ndarray:
        """The mean of each text's `vectors`, shape = (n, hidden)."""
        return np.array([found.mean(0) for found in self.vectors(texts)])

    def vectors(self, texts: list[str]) -> list[np.ndarray]:
        """For each text a vector of length 1 a word piece, shape = (pieces, hidden).

        Zeros, shape = (1, hidden), for a text without pieces.
        """
        listed = self._tokenizer(texts, add_special_tokens=False).input_ids if texts else []
        none = np.zeros((1, self._size))
        return [np.array([self._row(token) for token in ids]) if ids else none for ids in listed]

    def _row(self, token: int) -> np.ndarray:
        if token not in self._rows:
            row = self._matrix[token : token + 1][0].astype(np.float64)
            self._rows[token] = row / max(np.linalg.norm(row), 1e-12)
        return self._rows[token]

    @property
    def _size(self) -> int:
        return self._matrix.get_shape()[1]

    @cached_property
    def _tokenizer(self):
        return tokenizer_of(self.folder, converted_here=True)

    @cached_property
    def _matrix(self):
        from safetensors import safe_open

        for file in sorted(self.folder.glob("*.safetensors")):
            tensors = safe_open(file, "np")
            if _MATRIX in tensors.keys():
                return tensors.get_slice(_MATRIX)
        raise DamagedFileError("toxicity.no_embeddings", folder=self.folder.name)


def with_bundled(name: str, use: Callable[[WordPieces], T]) -> T:
    """``use(word pieces)`` of a model that comes with the course.

    Its files are checked meanwhile, and used again from a fresh copy where they were damaged.
    """
    return bundled.load(name, lambda folder: use(WordPieces(folder)))
