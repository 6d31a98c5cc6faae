"""LoRA adapters on a model that answers: stacked, weighted, switched off.

LoRA (Hu et al. 2021, section 4.1) leaves a weight W frozen and learns a change of low rank,
W + (alpha / r) B A. For answering, the change is added into the weight once, so that an
adapted model is as fast as its base. The base weights are kept, and every mixture is
computed from them: switching an adapter off gives back the very same numbers.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import safetensors

from ..errors import CourseError

if TYPE_CHECKING:
    import torch

_DTYPES = {"F64", "F32", "F16", "BF16"}
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


@dataclass(frozen=True)
class Adapter:
    """One adapter in memory.

    settings: peft's, as they stand in the file. packed: the bytes of the file of its tensors.
    fingerprint: hash of the files. chat_template: the template it was trained with, when its
    folder has one.
    """

    name: str
    settings: dict = field(repr=False)
    packed: bytes = field(repr=False)
    fingerprint: str
    chat_template: str | None = field(repr=False)

    @cached_property
    def tensors(self) -> "dict[str, torch.Tensor]":
        """ "<layer>.lora_A.weight", shape (r, in), and "<layer>.lora_B.weight", shape (out, r)."""
        # Here and not above, as in `changes`: torch and peft take seconds to import, and answers
        # on disk need neither.
        from safetensors.torch import load

        return load(self.packed)

    @cached_property
    def changes(self) -> "dict[str, tuple[torch.Tensor, torch.Tensor, float]]":
        """For each linear layer's name (A, B, scale); the layer's change is scale * B A."""
        from peft import LoraConfig
        from peft.utils.other import get_pattern_key

        # Newer versions of peft write fields that older ones do not know; they have defaults.
        known = LoraConfig.__dataclass_fields__
        config = LoraConfig(**{k: v for k, v in self.settings.items() if k in known})
        changes = {}
        for key in _first_halves(self.tensors):
            layer = key.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
            down, up = self.tensors[key].float(), self.tensors[_other_half(key)].float()
            rank = down.shape[0]
            pattern = get_pattern_key(config.alpha_pattern, layer)
            alpha = config.alpha_pattern.get(pattern, config.lora_alpha)
            changes[layer] = (down, up, alpha / (rank**0.5 if config.use_rslora else rank))
        return changes


def _first_halves(names: Iterable[str]) -> list[str]:
    return [key for key in names if key.endswith(".lora_A.weight")]


def _other_half(key: str) -> str:
    return key.replace(".lora_A.", ".lora_B.")


def read_adapter(folder: str | Path) -> Adapter:
    """Read a LoRA adapter in peft's format from a folder.

    Raises CourseError when the folder has no adapter, a damaged one, or one of a kind that
    cannot be added into the weights (anything but plain LoRA on linear layers).
    """
    folder = Path(folder).expanduser()
    try:
        raw, weights = (folder / CONFIG).read_bytes(), (folder / WEIGHTS).read_bytes()
        settings = json.loads(raw)
        tensors = safetensors.deserialize(weights)
        names = [name for name, _ in tensors]
        if settings.get("peft_type") != "LORA":
            raise ValueError(f"peft_type {settings.get('peft_type')!r}")
        if other := {each["dtype"] for _, each in tensors} - _DTYPES:
            raise ValueError(f"dtype {', '.join(sorted(other))}")
    except Exception as error:  # safetensors raises whatever it meets
        reason = f"{type(error).__name__}: {str(error).splitlines()[0]}" if str(error) else ""
        reason = reason.replace(str(folder), folder.name)
        raise CourseError("models.not_an_adapter", name=folder.name, reason=reason) from error
    halves = _first_halves(names)
    plain = halves and {*halves, *map(_other_half, halves)} == set(names)
    special = settings.get("use_dora") or settings.get("modules_to_save")
    if not plain or special or settings.get("bias", "none") != "none":
        raise CourseError("models.adapter_kind", name=folder.name)

    digest = hashlib.sha256(raw + weights)
    template = folder / "chat_template.jinja"
    template = template.read_text("utf-8") if template.is_file() else None
    digest.update((template or "").encode())
    return Adapter(folder.name, settings, weights, digest.hexdigest(), template)


class Adapters:
    """The adapters of one model and how much of each is in its weights.

    They can be added and chosen before the model's weights are read; ``attach`` then puts
    them in.
    """

    def __init__(self):
        self.model: torch.nn.Module | None = None
        self.known: dict[str, Adapter] = {}
        self.weights: dict[str, float] = {}
        self._base: dict[str, torch.Tensor] = {}

    def attach(self, model: "torch.nn.Module") -> None:
        """The model whose weights these are, fresh from disk."""
        self.model = model
        for adapter in self.known.values():
            self._fit(adapter)
        # What is chosen stays chosen all the while: a fingerprint may be asked for meanwhile.
        self._mix(self.weights, {*self.weights})

    def add(self, adapter: Adapter) -> None:
        """Make an adapter known; it changes nothing until it is given a weight.

        Raises CourseError when a layer is missing in the model or has another shape.
        """
        if self.model is not None:
            self._fit(adapter)
        self.known[adapter.name] = adapter

    def _fit(self, adapter: Adapter) -> None:
        for layer, (down, up, _) in adapter.changes.items():
            try:
                weight = self.model.get_submodule(layer).weight
            except AttributeError:
                weight = None
            if weight is None or weight.shape != (up.shape[0], down.shape[1]):
                raise CourseError("models.adapter_other_model", name=adapter.name, layer=layer)
            if layer not in self._base:
                self._base[layer] = weight.detach().clone()

    def use(self, weights: dict[str, float]) -> None:
        """Put base + sum of weight * change into the layers; {} is the bare base model."""
        weights = {name: float(weight) for name, weight in weights.items() if weight}
        if weights == self.weights:
            return
        if self.model is not None:
            self._mix(weights, {*weights, *self.weights})
        self.weights = weights

    def _mix(self, weights: dict[str, float], names: set[str]) -> None:
        """Compute the layers that the adapters ``names`` change from base and ``weights``."""
        import torch

        touched = {layer for name in names for layer in self.known[name].changes}
        for layer in touched:
            mixed = self._base[layer].clone()
            # In the order the adapters were added, so that the sum never depends on the call.
            for name, adapter in self.known.items():
                if weights.get(name) and layer in adapter.changes:
                    down, up, scale = adapter.changes[layer]
                    change = (up.to(mixed.device) @ down.to(mixed.device)).mul_(
                        scale * weights[name]
                    )
                    mixed += change.to(mixed.dtype)
            with torch.no_grad():
                self.model.get_submodule(layer).weight.copy_(mixed)

    @property
    def fingerprint(self) -> str:
        """Text that differs whenever the adapters in the weights do; empty for the base."""
        used = [
            f"{self.known[name].fingerprint}*{weight!r}" for name, weight in self.weights.items()
        ]
        return "+".join(sorted(used))
