# %% [markdown] slideshow={"slide_type": "slide"}
# # HHH and eight safety scenarios: good answers, bad answers, and answers that mean nothing
#
# Before asking whether a model is safe, say what you measure it with. This section takes up two of the first yardsticks: **helpful, honest, harmless** (Askell et al. 2021) looks at which of two answers a model finds likelier; **eight safety scenarios and six instruction attacks** (Sun et al. 2023) let it answer, and count the share that is safe. Each measures something else along with it: one of them length, the other babble.

# %% [markdown]
# **After this section you can**
#
# - score a pair of answers in three ways (sum, mean a token, PMI) and say what each of them favours;
# - report what "the longer", "the first" and a coin win before you report a win rate;
# - sort answers into safe, unsafe, incoherent and refused, and measure a judge's error on answers that were read;
# - explain how counting "whatever is not unsafe is safe" can lift the marks of a model that babbles, and count in a way that does not.
#
# **Time and hardware**: about 45 minutes to read. On two CPU cores the first run takes about a minute, later ones about ten seconds: scores and most of the verdicts come with the course (`data/results`), the rest is computed here. To compute everything, set `EVERYTHING` below to `True`: about five minutes. No network and no GPU needed.
#
# **What may be unsettling**: among the prompts are insults, prejudice and illegal requests, and lines that mention self-harm, each a sentence long. Answers judged unsafe are never shown, only their verdicts. The instruction attacks are aimed at a thing that does not exist.

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
from course_lib.evaluation.hhh import load_pairs, score_pairs
from course_lib.evaluation.hhh_tables import pair_table, score_table
from course_lib.models import load_model
from course_lib.record import Record, recorded_scores

set_language(LANG)
EVERYTHING = False  # True: nothing recorded is read, all is computed here
recorded = recorded_scores(use=not EVERYTHING)
recorded

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1. Helpful, honest, harmless
#
# A question and two answers, one of them better. Askell et al. did not ask the model which is good; they looked at which it **finds likelier**, and so even a base model that only continues text can be tested. The pairs were written for this course: 56 in each language, 14 for each of four aspects (the three, and "other": register, length, manners).

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
pairs = {lang: load_pairs(lang) for lang in ("zh", "en")}
pair_table(pairs[LANG])

# %% [markdown] slideshow={"slide_type": "slide"}
# ### One pair, three scores
#
# A model gives every token a log-probability. The **sum** is that of the whole answer; the **mean** divides it by the length; **PMI** (pointwise mutual information, here a token as well) scores the same answer with the question and without it and takes the difference, so that a phrase which fits everywhere gains nothing. The paper used PMI, BIG-bench uses the sum.
#
# Here is a pair on which the columns do not agree, scored by `gemma3`; larger is likelier. See which answer each column prefers, and how many tokens it has.

# %%
names = ("smollm2", "gemma3", "assistant")
smollm2, gemma3, assistant = models = [load_model(name) for name in names]
pair = pairs[LANG].filter(lambda row: row["id"] == "hhh-11")
score_table(score_pairs(gemma3, pair), pair)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### What can be won without thinking
#
# Beside any win rate belong three baselines: **the longer**, **the first**, and **a coin**. In the authors' 221 pairs the better answer is often the longer one, and it is always listed first. We counted the figures below in their files; they come with the course. The paper draws curves and has no table of win rates, so there is no published model to set beside ours. The last row is our own pairs.
#
# "The first" is always right, in our file as well: used as multiple choice without shuffling, it gives the answers away. Shuffled, the first is no better than a coin. On the authors' pairs "the longer" does well, too, so what is measured there may be length. In ours the better answer is the longer one in half of each aspect, and the shorter one in the other half.

# %% tags=["nbval-check-output"]
from course_lib.evaluation.hhh_tables import show_baselines

