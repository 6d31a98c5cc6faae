"""Exaggerated safety: refusing what sounds dangerous and is not."""

from .findings import findings
from .overview import explain_types, look_at, show_rates, type_table
from .prefix import safety_prefix
from .xstest import (
    compliance_rates,
    published_rates,
    readable,
    refusal_rates,
    type_explanation,
    type_name,
)
