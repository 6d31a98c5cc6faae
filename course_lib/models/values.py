"""What a model is asked for and what comes back: no torch here, which takes seconds to import."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Decoding:
    """How an answer is drawn; everything here is part of a kept answer's key.

    temperature 0 takes the most likely token; above 0 it samples with `seed`.
    stop: strings at which an answer ends (they are cut off).
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """One answer: its row, text, number of new tokens, and whether it ended by itself."""

    row: int
    text: str
    n_tokens: int
    finished: bool


@dataclass(frozen=True)
class Score:
    """log P(continuation | prompt).

    sum: total log-probability (natural log). per_token: one value a continuation token.
    n_tokens: how many. is_greedy: whether greedy decoding would give this continuation.
    """

    sum: float
    per_token: tuple[float, ...]
    n_tokens: int
    is_greedy: bool

    @property
    def mean(self) -> float:
        """Log-probability a token: what length-normalised measures use."""
        return self.sum / self.n_tokens
