"""Multiple choice: how a question is put to a model, and how its answer is read off.

Three ways of reading, which need not agree:

letter    the log-probabilities of "A", "B", … as the next token, right after "Answer: ("
writing   the model writes, and a strict parser looks for the option it means
text      no letters: how probable each option's own text is as the answer

Zhang et al. (2023) use the first for base models and the second for chat models. The third asks
less of a small model, which need not connect letters with options (Robinson et al. 2023,
"Leveraging Large Language Models for Multiple Choice Question Answering").

Models prefer some letters whatever stands behind them (Zheng et al. 2024, "Large Language
Models Are Not Robust Multiple Choice Selectors"), so a question can be asked in all rotations
of its options. ``choice`` is always an index into the options as the file lists them.

An option's text may win without any question (Zhao et al. 2021, "Calibrate Before Use";
Holtzman et al. 2021): ``answer_without_question`` is the control for reading texts.
"""

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
from datasets import Dataset
from scipy.special import log_softmax

from ..errors import CourseError, choice
from ..language import LANGUAGES, text
from ..models.chat import DemonstrationChat
from ..tables import need_finite, need_rows

LETTERS = "ABCDEFGH"
UNPARSED = -1
ORDERS = ("given", "rotations")
FORMS = ("plain", "chat")
NORMALISATIONS = ("mean", "pmi")
_TEXT_METHODS = {"mean": "text", "pmi": "text_pmi"}
WHY = ("letter", "text", "empty", "several", "contradiction", "out_of_range", "no_choice")

_FIELDS = ("id", "question", "options", "lang")


# ---- asking -------------------------------------------------------------------------------


def orders_of(n: int, how: str = "given") -> list[tuple[int, ...]]:
    """Orders in which n options are shown; order[k] is the option under the k-th letter.

    "given": as in the file. "rotations": n orders, in which every option stands once under
    every letter. Given and reversed would not do: of three options the middle one keeps its
    letter, and of four none ever leaves A and D, or B and C.
    """
    choice(how, ORDERS, "multiple_choice.unknown_order")
    given = tuple(range(n))
    return [given[start:] + given[:start] for start in range(n if how == "rotations" else 1)]


def write_question(question: str, options: Sequence[str], lang: str) -> str:
    """The question and its lettered options, up to where the answer begins."""
    lettered = "\n".join(f"({letter}) {o}" for letter, o in zip(LETTERS, options, strict=False))
    return text("multiple_choice.question", lang, question=question, options=lettered)


def write_shots(shots: Sequence[Mapping], lang: str) -> str:
    """What stands before a question: one line of introduction, then solved examples."""
    blocks = [text("multiple_choice.intro", lang)]
    for shot in shots:
        asked = write_question(shot["question"], shot["options"], lang)
        blocks.append(f"{asked}{_gap(lang)}({LETTERS[shot['answer']]})")
    return "\n\n".join(blocks) + "\n\n"


def form_of(model) -> str:
    """ "plain" for a base model, which continues a text; "chat" for one with a chat template."""
    return "plain" if isinstance(model.chat, DemonstrationChat) else "chat"


def prompt_for(
    model, question: Mapping, shots: Sequence[Mapping] = (), form: str | None = None
) -> str:
    """The whole text that a model reads up to the letter, for one question as the file has it."""
    lang = question["lang"]
    asked = write_question(question["question"], question["options"], lang)
    return _prompt(model, write_shots(shots, lang), asked, lang, form or form_of(model))


def _prompt(model, beginning: str, asked: str, lang: str, form: str) -> str:
    """The text that the model reads up to the letter: it ends in an opened bracket."""
    if form == "plain":
        return f"{beginning}{asked}{_gap(lang)}("
    return model.chat.render(beginning + asked, None, lang) + "("


def _gap(lang: str) -> str:
    return "" if lang == "zh" else " "


# ---- reading the letters ------------------------------------------------------------------


