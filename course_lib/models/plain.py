"""The same verbs through transformers alone, for architectures `Decoder` does not know."""

from collections.abc import Iterator

import torch

from .values import Decoding, Reply, Score


def generate_plain(model, tokenizer, prompts, decoding: Decoding, end_ids, batch_size=16):
    """As `generation.generate`, by ``model.generate`` on prompts padded to one length."""
    order = sorted(range(len(prompts)), key=lambda row: len(prompts[row]))
    for at in range(0, len(order), batch_size):
        rows = order[at : at + batch_size]
        tokens, mask = _left_padded([prompts[row] for row in rows], model.device)
        torch.manual_seed(decoding.seed)
        sampling = decoding.temperature > 0
        out = model.generate(
            tokens,
            attention_mask=mask,
            max_new_tokens=decoding.max_new_tokens,
            do_sample=sampling,
            temperature=decoding.temperature if sampling else None,
            eos_token_id=sorted(end_ids) or None,
            pad_token_id=min(end_ids, default=0),
        )
        for row, new in zip(rows, out[:, tokens.shape[1] :].tolist(), strict=True):
            ends = [i for i, token in enumerate(new) if token in end_ids]
            count = ends[0] + 1 if ends else len(new)
            text = tokenizer.decode(new[: ends[0]] if ends else new, skip_special_tokens=True)
            cuts = [text.index(mark) for mark in decoding.stop if mark in text]
            yield Reply(row, text[: min(cuts)] if cuts else text, count, bool(ends or cuts))


def score_plain(model, sequences, n_given, batch_size=16) -> Iterator[tuple[int, Score]]:
    """As `likelihood.score_sequences`, one padded forward pass a batch."""
    for at in range(0, len(sequences), batch_size):
        some, given = sequences[at : at + batch_size], n_given[at : at + batch_size]
        tokens, mask = _left_padded(some, model.device)
        log_p = model(tokens, attention_mask=mask).logits.log_softmax(-1)
        width = tokens.shape[1]
        for row, (sequence, n) in enumerate(zip(some, given, strict=True)):
            before = log_p[row, width - len(sequence) + n - 1 : width - 1]
            wanted = torch.tensor(sequence[n:], device=before.device)
            values = before.gather(-1, wanted[:, None])[:, 0].tolist()
            greedy = bool((before.argmax(-1) == wanted).all())
            yield at + row, Score(sum(values), tuple(values), len(values), greedy)


def hidden_plain(model, sequences, pool, batch_size=16) -> torch.Tensor:
    """States of every layer, shape = (n, layers + 1, hidden)."""
    found = []
    for at in range(0, len(sequences), batch_size):
        tokens, mask = _left_padded(sequences[at : at + batch_size], model.device)
        out = model(tokens, attention_mask=mask, output_hidden_states=True)
        states = torch.stack(out.hidden_states, dim=1)
        if pool == "last":
            found.append(states[:, :, -1])
        else:
            weight = (mask / mask.sum(-1, keepdim=True))[:, None, :, None]
            found.append((states * weight).sum(2))
    return torch.cat(found)


def _left_padded(rows, device):
    width = max(map(len, rows))
    tokens = torch.tensor([[0] * (width - len(row)) + row for row in rows], device=device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=device)
    return tokens, mask
