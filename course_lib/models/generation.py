"""Decoding many prompts at once, each row's answer independent of its neighbours."""

import itertools
import zlib
from collections.abc import Callable, Iterator

import torch

from .attention import RowMemory
from .decoder import Decoder
from .values import Decoding, Reply

_PROMPT_TOKENS = 1024  # own prompt tokens read in one forward pass
_LEAVE = 1 / 8  # share of finished rows at which they leave the batch
_MEMORY_FLOATS = 4e8  # 1.6 GB of keys and values a group of rows at most


def generate(
    decoder: Decoder,
    tokenizer,
    prompts: list[list[int]],
    decoding: Decoding,
    end_ids: set[int],
    batch_size: int | None = None,
    keys: list[str] | None = None,
    on_tokens: Callable[[int], None] = lambda n: None,
) -> Iterator[Reply]:
    """Answers as they finish, in any order.

    prompts: token ids, each with at least one token. Rows are sorted by length, the longest
    common beginning is computed once, and rows that have finished leave the batch.
    keys: what a row's random draws depend on besides the seed (its chat), so that sampling,
    too, gives the same answer in any batch.
    """
    n_shared = common_prefix(prompts)
    prefix = decoder.prefix(prompts[0][:n_shared])
    order = sorted(range(len(prompts)), key=lambda row: (len(prompts[row]), row))
    own = [prompts[row][n_shared:] for row in range(len(prompts))]
    size = batch_size or _group_size(decoder.config, len(own[order[-1]]), decoding.max_new_tokens)
    # Groups of equal size: a small last one would cost as many steps as a full one.
    bounds = [len(order) * i // -(-len(order) // size) for i in range(-(-len(order) // size) + 1)]
    for first, last in itertools.pairwise(bounds):
        rows = order[first:last]
        yield from _group(decoder, tokenizer, rows, own, prefix, decoding, end_ids, keys, on_tokens)


def _group(decoder, tokenizer, rows, own, prefix, decoding, end_ids, keys, on_tokens):
    width = max(len(own[row]) for row in rows)
    dtype = decoder.model.dtype
    memory = RowMemory(len(rows), width + decoding.max_new_tokens, decoder.config, dtype)
    hidden = torch.empty(len(rows), decoder.config.hidden_size, dtype=dtype)
    for first, last in _by_tokens([len(own[row]) for row in rows]):
        piece = [own[row] for row in rows[first:last]]
        hidden[first:last] = decoder.fill(piece, memory, prefix, width, first)

    starts = torch.tensor([width - len(own[row]) for row in rows])
    draw = _Sampler(decoding, [keys[row] if keys else str(row) for row in rows])
    new: list[list[int]] = [[] for _ in rows]
    batch = list(range(len(rows)))  # positions in `rows` of the batch's rows, in memory's order
    running = set(batch)
    memory.seen = width
    for count in range(1, decoding.max_new_tokens + 1):
        logits, ids = decoder.next_logits(hidden)
        tokens = draw(logits, batch)
        tokens = tokens if ids is None else ids[tokens]
        on_tokens(len(running))
        for i, token in zip(batch, tokens.tolist(), strict=True):
            if i not in running:
                continue
            if token not in end_ids:
                new[i].append(token)
            text = _ended(tokenizer, new[i], token, end_ids, decoding.stop)
            if text is not None or count == decoding.max_new_tokens:
                finished = text is not None
                text = tokenizer.decode(new[i], skip_special_tokens=True) if text is None else text
                running.remove(i)
                yield Reply(rows[i], text, count, finished)
        if not running:
            return
        # Moving everybody's memory costs about as much as a step: only when it is worth it.
        if len(batch) - len(running) >= _LEAVE * len(batch):
            keep = torch.tensor([place for place, i in enumerate(batch) if i in running])
            batch = [i for i in batch if i in running]
            tokens, starts = tokens[keep], starts[keep]
            memory.keep(keep)
        hidden = decoder.step(tokens, memory, prefix, starts)


def _ended(tokenizer, new, token, end_ids, stop) -> str | None:
    """The finished text when this token ends the answer, else None."""
    if token in end_ids:
        return tokenizer.decode(new, skip_special_tokens=True)
    if not stop:
        return None
    # A stop string can only be completed by the newest token: look at the end alone first.
    tail = tokenizer.decode(new[-8:], skip_special_tokens=True)
    if not any(mark in tail for mark in stop):
        return None
    text = tokenizer.decode(new, skip_special_tokens=True)
    cuts = [text.index(mark) for mark in stop if mark in text]
    return text[: min(cuts)] if cuts else None


class _Sampler:
    """Picks next tokens; every row has its own random numbers."""

    def __init__(self, decoding: Decoding, keys: list[str]):
        self.temperature = decoding.temperature
        if self.temperature > 0:
            self.generators = [
                torch.Generator().manual_seed(zlib.crc32(f"{decoding.seed}|{key}".encode()))
                for key in keys
            ]

    def __call__(self, logits: torch.Tensor, batch: list[int]) -> torch.Tensor:
        if self.temperature <= 0:
            return logits.argmax(-1)
        chances = torch.softmax(logits / self.temperature, dim=-1)
        picks = [
            torch.multinomial(row, 1, generator=self.generators[i])
            for row, i in zip(chances, batch, strict=True)
        ]
        return torch.cat(picks)


def common_prefix(sequences: list[list[int]]) -> int:
    """How many first tokens all sequences share, leaving at least one of its own to each."""
    shortest = min(sequences, key=len)
    longest_possible = len(shortest) - 1
    low, high = min(sequences), max(sequences)  # lexicographic extremes differ earliest
    n = 0
    while n < longest_possible and low[n] == high[n]:
        n += 1
    return n


def _by_tokens(lengths: list[int]) -> Iterator[tuple[int, int]]:
    """Runs first..last of sorted rows whose padded size stays under _PROMPT_TOKENS."""
    first = 0
    for last in range(1, len(lengths) + 1):
        if last == len(lengths) or (last + 1 - first) * lengths[last] > _PROMPT_TOKENS:
            yield first, last
            first = last


def _group_size(config, longest: int, new_tokens: int) -> int:
    head_dim = getattr(config, "head_dim", config.hidden_size // config.num_attention_heads)
    per_token = 2 * config.num_hidden_layers * config.num_key_value_heads * head_dim
    return int(min(512, max(1, _MEMORY_FLOATS // (per_token * (longest + new_tokens)))))