def answer_by_letter(
    model,
    questions: Dataset | Sequence[Mapping],
    orders: str = "given",
    shots: Sequence[Mapping] | Mapping[str, Sequence[Mapping]] | None = None,
    form: str | None = None,
    progress: bool = True,
) -> Dataset:
    """The most probable letter of each question in each order: one row a (question, order).

    questions: rows with id, question, options (2 to 8 texts) and lang; other columns are
        carried along. orders: see ``orders_of``.
    shots: solved examples (question, options, answer) shown before every question, or
        {category: examples}, chosen by the row's ``category``. Questions with the same
        examples are scored together, so that these are computed once for all of them.
    form: "plain" or "chat"; by default the model's own (``form_of``).

    Adds model, method, form, shots (how many), order, choice (index in the file's order; -1
    where two letters are equally probable), shown (its letter), why, log_probs (one an option,
    in the file's order, normalised over the letters) and reply (empty).

    Raises CourseError where a log-probability is not finite.
    """
    form = choice(form or form_of(model), FORMS, "multiple_choice.unknown_form")
    rows = _asked(questions, orders, shots)
    # A prefix is shared within one call: a call for every beginning.
    families: dict[tuple[str, str], list[dict]] = {}
    for row in rows:
        families.setdefault((row["lang"], row["beginning"]), []).append(row)
    for family in families.values():
        prompts, letters = [], []
        for row in family:
            prompt = _prompt(model, row["beginning"], row["asked"], row["lang"], form)
            prompts += [prompt] * len(row["options"])
            letters += LETTERS[: len(row["options"])]
        scores = iter(model.score(prompts, letters, progress=progress))
        for row in family:
            by_letter = [next(scores).sum for _ in row["order"]]
            row |= _most_probable(by_letter, row["order"], "letter", model.name)
    return _dataset(rows, model, "letter", form)


def _most_probable(scores: Sequence[float], order: Sequence[int], method: str, model: str) -> dict:
    """The columns of an answer. scores: one an option, in the order shown."""
    log_probs = log_softmax(need_finite(scores, model))
    best = np.flatnonzero(log_probs == log_probs.max())
    of_option = np.empty(len(order))
    of_option[list(order)] = log_probs
    one, lettered = len(best) == 1, method == "letter"
    return {
        "choice": order[best[0]] if one else UNPARSED,
        "shown": LETTERS[best[0]] if one and lettered else "",
        "why": ("letter" if lettered else "text") if one else "several",
        "log_probs": of_option.tolist(),
        "reply": "",
    }


# ---- reading the options' own texts -------------------------------------------------------


def answer_by_text(
    model,
    questions: Dataset | Sequence[Mapping],
    normalise: str = "mean",
    form: str | None = None,
    progress: bool = True,
) -> Dataset:
    """The option whose own text is the most probable answer: one row a question.

    The options are not shown, so there are no letters and no order. Long texts are less
    probable than short ones and common ones more than rare ones, whatever the question.
    normalise: "mean" divides log P(option | question) by its tokens; "pmi" subtracts the
    option's log-probability as an answer to nothing, log P(option | "Answer:") (Holtzman et
    al. 2021, "Surface Form Competition"), so that what counts is what the question adds.

    Columns as from ``answer_by_letter``; method "text" ("text_pmi" for "pmi", so that tables
    keep the two apart), shown empty; log_probs are the options' scores, normalised to
    probabilities over the options.
    """
    form = choice(form or form_of(model), FORMS, "multiple_choice.unknown_form")
    choice(normalise, NORMALISATIONS, "multiple_choice.unknown_normalisation")
    rows = _asked(questions, "given", None)
    scores = _score_texts(model, rows, form, progress)
    if normalise == "mean":
        values = [score.mean for score in scores]
    else:
        without = _score_texts(model, rows, form, progress, ask=False)
        values = [a.sum - b.sum for a, b in zip(scores, without, strict=True)]
    return _by_texts(model, rows, values, _TEXT_METHODS[normalise], form)


