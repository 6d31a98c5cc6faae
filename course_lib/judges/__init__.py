"""Refusal judges: was the prompt answered, refused, or both?

verdicts = judge_refusals(answers)                            # RefusalRules by default
table    = compare_judges(answers, [RefusalRules(), PrefixList("xstest")])
quality  = calibrate(RefusalRules(), load_labelled("zh", split="test"))
"""

from .calibration import (
    Calibration,
    calibrate,
    calibrate_verdicts,
    load_labelled,
    load_published_completions,
)
from .model_answers import with_labels
from .model_judge import ModelJudge, parse_verdict
from .names import judge_name
from .prefix_lists import PrefixList
from .refusal import RefusalRules
from .tables import compare_judges, judge_refusals
from .verdicts import LABELS, REFUSALS, UNPARSED, Evidence, Verdict

__all__ = [
    "LABELS",
    "REFUSALS",
    "UNPARSED",
    "Calibration",
    "Evidence",
    "ModelJudge",
    "PrefixList",
    "RefusalRules",
    "Verdict",
    "calibrate",
    "calibrate_verdicts",
    "compare_judges",
    "judge_name",
    "judge_refusals",
    "load_labelled",
    "load_published_completions",
    "parse_verdict",
    "with_labels",
]
