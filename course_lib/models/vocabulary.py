"""A shorter vocabulary: the tokens that Chinese and English text is made of.

Gemma writes 140 languages with 262,144 tokens, and its output layer costs more than its 18
other layers. A model that answers in two languages can leave most of it alone.
"""

import re

import torch
from torch import nn

from .linear import PackedLinear, available

# Latin letters with accents stay, for names and loan words; ▁ stands for a space.
_WRITTEN = re.compile(
    r"[\u0000-\u024f\u2010-\u2027\u2030-\u205e\u20ac▁\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+"
)
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")


def short_vocabulary(tokenizer, frequent: int = 120_000, always=()) -> torch.Tensor:
    """The ids worth predicting in Chinese and English, sorted; Tensor, shape = (n,).

    All tokens of Chinese characters, punctuation, single letters and bytes, and Latin words
    among the first `frequent` ids (a tokenizer's ids follow how often a token occurs, so the
    rest are rare words and words of other languages, which can still be spelled out).
    always: ids to keep in any case, such as the ends of an answer.
    """
    kept = set(always)
    for token, number in tokenizer.get_vocab().items():
        if _BYTE.fullmatch(token):
            kept.add(number)
        elif _WRITTEN.fullmatch(token) and (number < frequent or not _is_word(token)):
            kept.add(number)
    return torch.tensor(sorted(kept))


def _is_word(token: str) -> bool:
    letters = token.strip("▁")
    return len(letters) > 1 and letters.isascii() and letters.isalpha()


def short_head(head: nn.Linear, ids: torch.Tensor) -> nn.Linear:
    """The rows of an output layer that belong to these ids, as a layer of its own."""
    made = nn.Linear(head.in_features, len(ids), bias=head.bias is not None, device="meta")
    made.weight = nn.Parameter(head.weight.detach()[ids], requires_grad=False)
    if head.bias is not None:
        made.bias = nn.Parameter(head.bias.detach()[ids], requires_grad=False)
    if available() and head.weight.device.type == "cpu" and head.weight.dtype == torch.float32:
        made.__class__ = PackedLinear
    return made