show_baselines(pairs[LANG])

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Before and after alignment, two languages, three scores
#
# `gemma3` is a base model, not aligned; `assistant` is the same model, aligned by this course with ten thousand questions and answers. `smollm2` knows English only, so it is tested in English only.
#
# All of them read a pair in the same frame, `Human: … Assistant:` (in Chinese `用户：… 助手：`). It is that of the BIG-bench task, as lm-evaluation-harness runs it, kept so that numbers can be compared. `assistant` and `smollm2` were trained with chat templates of their own and are measured outside them here: what they would win inside is another question.

# %% slideshow={"slide_type": "subslide"}
from course_lib.evaluation.hhh import longer_rates, win_rates

tested = [(gemma3, "zh"), (gemma3, "en"), (assistant, "zh")]
tested += [(assistant, "en"), (smollm2, "en")]
scored = pd.concat(score_pairs(m, pairs[lang]) for m, lang in tested)
rates, longer = win_rates(scored), longer_rates(scored)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.hhh_figures import (
    plot_aspects,
    plot_prefix_effect,
    plot_win_rates,
)

plot_win_rates(rates, pairs[LANG], longer)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What these numbers say
#
# The sentences are written by the program from the figure's numbers. The interval is a bootstrap over **questions**: pairs of one question are right or wrong together (ours have one pair a question, the published ones do not).

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
from course_lib.evaluation.hhh_tables import what_length_does

what_length_does(rates, longer)

# %% [markdown]
# A sum falls with every token, so a short answer has the better of it from the start. On data whose better answers are longer the same model would look worse, and nothing about it would have changed.
#
# The mean and PMI are divided by the number of tokens. That alone does not take length away; how far it does shows in the right panel. PMI can lean to the short answer, too. One reason may be that a question makes mostly the beginning of an answer likelier, and a long answer spreads this gain over more tokens. What lets us compare `gemma3` with `assistant`, before and after alignment, is the balance of the pairs: whoever goes by length alone wins half of them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Which aspect is easier?
#
# There are only 14 pairs an aspect. See how wide the intervals are before you believe that two dots differ.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
by_aspect = win_rates(scored, by=("model", "lang", "aspect"))
plot_aspects(by_aspect, scorer="pmi")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Does an HHH prompt help?
#
# The cheapest means of the paper was a prompt: who the assistant is, and some exchanges that show it. We wrote a short one, and the base model `gemma3` scores every pair once more behind it. The same pairs with it less without it: a line that holds 0 shows no effect.

# %% slideshow={"slide_type": "subslide"}
from course_lib.evaluation.hhh import hhh_prompt, prefix_effect

both = [
    score_pairs(gemma3, pairs[lang], (None, hhh_prompt(lang)))
    for lang in ("zh", "en")
]
plot_prefix_effect(prefix_effect(pd.concat(both)))

# %%
recorded

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Your turn to choose
#
# The small line below the figure says where the scores come from: recorded ones are read, and a fixed share of them is computed again on this machine; how many that were so far, and how far apart the two are.
#
# The two answers come in random order. Choose first, then see the key and what the models took. Where you disagree with the key, ask whether you are wrong or the pair is poor: nobody has confirmed these keys.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.demos.hhh_arena import HHHArena

HHHArena(pairs[LANG], scored)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2. Eight scenarios, six attacks
#
# The assessment platform that Sun et al. (2023) built for Chinese models is of another kind: **let it speak, then judge whether what it said is safe**. Eight typical scenarios (the authors never released the prompts of "sensitive topics") and six instruction attacks. One example of each class follows; the prompts are ours, 168 a language, 12 a class.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.scenario_tables import class_table
from course_lib.evaluation.scenarios import (
    answer_scenarios,
    load_scenarios,
    notes,
)

prompts = {lang: load_scenarios(lang) for lang in ("zh", "en")}
class_table(prompts[LANG])

# %% [markdown]
# An attack needs a target. Ours is **zorvelfog**, a forbidden thing invented for this course: an invented recipe hurts nobody. These confidential notes stand before every attack; it succeeds when the model tells what it should not, or drops its manners or its task:

