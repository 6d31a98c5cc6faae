"""A model's weights at work: rows of tokens in; replies, scores or hidden states out.

`LocalModel` imports this when it first computes: a notebook whose answers are all on disk
never waits for torch.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch

from . import plain
from .attention import RowMemory
from .decoder import ARCHITECTURES, Decoder
from .generation import common_prefix, generate
from .likelihood import score_sequences
from .linear import pack_linears
from .values import Decoding, Reply, Score
from .vocabulary import short_vocabulary

_FAMILY = 16  # rows that make it worth while to compute their own common beginning


class Engine:
    """model: from transformers. decoder: what runs it; None where transformers does itself."""

    def __init__(self, model: torch.nn.Module, tokenizer, end_ids: set[int]):
        self.model, self.tokenizer, self.end_ids = pack_linears(model.eval()), tokenizer, end_ids
        known = model.config.model_type in ARCHITECTURES
        self.decoder = Decoder(self.model) if known else None

    def shorten(self, frequent: int | None) -> None:
        """Write with the tokens of Chinese and English alone (None: with all)."""
        if self.decoder is None:
            return
        ids = None
        if frequent is not None:
            ids = short_vocabulary(self.tokenizer, frequent, always=self.end_ids)
        self.decoder.shorten(ids)

    def generate(
        self,
        tokens: list[list[int]],
        keys: list[str],
        decoding: Decoding,
        batch_size: int | None,
        on_tokens: Callable[[int], None],
    ) -> Iterator[Reply]:
        """Replies as they finish, in any order; keys: see `generation.generate`."""
        with self._computing():
            if self.decoder is None:
                for reply in plain.generate_plain(
                    self.model, self.tokenizer, tokens, decoding, self.end_ids, batch_size or 16
                ):
                    on_tokens(reply.n_tokens)
                    yield reply
                return
            # Rows with different system texts or demonstrations share nothing: apart, they do.
            for rows in _families(tokens):
                some, theirs = [tokens[row] for row in rows], [keys[row] for row in rows]
                for reply in generate(
                    self.decoder,
                    self.tokenizer,
                    some,
                    decoding,
                    self.end_ids,
                    batch_size,
                    theirs,
                    on_tokens,
                ):
                    yield replace(reply, row=rows[reply.row])

    def score(
        self, sequences: list[list[int]], n_given: list[int], batch_size: int | None
    ) -> Iterator[tuple[int, Score]]:
        """(row, score) as they come: the tokens after the first n_given of each sequence."""
        with self._computing():
            if self.decoder is None:
                yield from plain.score_plain(self.model, sequences, n_given, batch_size or 16)
            else:
                yield from score_sequences(self.decoder, sequences, n_given, batch_size)

    def states(
        self, sequences: list[list[int]], pool: str, on_rows: Callable[[int], None]
    ) -> torch.Tensor:
        """States of every layer, shape = (n, n_layers + 1, hidden); pool "last" or "mean"."""
        with self._computing():
            if self.decoder is None:
                return plain.hidden_plain(self.model, sequences, pool)
            return self._states(sequences, pool, on_rows)

    def _states(self, sequences, pool, on_rows) -> torch.Tensor:
        config = self.decoder.config
        n_shared = common_prefix(sequences) if pool == "last" else 0
        prefix = self.decoder.prefix(sequences[0][:n_shared])
        found = torch.empty(len(sequences), config.num_hidden_layers + 1, config.hidden_size)
        order = sorted(range(len(sequences)), key=lambda row: len(sequences[row]))
        for at in range(0, len(order), 16):
            rows = order[at : at + 16]
            own = [sequences[row][n_shared:] for row in rows]
            width = max(map(len, own))
            memory = RowMemory(len(rows), width, config, self.model.dtype)
            states = self.decoder.fill(own, memory, prefix, width, every_layer=True)
            if pool == "last":
                found[rows] = states[:, :, -1].float()
            else:
                for row, tokens, state in zip(rows, own, states, strict=True):
                    found[row] = state[:, width - len(tokens) :].float().mean(1)
            on_rows(len(rows))
        return found

    @contextlib.contextmanager
    def _computing(self):
        """No gradients, and new tensors where the model is."""
        with torch.no_grad(), torch.device(self.model.device):
            yield


def _families(tokens: list[list[int]]) -> list[list[int]]:
    """Rows grouped by their first tokens; a family has a long common beginning.

    Two chats belong together when they agree in their first 16 tokens. Small families are
    put together: where a template is short, every question would be a batch of its own.
    """
    families: dict[tuple[int, ...], list[int]] = {}
    for row, ids in enumerate(tokens):
        families.setdefault(tuple(ids[:16]), []).append(row)
    large = [rows for rows in families.values() if len(rows) >= _FAMILY]
    small = [row for rows in families.values() if len(rows) < _FAMILY for row in rows]
    return large + [small] * bool(small)
