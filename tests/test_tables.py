"""What a table must be before anything in it is counted."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from course_lib.errors import CourseError
from course_lib.sentences import Sentences
from course_lib.tables import (
    names_of,
    need_columns,
    need_finite,
    need_once,
    need_values,
)

TABLE = pd.DataFrame({"id": ["a", "b"], "model": ["m", "m"], "choice": [0, -1]})


def test_good_tables_pass():
    need_columns(TABLE, ("id", "model"))
    need_values(TABLE, "choice", (-1, 0, 1))
    need_once(TABLE, ("id",))
    assert need_finite([1, 2.5], "x").tolist() == [1, 2.5]
    assert names_of("model") == ["model"] and names_of(("model", "lang")) == ["model", "lang"]


@pytest.mark.parametrize(
    ("check", "key", "named"),
    [
        (lambda: need_columns(TABLE, ("id", "modle")), "tables.no_column", "modle"),
        (lambda: need_values(TABLE, "choice", (0, 1)), "tables.wrong_value", "-1"),
        (lambda: need_once(TABLE, ["model"]), "tables.twice", "model=m"),
        (lambda: need_finite([0, math.nan], "m"), "tables.not_finite", "1"),
        (lambda: need_finite(np.array([-math.inf, 1]), "m"), "tables.not_finite", "m"),
    ],
)
def test_a_wrong_table_is_named(lang, check, key, named):
    with pytest.raises(CourseError) as caught:
        check()
    assert caught.value.key == key and named in str(caught.value)


def test_tables_on_one_page_do_not_share_their_styles():
    tables = [Sentences(pd.DataFrame({"a": [text]})) for text in ("x" * 18, "字" * 18)]
    pages = [table._repr_html_() for table in tables]
    names = [re.search(r'<table id="(\w+)"', page)[1] for page in pages]
    assert names[0] != names[1] and tables[0]._repr_html_() == pages[0]
    assert ["nowrap" in page for page in pages] == [True, False]
