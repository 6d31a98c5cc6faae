"""A model small enough to train in a test: Gemma 3's architecture, random weights."""

from pathlib import Path

import torch

TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}model: "
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TEXT = [f"{a}{b}{c}" for a in _LETTERS for b in "aeiou" for c in _LETTERS]


def tiny_folder(place: Path, seed: int = 0, **changes) -> Path:
    """Make the model in `place` in transformers' format, and return the folder."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
    from tokenizers.models import BPE
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig, PreTrainedTokenizerFast

    raw = Tokenizer(BPE())
    raw.pre_tokenizer, raw.decoder = (
        pre_tokenizers.ByteLevel(add_prefix_space=False),
        decoders.ByteLevel(),
    )
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<bos>", "<eos>", "<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(_TEXT, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>"
    )
    tokenizer.chat_template = TEMPLATE
    settings = {
        "vocab_size": 400,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "head_dim": 8,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 2,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    }
    torch.manual_seed(seed)
    model = Gemma3ForCausalLM(Gemma3TextConfig(**{**settings, **changes}))
    # Untrained embeddings of the usual size leave every token equally likely.
    torch.nn.init.normal_(model.get_input_embeddings().weight, std=0.3)
    model.save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place
