"""The input embeddings of a bundled model, read row by row, without loading the model."""

from functools import cached_property
from pathlib import Path

import numpy as np

from ..errors import DamagedFileError
from ..models import bundled, tokenizer_of

_MATRIX = "model.embed_tokens.weight"


class WordPieces:
    """Vectors of a text's word pieces, from a folder with a tokenizer and safetensors weights."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self._rows: dict[int, np.ndarray] = {}

    @classmethod
    def of_bundled(cls, name: str) -> "WordPieces":
        """Those of a model that comes with the course."""
        return cls(bundled.folder(name))

    def vectors(self, one: str) -> np.ndarray:
        """One vector of length 1 a word piece, shape = (pieces, hidden); zeros for no piece."""
        ids = self._tokenizer(one, add_special_tokens=False).input_ids
        if not ids:
            return np.zeros((1, self._size))
        return np.array([self._row(token) for token in ids])

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
