"""Making a base model into an assistant: the data, the training, what it changed.

rows    = training_rows("en")                         # what to learn: prompt, answer
folder  = train(model, rows, Recipe(epochs=1), "out") # a LoRA adapter, in peft's format
table   = assistant_report(load_model("assistant"))   # what it does now, with intervals
"""

from .checks import passes
from .data import load_rows, training_rows
from .report import assistant_report
from .sft import Recipe, train

__all__ = ["Recipe", "assistant_report", "load_rows", "passes", "train", "training_rows"]