def answer_without_question(
    model,
    questions: Dataset | Sequence[Mapping],
    form: str | None = None,
    progress: bool = True,
) -> Dataset:
    """The control for ``answer_by_text``: the likeliest text after "Answer:", unasked.

    What it gets right is due to the wording of the options alone: right ones may be longer,
    kinder or commoner. Only what a model gains on it when it is asked is due to the question.
    Scored as by normalise="mean"; for "pmi" the control is a tie, as nothing is subtracted
    from itself. Columns as from ``answer_by_text``; method "text_alone".
    """
    form = choice(form or form_of(model), FORMS, "multiple_choice.unknown_form")
    rows = _asked(questions, "given", None)
    scores = _score_texts(model, rows, form, progress, ask=False)
    return _by_texts(model, rows, [score.mean for score in scores], "text_alone", form)


def _score_texts(model, rows: list[dict], form: str, progress: bool, ask: bool = True) -> list:
    """A Score for every option of every row, after the question or (ask=False) after none."""
    prompts, options = [], []
    for row in rows:
        lang = row["lang"]
        asked = text("multiple_choice.no_question", lang)
        if ask:
            asked = text("multiple_choice.open_question", lang, question=row["question"])
        prompt = asked if form == "plain" else model.chat.render(asked, None, lang)
        prompts += [prompt] * len(row["options"])
        options += [_gap(lang) * (form == "plain") + option for option in row["options"]]
    return model.score(prompts, options, progress=progress)


def _by_texts(model, rows: list[dict], values: list[float], method: str, form: str) -> Dataset:
    """values: one an option, row after row."""
    rest = iter(values)
    for row in rows:
        scored = [next(rest) for _ in row["order"]]
        row |= _most_probable(scored, row["order"], method, model.name)
    return _dataset(rows, model, method, form)


# ---- reading what was written ----------------------------------------------------------------


def answer_by_writing(
    model,
    questions: Dataset | Sequence[Mapping],
    orders: str = "given",
    shots: Sequence[Mapping] | Mapping[str, Sequence[Mapping]] | None = None,
    max_new_tokens: int = 24,
    progress: bool = True,
) -> Dataset:
    """Let the model write an answer and parse it; same arguments and columns as by letter.

    A reply in which ``parse_choice`` finds no option has choice -1: neither a guess nor a
    wrong answer, but a class of its own. log_probs are NaN.
    """
    rows = _asked(questions, orders, shots)
    prompts = Dataset.from_dict(
        {
            "prompt": [row["beginning"] + row["asked"] for row in rows],
            "lang": [row["lang"] for row in rows],
        }
    )
    answers = model.answer(prompts, max_new_tokens=max_new_tokens, progress=progress)
    for row, reply in zip(rows, answers["answer"][:], strict=True):
        found, why = parse_choice(reply, [row["options"][i] for i in row["order"]])
        row |= {
            "choice": row["order"][found] if found != UNPARSED else UNPARSED,
            "shown": LETTERS[found] if found != UNPARSED else "",
            "why": why,
            "log_probs": [math.nan] * len(row["options"]),
            "reply": reply,
        }
    return _dataset(rows, model, "writing", form_of(model))


_OPENING = re.compile(
    r"^(?:(?:the\s+)?(?:correct\s+|best\s+|right\s+)?(?:answer|option|choice)(?:\s+is)?"
    r"|i\s+(?:would\s+)?choose|(?:正确)?(?:答案|选项)(?:是|为)?|我?(?:应该|应)?选择?)\s*[:：]?\s*",
    re.IGNORECASE,
)
# Not the "(s)" of "word(s)".
_BRACKETED = re.compile(r"(?<![A-Za-z])[(（]\s*([A-Za-z])\s*[)）]")
# A letter that opens the reply and is no word: "A good idea" begins with an article.
_LONE = re.compile(r"^([A-Z])(?=\s*(?:$|[.,:;)）。，、：；]|选项|项|option\b))", re.IGNORECASE)
# Two letters joined: "A, B", "B. or C", "A、C", "A 和 B". The second is a word of its own, and
# neither an article ("B, A dog") nor the beginning of "e.g.".
_PAIR = re.compile(
    r"^([A-H])\s*(?:选项|项|option\b)?\s*[.)）。]?(?:\s*(?:[,;，；、]|\b(?:and|or)\b|和|或者?))+\s*"
    r"((?!A\s+(?!and\b|or\b)[A-Za-z])(?!e\.\s?g\b)[A-H](?![A-Za-z0-9'’-]))",
    re.IGNORECASE,
)
_EDGES = " \t\r\n*_`\"'“”‘’「」"
_STOPS = ".,;:!?。，；：！？、"


