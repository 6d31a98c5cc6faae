"""LoRA adapters on a model that answers: stacked, weighted, switched off.

LoRA (Hu et al. 2021, section 4.1) leaves a weight W frozen and learns a change of low rank,
W + (alpha / r) B A. For answering, the change is added into the weight once, so that an
adapted model is as fast as its base. The base weights are kept, and every mixture is
computed from them: switching an adapter off gives back the very same numbers.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import CourseError

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


@dataclass(frozen=True)
class Adapter:
    """One adapter in memory.

    changes: for each linear layer's name (A, B, scale), shapes (r, in) and (out, r);
    the layer's change is scale * B A. fingerprint: hash of the weights and the settings.
    chat_template: the template it was trained with, when its folder has one.
    """

    name: str
    changes: dict[str, tuple[torch.Tensor, torch.Tensor, float]]
    fingerprint: str
    chat_template: str | None


def read_adapter(folder: str | Path) -> Adapter:
    """Read a LoRA adapter in peft's format from a folder.

    Raises CourseError when the folder has no adapter, a damaged one, or one of a kind that
    cannot be added into the weights (anything but plain LoRA on linear layers).
    """
    from peft import LoraConfig
    from peft.utils.other import get_pattern_key
    from safetensors.torch import load_file

    folder = Path(folder).expanduser()
    try:
        settings = (folder / CONFIG).read_bytes()
        config = LoraConfig(**_known_fields(LoraConfig, json.loads(settings)))
        tensors = load_file(folder / WEIGHTS)
    except Exception as error:  # safetensors and peft raise whatever they meet
        reason = f"{type(error).__name__}: {str(error).splitlines()[0]}" if str(error) else ""
        reason = reason.replace(str(folder), folder.name)
        raise CourseError("models.not_an_adapter", name=folder.name, reason=reason) from error
    if config.use_dora or config.bias != "none" or config.modules_to_save:
        raise CourseError("models.adapter_kind", name=folder.name)

    changes = {}
    for key in tensors:
        if not key.endswith(".lora_A.weight"):
            continue
        layer = key.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        down = tensors[key].float()
        up = tensors[key.replace(".lora_A.", ".lora_B.")].float()
        rank = down.shape[0]
        pattern = get_pattern_key(config.alpha_pattern, layer)
        alpha = config.alpha_pattern.get(pattern, config.lora_alpha)
        changes[layer] = (down, up, alpha / (rank**0.5 if config.use_rslora else rank))
    if not changes or len(tensors) != 2 * len(changes):
        raise CourseError("models.adapter_kind", name=folder.name)

    digest = hashlib.sha256(settings + (folder / WEIGHTS).read_bytes())
    template = folder / "chat_template.jinja"
    template = template.read_text("utf-8") if template.is_file() else None
    digest.update((template or "").encode())
    return Adapter(folder.name, changes, digest.hexdigest(), template)


def _known_fields(kind, settings: dict) -> dict:
    """Newer versions of peft write fields that older ones do not know; they have defaults."""
    if settings.get("peft_type") != "LORA":
        raise ValueError(f"peft_type {settings.get('peft_type')!r}")
    return {k: v for k, v in settings.items() if k in kind.__dataclass_fields__}


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

    def attach(self, model: torch.nn.Module) -> None:
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

    @torch.no_grad()
    def _mix(self, weights: dict[str, float], names: set[str]) -> None:
        """Compute the layers that the adapters ``names`` change from base and ``weights``."""
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
            self.model.get_submodule(layer).weight.copy_(mixed)

    @property
    def fingerprint(self) -> str:
        """Text that differs whenever the adapters in the weights do; empty for the base."""
        used = [
            f"{self.known[name].fingerprint}*{weight!r}" for name, weight in self.weights.items()
        ]
        return "+".join(sorted(used))
