"""Run what does not learn once: the lower layers of a model whose upper layers are trained.

A frozen layer gives the same activations in every epoch. When only the layers from k up
learn, the states that enter layer k are computed once, kept, and every epoch starts there.
"""

import contextlib

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence


class _Skip(nn.Module):
    """A layer that hands on what it gets."""

    def forward(self, hidden, *args, **kwargs):
        return hidden


@contextlib.contextmanager
def only_layers(body: nn.Module, chosen: range, norm: bool = True):
    """Within the block `body` runs only the chosen decoder layers, the last norm if asked.

    The other layers stay in their places as empty ones, so that each layer keeps its number,
    which says what kind of attention it has.
    """
    layers, last_norm = list(body.layers), body.norm
    try:
        for i in range(len(layers)):
            if i not in chosen:
                body.layers[i] = _Skip()
        if not norm:
            body.norm = nn.Identity()
        yield body
    finally:
        for i, layer in enumerate(layers):
            body.layers[i] = layer
        body.norm = last_norm


@torch.no_grad()
def lower_states(
    body: nn.Module, sequences: list[list[int]], first_layer: int, on_rows=lambda n: None
) -> list[torch.Tensor]:
    """What enters layer `first_layer`, one Tensor a sequence, shape = (n_tokens, hidden)."""
    states: list[torch.Tensor] = [None] * len(sequences)
    order = sorted(range(len(sequences)), key=lambda row: len(sequences[row]))
    with only_layers(body, range(first_layer), norm=False):
        for at in range(0, len(order), 32):
            rows = order[at : at + 32]
            tokens = pad_sequence([torch.tensor(sequences[row]) for row in rows], True)
            out = body(input_ids=tokens, use_cache=False).last_hidden_state
            for row, state in zip(rows, out, strict=True):
                # A copy: a slice would keep the whole batch in memory.
                states[row] = state[: len(sequences[row])].clone()
            on_rows(len(rows))
    return states