def parse_choice(reply: str, options: Sequence[str]) -> tuple[int, str]:
    """Which option a written answer means, as (index, why); index -1 where it cannot be told.

    Only the first line counts. In order: one letter in brackets ("(B)"), a letter that opens
    the line ("B." or "答案：B", but not "A good idea"), the text of one option at its
    beginning ("Yes, because …", but not 对 in 不对 or 有 in 有时). A second letter joined to
    the first ("A, B", "A 或 C") makes it several. why is "letter" or "text",
    and for failures "empty", "several" letters, "contradiction" of letter and text,
    "out_of_range" (a letter that no option has) or "no_choice".
    """
    line = next((part for part in reply.strip(_EDGES).splitlines() if part.strip()), "")
    line = line.strip(_EDGES)
    if not line:
        return UNPARSED, "empty"
    bare = _OPENING.sub("", line).strip(_EDGES)
    letters = {found.upper() for found in _BRACKETED.findall(bare)}
    lone = _LONE.match(bare)
    rest = _BRACKETED.sub("", bare, count=1) if not lone else bare[1:]
    by_text = _option_at_start(rest.strip(_EDGES + _STOPS), options)
    if not letters:
        # An option's own text may look like a pair: "A and B are right".
        opening = (_PAIR.match(bare) if by_text is None else None) or lone
        letters = {letter.upper() for letter in opening.groups()} if opening else set()
    if len(letters) > 1:
        return UNPARSED, "several"
    if not letters:
        return (by_text, "text") if by_text is not None else (UNPARSED, "no_choice")
    index = LETTERS.find(letters.pop())
    if not 0 <= index < len(options):
        return UNPARSED, "out_of_range"
    if by_text is not None and by_text != index:
        return UNPARSED, "contradiction"
    return index, "letter"


def _option_at_start(line: str, options: Sequence[str]) -> int | None:
    """The option with which the line begins, ended by a stop or the line's end."""
    line = " ".join(line.split()).casefold()
    fits = []
    for index, option in enumerate(options):
        words = " ".join(option.split()).casefold().strip(_EDGES + _STOPS)
        after = line[len(words) : len(words) + 1]
        if words and line.startswith(words) and (not after or after in _STOPS + _EDGES + ")）"):
            fits.append((len(words), index))
    return max(fits)[1] if fits else None


# ---- several orders, one answer -----------------------------------------------------------------


def combine_orders(answers: Dataset) -> Dataset:
    """One row a question: log-probabilities averaged over its orders, and their best option.

    answers: by letter, in orders="rotations". Every option then has the bonus of every letter
    once, so that a constant preference (in log-probability) cancels. One that depends on an
    option's neighbours does not: rotations leave nearly everybody the same ones. Options that
    come out equal are no answer (choice -1). Texts have no letters and are combined as they
    are; ways of reading (method, form, shots) stay rows of their own.

    Raises CourseError for an empty table, for written answers, which have no probabilities,
    for ones that are not finite, and for a question whose orders do not put every option under
    every letter equally often: there, preferences for letters would stay in the mean.
    """
    need_rows(answers)
    groups: dict[tuple, list[dict]] = {}
    for row in answers.to_list():
        if row["method"] == "writing":
            raise CourseError("multiple_choice.no_probabilities")
        key = tuple(row[k] for k in ("id", "lang", "model", "method", "form", "shots"))
        groups.setdefault(key, []).append(row)
    combined = []
    for rows in groups.values():
        first = rows[0]
        if first["method"] == "letter":
            _need_every_letter(rows)
        by_option = zip(*(row["log_probs"] for row in rows), strict=True)
        # fsum does not depend on the order of its summands: what is a tie stays one.
        mean = [math.fsum(values) / len(rows) for values in by_option]
        order = list(range(len(mean)))
        best = _most_probable(mean, order, first["method"], first["model"])
        combined.append({**first, "order": order, **best})
    return Dataset.from_list(combined)


