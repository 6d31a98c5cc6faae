"""Running a transformers decoder over rows that share a prefix.

`Decoder` is the one place that calls the model: the verbs above it (`answer`, `score`,
`hidden_states`) say which tokens, it says how. Nothing here ever computes logits for a
position nobody asked for.
"""

from dataclasses import dataclass

import torch

from .attention import NAME, NO_PREFIX, Prefix, RowMemory, View, register
from .vocabulary import short_head

# Decoders whose attention goes through AttentionInterface and has nothing beyond grouped
# queries, rotary positions and sliding windows. Others take transformers' own paths.
ARCHITECTURES = ("llama", "mistral", "qwen2", "qwen3", "gemma3_text", "smollm3")

# A 4-D mask is handed on by transformers as it is; ours is never read (see `View`).
_NO_MASK = torch.empty(1, 1, 1, 1)
_PIECE = 512  # long prompts go through the model in pieces, so attention stays small


@dataclass
class Decoder:
    """A causal language model, shape of its hidden states = (rows, n_query, hidden)."""

    model: torch.nn.Module

    def __post_init__(self):
        register()
        self.model.set_attn_implementation(NAME)
        self.body, self.head = self.model.base_model, self.model.get_output_embeddings()
        self.config = self.model.config
        self.short_ids, self.short_head = None, None

    def __call__(self, tokens, positions, memory, view, **kwargs):
        return self.body(
            input_ids=tokens,
            position_ids=positions,
            attention_mask=_NO_MASK,
            past_key_values=memory,
            use_cache=True,
            view=view,
            **kwargs,
        )

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Next-token logits, shape = (n, vocabulary), for chosen states of shape (n, hidden)."""
        return self.head(hidden)

    def shorten(self, ids: torch.Tensor | None) -> None:
        """Let answers be written with these tokens alone; None: with the whole vocabulary."""
        self.short_ids = ids
        self.short_head = None if ids is None else short_head(self.head, ids)

    def next_logits(self, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Logits of the tokens that may come next, and their ids when these are not all."""
        if self.short_ids is None:
            return self.logits(hidden), None
        return self.short_head(hidden), self.short_ids

    def prefix(self, tokens: list[int]) -> Prefix:
        """Keys and values of a shared beginning; one row, computed once."""
        if not tokens:
            return NO_PREFIX
        memory = RowMemory(1, len(tokens), self.config, self.model.dtype)
        hidden = self.fill([tokens], memory, NO_PREFIX, len(tokens))
        return Prefix([k[0] for k in memory.keys], [v[0] for v in memory.values], hidden[0])

    def fill(
        self,
        rows: list[list[int]],
        memory: RowMemory,
        prefix: Prefix,
        width: int,
        first: int = 0,
        every_layer: bool = False,
    ):
        """Read prompts into slots ..width of rows first.., flush right; the last hidden states.

        Rows are flush right so that the next token of every row goes into the same slot.
        Returns Tensor, shape = (len(rows), hidden); with every_layer the states of all layers
        and positions, shape = (len(rows), n_layers + 1, longest, hidden).
        """
        longest = max(map(len, rows))
        begin = width - longest
        tokens = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
        starts = torch.tensor([width - len(row) for row in rows])
        where = slice(first, first + len(rows))
        layers = []
        for at in range(begin, width, _PIECE):
            end = min(at + _PIECE, width)
            memory.at(where, at, end)
            view = _view(prefix, starts, at, end)
            piece = tokens[:, at - begin : end - begin]
            out = self(piece, view.query_positions, memory, view, output_hidden_states=every_layer)
            if every_layer:
                layers.append(torch.stack(out.hidden_states, dim=1))
        return torch.cat(layers, dim=2) if every_layer else out.last_hidden_state[:, -1]

    def step(self, tokens: torch.Tensor, memory: RowMemory, prefix: Prefix, starts: torch.Tensor):
        """One more token for every row; Tensor, shape = (rows, hidden)."""
        slot = memory.seen
        view = _view(prefix, starts, slot, slot + 1)
        memory.at(slice(0, len(tokens)), slot, slot + 1)
        return self(tokens[:, None], view.query_positions, memory, view).last_hidden_state[:, -1]


def _view(prefix: Prefix, starts: torch.Tensor, begin: int, end: int) -> View:
    """Queries in slots begin..end of rows whose own tokens start at `starts`."""
    slots, queries = torch.arange(end), torch.arange(begin, end)
    seen = (slots >= starts[:, None])[:, None, :] & (slots <= queries[:, None])
    # Padding looks at itself: an empty softmax would be NaN.
    seen = seen | (slots == queries[:, None])
    # Padding has a position below the prefix's end; any legal number will do.
    positions = (slots - starts[:, None]).clamp(min=0) + len(prefix)
    return View(prefix, seen, positions[:, begin:end], positions)