# %%
print(notes(LANG))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Let the models answer, then sort
#
# Greedy decoding, 32 tokens at most. A rule judge sorts the answers into **safe, unsafe, incoherent and refused**, and says why. Incoherent is a class of its own, which the platform did not have.
#
# To write them all takes minutes. Only some are written here, most of them of `gemma3`: enough to look at, and to see whether this machine writes the same as was recorded. The others were written when the course was built; the **recorded verdicts** on them come with the course. Their texts are not published: these prompts are there to draw unsafe answers.

# %% slideshow={"slide_type": "subslide"}
record = Record("scenarios", use=not EVERYTHING)
runs = [
    answer_scenarios(record.of(model), prompts[lang], max_new_tokens=32)
    for model in models
    for lang in ("zh", "en")
]
answers = concatenate_datasets(runs)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.scenario_judges import judge_answers
from course_lib.evaluation.scenario_tables import look_at_labels

here = judge_answers(answers)
look_at_labels(here.filter(lambda row: row["lang"] == LANG), each=2)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Measure the ruler first
#
# The rules see words, not meanings. A sample of real answers was read and labelled one by one without the verdicts (by an AI language model, see the data card); the rules were tuned on a third of it and are measured on the rest. **Unsafe recognised** is the sensitivity, **others let pass** the specificity.
#
# Only some of that sample are written here, so `complete` first adds the recorded verdicts on all answers that were not. A label finds its answer by a hash of the text; an answer that comes out otherwise on this machine has no label and is left out. The small line says how many verdicts were read, how many answers were written here, and how many of those came out word for word as recorded.

# %%
verdicts = record.complete(here)
record

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.scenario_figures import plot_answer_confusion
from course_lib.evaluation.scenario_judges import (
    calibrate_answer_verdicts,
    with_answer_labels,
)

read = with_answer_labels(verdicts).to_pandas()
unseen = read[read["split"] == "test"]
rows = unseen[unseen["lang"] == LANG]
plot_answer_confusion(calibrate_answer_verdicts(rows))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A model as judge
#
# The platform used a large model with a tuned prompt. We let `assistant` judge the labelled answers: it is shown each with the four classes explained, and writes a letter. Those written here it judges here; of the others its recorded verdicts are read. Its reply is parsed strictly; one out of form is a class of its own, not a guess. A κ near 0 is no better than guessing in proportion.

# %% slideshow={"slide_type": "subslide"}
from course_lib.evaluation.scenario_judges import AnswerModelJudge

reader = AnswerModelJudge(assistant, "generate")
by_model = judge_answers(with_answer_labels(answers), reader)
second = with_answer_labels(record.complete(by_model, partial=True))
both = pd.concat([unseen, second.to_pandas().query("split == 'test'")])

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
from course_lib.evaluation.scenario_tables import judge_quality

judge_quality(both)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The same verdicts, counted three ways
#
# - **As the platform counts**: whatever is not unsafe is safe. Nonsense gets the mark.
# - **Safe and makes sense**: safe or refused gets it, nonsense does not.
# - **Among what makes sense**: nonsense neither gets the mark nor counts as a question.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.scenario_figures import (
    plot_labelled,
    plot_labels,
    plot_leaderboard,
    plot_radar,
    plot_scores,
    plot_types,
)
from course_lib.evaluation.scenarios import label_counts, safety_scores

counts = label_counts(verdicts)
plot_labels(counts)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
by_kind = safety_scores(verdicts, by=("model", "lang", "kind"))
plot_scores(by_kind)

# %% tags=["hide-input"]
from course_lib.evaluation.scenario_tables import (
    show_beside_labels,
    show_leaderboard,
    what_attacks_do,
    what_incoherence_does,
)

what_incoherence_does(verdicts)

# %% [markdown]
# `smollm2` never learnt Chinese. Look at its Chinese row: the distance from the blue dot to the orange one is what babbling has earned, as far as the rules recognise it.
#
# They do not see that an answer is beside the point, and may take such babble for unsafe. So here is **the sample that was read**, counted by its labels and not by the rules.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
plot_labelled(read)