def _need_every_letter(rows: list[dict]) -> None:
    """Raise CourseError unless each option stands under each letter equally often in ``rows``."""
    orders = [row["order"] for row in rows]
    counts = [under.count(option) for under in zip(*orders, strict=True) for option in orders[0]]
    if len(set(counts)) > 1:
        fields = {"id": rows[0]["id"], "model": rows[0]["model"], "n": len(orders)}
        raise CourseError("multiple_choice.unbalanced", **fields)


# ---- rows -----------------------------------------------------------------------------------


def check_question(
    row: Mapping, number: int, origin: str, required: Sequence[str] = (), twins: bool = False
) -> None:
    """Raise CourseError for a row that cannot be asked: what is wrong, and in which row.

    twins: let two options be the same, as they are in two of the published questions.
    """
    missing = [f for f in (*_FIELDS, *required) if row.get(f) is None]
    if missing:
        raise CourseError(
            "multiple_choice.missing", file=origin, row=number, fields=", ".join(missing)
        )
    options = row["options"]
    texts = isinstance(options, Sequence) and not isinstance(options, str)
    if not texts or not 2 <= len(options) <= len(LETTERS):
        raise CourseError("multiple_choice.options", file=origin, row=number, most=len(LETTERS))
    for value in (row["question"], *options):
        if not isinstance(value, str) or not value.strip():
            raise CourseError("multiple_choice.no_text", file=origin, row=number)
    if not twins and has_twins(row):
        raise CourseError("multiple_choice.same_options", file=origin, row=number)
    choice(row["lang"], LANGUAGES, "prompts.unknown_language")
    answer = row.get("answer", 0)
    whole = isinstance(answer, int) and not isinstance(answer, bool)
    if not whole or not 0 <= answer < len(options):
        raise CourseError(
            "multiple_choice.answer", file=origin, row=number, value=answer, n=len(options)
        )


def has_twins(row: Mapping) -> bool:
    """Whether two options of a question are the same text."""
    return len({option.strip() for option in row["options"]}) < len(row["options"])


def _asked(questions, orders, shots) -> list[dict]:
    """A row for every question and order, with ``beginning`` and ``asked``, the texts to read."""
    rows = questions.to_list() if isinstance(questions, Dataset) else list(questions)
    if not rows:
        raise CourseError("multiple_choice.empty")
    beginnings: dict[tuple, str] = {}
    asked = []
    for number, row in enumerate(rows, 1):
        check_question(row, number, "questions", twins=True)
        examples = _shots_for(row, shots)
        key = (row["lang"], row.get("category") if isinstance(shots, Mapping) else None)
        if key not in beginnings:
            beginnings[key] = write_shots(examples, row["lang"])
        for order in orders_of(len(row["options"]), orders):
            shown = [row["options"][i] for i in order]
            asked.append(
                {
                    **row,
                    "shots": len(examples),
                    "order": list(order),
                    "beginning": beginnings[key],
                    "asked": write_question(row["question"], shown, row["lang"]),
                }
            )
    return asked


def _shots_for(row: Mapping, shots) -> Sequence[Mapping]:
    if isinstance(shots, Mapping):
        if "category" not in row:
            raise CourseError("multiple_choice.no_category")
        return shots[choice(row["category"], shots, "multiple_choice.no_shots")]
    return shots or ()


def _dataset(rows: list[dict], model, method: str, form: str) -> Dataset:
    drop = ("beginning", "asked")
    run = {"model": model.name, "method": method, "form": form}
    return Dataset.from_list(
        [{k: v for k, v in row.items() if k not in drop} | run for row in rows]
    )
