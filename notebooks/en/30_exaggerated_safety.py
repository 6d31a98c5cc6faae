# %% [markdown] slideshow={"slide_type": "slide"}
# # Exaggerated safety: what sounds dangerous is not always dangerous
#
# Somebody asks how to hack back the brambles, and the model says "I'm sorry, I can't help with that". This is **exaggerated safety**, or over-refusal: the model sees the word, not the meaning. In this section we measure it the way XSTest does (Röttger et al. 2024).

# %% [markdown]
# **After this section you can**
#
# - name the ten kinds of prompt that look dangerous and are safe, and write the unsafe contrast of each;
# - measure refusal rates of three real, small models with confidence intervals, in Chinese and in English;
# - say how a judge's own errors change the conclusion, and correct for them;
# - tell whether two refusal rates differ or the sample is too small to know.
#
# **Time and hardware**: about 40 minutes to read. On two CPU cores the first run takes about a minute, later ones about ten seconds: of 2,592 answers about a hundred are written here, the verdicts on the rest come with the course (`data/results`). To compute everything, set `EVERYTHING` below to `True`: about five minutes. No network and no GPU needed.
#
# **What may be unsettling**: the contrasts are short harmful requests (violence, discrimination, self-harm, historical atrocities). Answers to them are never shown, only verdicts.

# %% tags=["setup"]
# Installs the course on Colab; does nothing anywhere else.
import subprocess
import sys

if "google.colab" in sys.modules:
    source = "git+https://github.com/llm-safety-course/llm-safety-course"
    command = [sys.executable, "-m", "pip", "install", "-q", source]
    subprocess.run(command, check=True)

# %% tags=["lang"]
LANG = "en"

# %%
import pandas as pd
from datasets import concatenate_datasets

from course_lib import set_language
from course_lib.exaggerated_safety import explain_types, type_table
from course_lib.models import load_model
from course_lib.prompts import load_prompts

set_language(LANG)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ten kinds of safe prompt, eight kinds of contrast
#
# XSTest's idea is simple: every kind of safe prompt has a contrast that uses the same words and is really harmful. A good model answers the one and refuses the other. A refusal rate alone means nothing; the question is whether the model **refuses the right things**.
#
# The prompts were written for this course, in each language separately: a Chinese homonym does not survive translation.

# %%
explain_types()

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
prompts = {lang: load_prompts("xstest", lang=lang) for lang in ("zh", "en")}
type_table(prompts[LANG])

# %% [markdown]
# Twelve prompts a type, 216 a language. Ten safe types and eight contrasts: the two kinds of discrimination share a contrast, and so do the two kinds of privacy.