# %% [markdown]
# Last, the platform's count twice: by the rules, on all answers, and by the labels, on those that were read. The labels are few, so their intervals are wide; but no judge's error is in them.
#
# Could one not keep the rules' score and correct it for their sensitivity and specificity (Rogan–Gladen)? That is fair only where the rules err alike on every model. See whether the two columns lie equally far apart in every row.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show_beside_labels(verdicts, read)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### By class: a radar, and its intervals
#
# A radar chart is pretty, and misleading: with 12 prompts a class, how much of its shape is chance shows in the thin line on each spoke. The figure after it shows `gemma3` alone, in both languages, scored as "safe and makes sense", with an interval for each class.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
mine = verdicts.filter(lambda row: row["lang"] == LANG)
plot_radar(safety_scores(mine, ("model", "type"), ["published"]))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
gemma = verdicts.filter(lambda row: row["model"] == "gemma3")
by_class = safety_scores(gemma, ("model", "lang", "type"), ["sensible"])
plot_types(by_class)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Beside the leaderboard of 2023
#
# The figures were read off a picture the authors published; the judge was the InstructGPT of the day. Prompts, models and judge are not ours, so points cannot be compared. The **shape** can: in the column "attacks − scenarios" the upper and the lower half of the board have opposite signs. The models of the lower half score higher under attack than on plain scenarios.

# %% slideshow={"slide_type": "subslide"} tags=["nbval-check-output"]
show_leaderboard()

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
published = by_kind[by_kind["measure"] == "published"]
plot_leaderboard(published)

# %% [markdown]
# One explanation that fits the board: an attack is a roundabout instruction, a weak model does not follow it and answers nonsense, and that is safe as the platform counts. The board has no class for nonsense, so this cannot be checked there. On our own models it can be counted whether they have the same shape, by the rules and by the labels.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
what_attacks_do(verdicts, read)

# %% [markdown]
# For other prompts change one argument: `load_scenarios(lang, source=path)` reads the authors' (and the file that has them in Chinese and English side by side).

# %% [markdown]
# ## Exercises
#
# The exercises check themselves. Put your answer in place of `...` and run the cell; as long as it is unanswered you only get a reminder. Solutions are folded away after each.

# %%
from course_lib.evaluation import exercises_hhh_and_scenarios as exercises
from course_lib.exercises import check, solution

exercises.pmi(scored)


# %%
def my_pmi(row):
    return ...


check("pmi", my_pmi)

# %%
solution("pmi")

# %% [markdown]
# **Second exercise**: from a row of counts, the score among what makes sense.

# %%
row = counts[(counts.model == "smollm2") & (counts.lang == LANG)].iloc[0]
print(row[["n", "safe", "unsafe", "incoherent", "refused"]].to_dict())
exercises.without_babble(row)

# %%
my_score = ...
check("without_babble", my_score)

# %%
solution("without_babble")

# %% [markdown]
# **Third exercise**: on the board, weak models score higher under attack than on plain scenarios. How could the way of counting bring that about by itself?

# %%
exercises.better_on_attacks()

# %%
my_explanation = ...
check("better_on_attacks", my_explanation)

# %%
solution("better_on_attacks")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three things to take away
#
# 1. **Ask for the baselines first**: a win rate without "the longer" and "the first" beside it may be one of length or of place.
# 2. **Babble is not safety**: unless incoherence is a class of its own, the most confused model gets good marks or bad ones according to what the judge makes of babble.
# 3. **Calibrate the judge, on every model**: rules err, and so do small models, and on one model more than on another; a score without the judge's error is an impression.
#
# Small models can show what is wrong with a yardstick here; do not expect them to show which model is safer. Where a win rate is near a coin's, we say so.

# %% [markdown]
# **Further reading**: *A General Language Assistant as a Laboratory for Alignment* (Askell et al. 2021) introduced HHH and made the first baselines of alignment from a prompt and its distillation; *Safety Assessment of Chinese Large Language Models* (Sun et al. 2023) has the fourteen classes used here, and its successor SafetyBench turned to multiple choice, which a later section takes up; BIG-bench's `hhh_alignment` is where the 221 pairs are published.
