"""Attention for many short prompts that share a long beginning.

Every prompt of a chat model starts with the same system text or demonstrations. Its keys
and values are the same for every row, so they are computed once and kept once (`Prefix`);
each row keeps only its own tokens (`RowMemory`). The queries of all rows meet the shared
keys in one matrix product, and grouped queries meet their own keys without copying them
for every head.

The two pieces plug into any transformers decoder that takes its attention from
``AttentionInterface``, so the model code itself stays the library's.
"""

import math
from dataclasses import dataclass

import torch

NAME = "course_shared_prefix"


@dataclass
class Prefix:
    """Keys and values of the tokens that all rows share.

    keys, values: one Tensor a layer, shape = (n_kv_heads, n_prefix, head_dim).
    last_hidden: Tensor, shape = (hidden,): final-layer state of the last shared token, from
    which the first own token is predicted.
    """

    keys: list[torch.Tensor]
    values: list[torch.Tensor]
    last_hidden: torch.Tensor | None

    def __len__(self) -> int:
        return self.keys[0].shape[1] if self.keys else 0


NO_PREFIX = Prefix([], [], None)


class RowMemory:
    """Each row's own keys and values, in buffers with room to grow.

    Takes the place of a transformers ``Cache``: a layer calls ``update`` and gets back all
    keys and values of its rows so far, shape = (rows, n_kv_heads, n_seen, head_dim).
    Room is taken once, so a decoding step copies one token and not the whole past.
    """

    is_compileable = False

    def __init__(self, n_rows: int, room: int, config, dtype=torch.float32):
        head_dim = getattr(config, "head_dim", None)
        head_dim = head_dim or config.hidden_size // config.num_attention_heads
        shape = (n_rows, config.num_key_value_heads, room, head_dim)
        # Zeros, not empty: a masked NaN would still poison the weighted sum of the values.
        layers = range(config.num_hidden_layers)
        self.keys = [torch.zeros(shape, dtype=dtype) for _ in layers]
        self.values = [torch.zeros(shape, dtype=dtype) for _ in layers]
        self.rows, self.start, self.seen = slice(0, n_rows), 0, 0

    def at(self, rows: slice, start: int, end: int) -> "RowMemory":
        """Write next to slots start..end of these rows."""
        self.rows, self.start, self.seen = rows, start, end
        return self

    def update(self, key, value, layer_idx, *args, **kwargs):
        keys, values = self.keys[layer_idx][self.rows], self.values[layer_idx][self.rows]
        keys[:, :, self.start : self.seen] = key
        values[:, :, self.start : self.seen] = value
        return keys[:, :, : self.seen], values[:, :, : self.seen]

    def keep(self, rows: torch.Tensor) -> None:
        """Let the other rows leave; rows: Tensor of indices."""
        self.keys = [k[rows] for k in self.keys]
        self.values = [v[rows] for v in self.values]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return self.seen


@dataclass
class View:
    """Who may look at whom in one forward pass.

    own: bool Tensor, shape = (rows, n_query, n_seen): own tokens each query may see.
    query_positions: Tensor, shape = (rows, n_query); key_positions: (rows, n_seen).
    """

    prefix: Prefix
    own: torch.Tensor
    query_positions: torch.Tensor
    key_positions: torch.Tensor

    def __post_init__(self):
        self._biases: dict[int | None, tuple] = {}

    def bias(self, window: int | None):
        """Additive masks (own, prefix) for a layer with this sliding window (None: full).

        Computed once a forward pass, not once a layer; the prefix mask is None when every
        query sees the whole prefix.
        """
        if window is not None and int(self.query_positions.max()) < window:
            window = None
        if window not in self._biases:
            allowed, prefix_bias = self.own, None
            if window is not None:
                allowed = allowed & self._near(self.key_positions[:, None, :], window)
                ahead = torch.arange(len(self.prefix))[None, None, :]
                prefix_bias = _additive(self._near(ahead, window))
            self._biases[window] = (_additive(allowed), prefix_bias)
        return self._biases[window]

    def _near(self, key_positions, window):
        return self.query_positions[:, :, None] - key_positions < window


def _additive(allowed: torch.Tensor) -> torch.Tensor | None:
    if allowed.all():
        return None
    return torch.zeros(allowed.shape).masked_fill_(~allowed, -math.inf)


def shared_prefix_attention(
    module,
    query,
    key,
    value,
    attention_mask,
    scaling=None,
    sliding_window=None,
    view=None,
    **kwargs,
):
    """softmax(q [K_prefix, K_own]^T) [V_prefix, V_own], the prefix read once for all rows.

    query: Tensor, shape = (rows, n_heads, n_query, head_dim); key, value: as `RowMemory`
    returns them. Returns (output, None), output of shape (rows, n_query, n_heads, head_dim).
    """
    rows, n_heads, n_query, head_dim = query.shape
    n_kv, n_own = key.shape[1], key.shape[2]
    group = n_heads // n_kv
    scaling = head_dim**-0.5 if scaling is None else scaling
    own_bias, prefix_bias = view.bias(sliding_window)

    # Query heads that share a key head become extra query rows of that key head.
    q = (query * scaling).reshape(rows, n_kv, group * n_query, head_dim)
    scores = torch.matmul(q, key.transpose(2, 3)).view(rows, n_kv, group, n_query, n_own)
    if own_bias is not None:
        scores += own_bias[:, None, None]

    n_prefix = len(view.prefix)
    if n_prefix:
        k_prefix = view.prefix.keys[module.layer_idx]
        v_prefix = view.prefix.values[module.layer_idx]
        flat = q.transpose(0, 1).reshape(n_kv, rows * group * n_query, head_dim)
        ahead = torch.matmul(flat, k_prefix.transpose(1, 2))
        ahead = ahead.view(n_kv, rows, group, n_query, n_prefix).transpose(0, 1)
        if prefix_bias is not None:
            ahead += prefix_bias[:, None, None]
        scores = torch.cat([ahead, scores], dim=-1)

    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(query.dtype)
    own = weights[..., n_prefix:].reshape(rows, n_kv, group * n_query, n_own)
    out = torch.matmul(own, value)
    if n_prefix:
        ahead = weights[..., :n_prefix].transpose(0, 1)
        ahead = ahead.reshape(n_kv, rows * group * n_query, n_prefix)
        ahead = torch.matmul(ahead, v_prefix).view(n_kv, rows, group * n_query, head_dim)
        out = out + ahead.transpose(0, 1)
    out = out.view(rows, n_heads, n_query, head_dim).transpose(1, 2)
    return out.contiguous(), None


class NoMemory:
    """Nothing is kept between forward passes: for texts that are read once."""

    is_compileable = False

    def update(self, key, value, layer_idx, *args, **kwargs):
        return key, value

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return 0


def register() -> None:
    """Tell transformers about this attention, under `NAME`.

    Not at import: the library's model code takes seconds to read, and answers that are on
    disk never need it.
    """
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, shared_prefix_attention)