# %% tags=["nbval-check-output"]
pd.DataFrame(
    {
        lang: rows.to_pandas()["label"].value_counts()
        for lang, rows in prompts.items()
    }
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three small models
#
# - `smollm2`: 135 million parameters, instruction-tuned and aligned, English only (it is given the Chinese prompts all the same: what is a refusal rate worth where nothing was understood?).
# - `gemma3`: a **base model** of 270 million parameters, not aligned at all, Chinese and English.
# - `assistant`: the same `gemma3`, **aligned by this course itself** with ten thousand short question-answer pairs, some of them refusals; Chinese and English.
#
# A base model cannot chat; it continues text. We put four exchanges in front of the question, two of them refusals, and it answers in their manner. This is the whole text it reads. The `assistant` needs no examples: what they show it, training has put into its weights.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
models = [load_model(name) for name in ("smollm2", "gemma3", "assistant")]
chat = models[1].chat.render(
    prompts[LANG]["prompt"][0], system=None, lang=LANG
)
print(chat)

# %% [markdown]
# The cheapest safety measure is a paragraph in front of every question, a **safety prefix**. We ask everything twice, without it and with it.

# %%
from course_lib.exaggerated_safety import safety_prefix

print(safety_prefix("zh"))
print(safety_prefix("en"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Let the models answer
#
# One road from end to end: **prompts → answers → verdicts → table → figure**. Three models, two languages, with and without the prefix make twelve runs of 216 questions. Decoding is greedy, 32 tokens at most: whether an answer is a refusal shows at its beginning.
#
# To write them all takes minutes. So only a part is written here: answers of `gemma3` without the prefix, in both languages, of which you will read a few; and a small part of one run each of the other two models, to see whether this machine writes the same as was recorded. The others were written when the course was built; the verdicts on them come with the course and are called **recorded verdicts** from here on. Their texts are not published, because nearly half of the questions are unsafe.

# %% slideshow={"slide_type": "subslide"}
from course_lib.record import Record

EVERYTHING = False  # True: all 2,592 answers are written here
record = Record("xstest", use=not EVERYTHING)
runs = [
    record.of(model).answer(prompts[lang], system=system, max_new_tokens=32)
    for model in models
    for lang in ("zh", "en")
    for system in (None, safety_prefix(lang))
]
answers = concatenate_datasets(runs)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Is this a refusal?
#
# A person sees it at a glance; a program needs a rule. XSTest has three classes: **full compliance**, **full refusal**, and **partial refusal** (unwilling, and yet giving part of the answer). Our rule judge says why it decided as it did. Only safe prompts are shown here.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.exaggerated_safety import look_at
from course_lib.judges import RefusalRules, judge_refusals

here = judge_refusals(answers, RefusalRules())


def is_shown(row):
    run = (row["model"], row["lang"], row["system"])
    return run == ("gemma3", LANG, "")


gemma = here.filter(is_shown)
look_at(gemma, n=6)

# %% [markdown]
# Whether an answer is right is not the question here. Models this small often talk nonsense, and nonsense is not a refusal: it does not say no.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Measure the ruler first
#
# A judge errs, too. Before trusting the rates it counts, we hold it against answers that were read and labelled one by one (by an AI language model, see the data card in `data/refusal_labels`). **Sensitivity** is the share of true refusals it recognises, **specificity** the share of other answers it lets pass, **κ** the agreement beyond chance.
#
# The figure below is about these very models: a random sample of their answers, labelled without seeing the judge's verdicts. Only some of them are written here, so `complete` first adds the recorded verdicts on all that were not. A label finds its answer by a hash of the text; an answer that comes out otherwise on this machine has no label and is left out. The small line says how many verdicts were read, how many answers were written here, and how many of those came out word for word as recorded.

# %%
verdicts = record.complete(here)
record

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.figures import (
    plot_compliance,
    plot_confusion,
    plot_judges,
    plot_rates,
)
from course_lib.judges import calibrate_verdicts, with_labels

labelled = with_labels(verdicts).to_pandas()
calibration = {
    lang: calibrate_verdicts(rows) for lang, rows in labelled.groupby("lang")
}
plot_confusion(calibration[LANG])

# %% [markdown]
# The same judge can do much worse on other answers. Here is a set that was written to be hard: refusals that never say sorry, helpful sentences full of "cannot". The author of the rules has not read it.

# %% tags=["nbval-check-output"]
from course_lib.judges import calibrate, load_labelled

hard = {lang: load_labelled(lang, split="test") for lang in ("zh", "en")}
pd.concat(
    {
        lang: calibrate(RefusalRules(), rows).to_frame()
        for lang, rows in hard.items()
    }
).round(2)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Refusal rates, with intervals
#
# Every rate comes with its n and a 95 % confidence interval (Wilson). The corrected column works back from the judge's sensitivity and specificity to the true rate (Rogan–Gladen) and carries the judge's own uncertainty into the interval. Safe prompts and unsafe contrasts are **never pooled**.

# %%
from course_lib.exaggerated_safety import refusal_rates, show_rates

rates = refusal_rates(
    verdicts, by=("model", "lang", "system"), calibration=calibration
)
show_rates(rates)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
plot_rates(rates)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What these numbers say
#
# The sentences below are written by the program from the table above; with other models or prompts they change.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
from course_lib.exaggerated_safety import findings

findings(rates)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which kind is hit hardest?
#
# There are only twelve prompts a type, so the intervals are wide. Look at them before you look at the dots: most differences between types are beyond this sample. The difference between the two sides is not.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
plain = verdicts.filter(lambda row: not row["system"])
by_type = refusal_rates(plain, by=("model", "lang", "type"))
plot_rates(by_type[by_type["model"] == "gemma3"])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Beside the published figures
#
# The paper's authors had people label the answers of five systems of 2023. Ours cannot be compared with them directly: other prompts, models at least tens of times smaller (some sizes are undisclosed), rules in place of people. What can be compared is the **shape**: do the two rates rise and fall together, or come apart?

# %% tags=["nbval-check-output"]
from course_lib.exaggerated_safety import compliance_rates, published_rates

published = published_rates()
show_rates(published)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
english = verdicts.filter(lambda row: row["lang"] == "en")
ours = compliance_rates(english, by=("model", "system"))
plot_compliance(pd.concat([ours, published]))

# %% [markdown]
# Look at Llama 2: without its system prompt it refuses far fewer safe prompts, and hardly fewer unsafe ones. Part of the exaggeration came from the system prompt, and no retraining was needed to undo it. Mistral is the opposite case: a guardrail prompt buys refusals of unsafe prompts, and pays for them in safe ones.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The same answers, five judges
#
# All answers of `gemma3` in this page's language, without the prefix, go to five judges: the XSTest paper's list of openings, the seven strings of the GCG paper, an equally simple Chinese list, our rules, and `gemma3` itself. Those written here are judged here; of the others the five recorded verdicts are read (`complete` adds those of other runs as well, so the last line keeps this run alone). Not a letter of the answers changes. What was made for this language comes out close together, because `gemma3` copies the formula of its examples and each of these judges knows it. But a list does not cross languages: the Chinese one finds nothing in English answers, nor the English ones in Chinese. Whether the judges still agree where the formula is missing, the hard set below shows. When you read a paper, ask first who counted the refusals.

# %%
from course_lib.judges import ModelJudge, PrefixList

reader = ModelJudge(models[1], method="generate", lang=LANG)
judges = [
    PrefixList("xstest"),
    PrefixList("gcg"),
    PrefixList("zh"),
    RefusalRules(),
    reader,
]
judged = record.complete(
    concatenate_datasets([judge_refusals(gemma, judge) for judge in judges])
).filter(is_shown)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
by_judge = refusal_rates(judged, by=("judge",))
plot_judges(by_judge)

# %% [markdown]
# Look at the last column of the next table: as a judge, `gemma3` mostly replies in a form that cannot be parsed. Such replies count neither as refusals nor as guesses; they are a class of their own. And what can be parsed always says "full compliance": its rate of zero is no finding. A model this small is no judge. Calibrate before you use one.

# %%
show_rates(by_judge)

# %% [markdown]
# How do the four judges without a model do on the hard labelled answers? A κ near 0 is no better than guessing; a list in the wrong language gets 0, which is no surprise. These answers avoid the set phrases on purpose, so a list in the right language does not recognise many either.

# %% tags=["nbval-check-output"]
quality = [calibrate(judge, hard[LANG]) for judge in judges[:4]]
pd.DataFrame({q.name: q.to_frame().iloc[:, 0] for q in quality}).T.round(2)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your turn to ask
#
# Type something that looks dangerous and is safe, choose a model, decide about the prefix, and see what it answers and what the judge says. Guess first, then press.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.demos import RefusalDemo

safe = gemma.to_pandas().query("label == 'safe'")
turned_away = safe[safe["verdict"] == "full_refusal"]
RefusalDemo(models, example=[*turned_away["prompt"], *safe["prompt"]][0])

# %% [markdown]
# ## Exercises
#
# The exercises check themselves. Put your answer in place of `...` and run the cell; as long as it is unanswered you only get a reminder. Solutions are folded away after each.

# %%
from course_lib.exaggerated_safety import exercises
from course_lib.exercises import check, solution

exercises.contrast_pair()

# %%
my_choice = ...
check("contrast_pair", my_choice)

# %%
solution("contrast_pair")

# %% [markdown]
# **Second exercise**: compute a Wilson interval yourself. `row` is `gemma3` in this page's language, without prefix, safe prompts, from the table of rates; `row.n` and `row.refused` are what you need.

# %%
row = rates[(rates.model == "gemma3") & (rates.lang == LANG)].iloc[0]
exercises.wilson_interval(row)

# %%
my_interval = ...
check("wilson_interval", my_interval)

# %%
solution("wilson_interval")

# %% [markdown]
# **Third exercise**: write a judge of your own that clearly beats the list of openings. Then ask yourself: you tuned it to these answers; would it hold on others?

# %%
both_sets = pd.concat(
    [load_labelled(lang).to_pandas() for lang in ("zh", "en")]
)
prefixes = PrefixList("zh" if LANG == "zh" else "xstest")


def baseline(answer):
    return prefixes.verdict("", answer).label != "full_compliance"


exercises.refusal_detector(both_sets, baseline)


# %%
def my_judge(answer):
    return ...


check("refusal_detector", my_judge)

# %%
solution("refusal_detector")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three things to take away
#
# 1. **Words or meaning**: exaggerated safety shows that a model has learnt surface features. The same words about another target turn safe into unsafe.
# 2. **Two numbers, not one**: report only the refusals of unsafe prompts, and a model that refuses everything is perfect.
# 3. **The ruler errs**: another judge can turn the conclusion around. Whoever reports a rate owes an interval and the judge's error.
#
# Small models can show exaggerated safety here, but hardly good judgement: `gemma3` copies the manner of its examples, and `assistant` has learnt from ten thousand rows what a dangerous request looks like, not what makes it dangerous. How to teach a model more than that is what the sections on alignment are about.

# %% [markdown]
# **Further reading**: *XSTest* (Röttger et al., NAACL 2024) introduced the ten types and had people label the answers of five systems; *Safety-Tuned LLaMAs* (Bianchi et al., ICLR 2024) shows how many safety examples it takes before tuning turns into exaggeration; the GCG paper (Zou et al. 2023) is where seven strings became the measure of a refusal.
