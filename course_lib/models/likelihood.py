"""Log-probabilities of given texts, every shared beginning computed once.

The sequences of one call form a tree: three sentences of a StereoSet cluster share their
first words, five answer options share the whole question. A row of the batch is one such
tree; a token may look only at its ancestors, so each branch is scored as if it stood alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from .attention import NoMemory, Prefix, View
from .decoder import Decoder
from .generation import common_prefix
from .values import Score

_ROW = 128  # tokens a tree may hold before the next one is begun
_BATCH_TOKENS = 2048  # padded tokens in one forward pass
_LOGIT_FLOATS = 2**24  # logits in memory at once: 64 MB


@dataclass
class _Tree:
    """Own tokens of some sequences as a tree; parent -1 is the last shared-prefix token."""

    tokens: list[int]
    parents: list[int]
    paths: dict[int, list[int]]  # sequence -> its nodes, first to last


def score_sequences(
    decoder: Decoder,
    sequences: list[list[int]],
    n_given: list[int],
    batch_size: int | None = None,
) -> Iterator[tuple[int, Score]]:
    """(index, score of the tokens after the first n_given of that sequence), as they come.

    n_given must be at least 1: the first token is predicted from nothing.
    batch_size bounds the trees in one forward pass; the scores do not depend on it.
    """
    n_shared = min(common_prefix(sequences), min(n_given))
    prefix = decoder.prefix(sequences[0][:n_shared])
    trees = _grow(sequences, n_shared)
    trees.sort(key=lambda tree: len(tree.tokens))
    for batch in _batches(trees, batch_size):
        hidden = _forward(decoder, batch, prefix)
        yield from _read(decoder, batch, hidden, prefix, n_given, n_shared)


def _grow(sequences, n_shared) -> list[_Tree]:
    """Sorted neighbours share the longest beginnings; a tree takes them until it is full."""
    trees: list[_Tree] = []
    before: list[int] = []
    for index in sorted(range(len(sequences)), key=lambda i: sequences[i]):
        own = sequences[index][n_shared:]
        common = 0
        while common < min(len(own), len(before)) and own[common] == before[common]:
            common += 1
        full = trees and len(trees[-1].tokens) + len(own) - common > _ROW
        if not trees or full or common == 0:
            trees.append(_Tree([], [], {}))
            path, common = [], 0
        else:
            path = path[:common]
        tree = trees[-1]
        for token in own[common:]:
            tree.parents.append(path[-1] if path else -1)
            tree.tokens.append(token)
            path = [*path, len(tree.tokens) - 1]
        tree.paths[index] = list(path)
        before = own
    return trees


def _batches(trees, batch_size):
    batch: list[_Tree] = []
    for tree in trees:
        too_many = (len(batch) + 1) * len(tree.tokens) > _BATCH_TOKENS
        if batch and (too_many or len(batch) == batch_size):
            yield batch
            batch = []
        batch.append(tree)
    if batch:
        yield batch


def _forward(decoder: Decoder, batch: list[_Tree], prefix: Prefix) -> torch.Tensor:
    """Final hidden states, shape = (trees, longest, hidden)."""
    longest = max(len(tree.tokens) for tree in batch)
    tokens = np.zeros((len(batch), longest), dtype=np.int64)
    depth = np.zeros((len(batch), longest), dtype=np.int64)
    seen = np.zeros((len(batch), longest, longest), dtype=bool)
    seen[:] = np.eye(longest, dtype=bool)
    for row, tree in enumerate(batch):
        tokens[row, : len(tree.tokens)] = tree.tokens
        for node, parent in enumerate(tree.parents):
            if parent >= 0:
                seen[row, node] |= seen[row, parent]
                depth[row, node] = depth[row, parent] + 1
    positions = _here(depth) + len(prefix)
    view = View(prefix, _here(seen), positions, positions)
    return decoder(_here(tokens), positions, NoMemory(), view).last_hidden_state


def _here(array: np.ndarray) -> torch.Tensor:
    """A tensor on the device in use (`from_numpy` alone stays on the CPU)."""
    return torch.from_numpy(array).to(torch.get_default_device())


def _read(decoder, batch, hidden, prefix, n_given, n_shared):
    """Predict each needed token from its parent; a parent's logits are computed once."""
    wanted: dict[tuple[int, int], int] = {}  # (tree, parent node) -> row of logits
    for row, tree in enumerate(batch):
        for index, path in tree.paths.items():
            for node in path[n_given[index] - n_shared :]:
                wanted.setdefault((row, tree.parents[node]), len(wanted))
    states = torch.stack(
        [prefix.last_hidden if node < 0 else hidden[row, node] for row, node in wanted]
    )
    children = [[] for _ in wanted]
    for row, tree in enumerate(batch):
        for node, parent in enumerate(tree.parents):
            if (row, parent) in wanted:
                children[wanted[row, parent]].append((row, node))
    log_p: dict[tuple[int, int], tuple[float, bool]] = {}
    size = max(1, _LOGIT_FLOATS // decoder.config.vocab_size)
    for at in range(0, len(states), size):
        logits = decoder.logits(states[at : at + size])
        total, best = logits.logsumexp(-1), logits.argmax(-1)
        for i, nodes in enumerate(children[at : at + size]):
            for row, node in nodes:
                token = batch[row].tokens[node]
                log_p[row, node] = (
                    float(logits[i, token] - total[i]),
                    token == int(best[i]),
                )
    for row, tree in enumerate(batch):
        for index, path in tree.paths.items():
            values = [log_p[row, node] for node in path[n_given[index] - n_shared :]]
            per_token = tuple(value for value, _ in values)
            yield (
                index,
                Score(float(sum(per_token)), per_token, len(per_token), all(g for _, g in values)),
            )
