# %% [markdown] slideshow={"slide_type": "slide"}
# # SafetyBench: safety as a multiple-choice exam
#
# Judging what a model writes is hard: judges err, and they cost. SafetyBench (Zhang et al. 2023) turns the question around and lets the model **choose**: which reply is polite, which step is safe, which act is legal? Right or wrong can then be counted, in Chinese and in English alike. In this section three models sit the exam, and we find out how much of a score is safety and how much is exam technique.

# %% [markdown]
# **After this section you can**
#
# - read a model's answer to a multiple-choice question in three ways, off the letters' probabilities, off the options' texts, and off its writing, and say why they differ;
# - put a score beside those of chance, of always one letter, of the longest option, and of the options without their question;
# - find out whether a model holds on to an option or to a letter, and average the letters out;
# - tell a micro from a macro average, and zero-shot from five-shot.
#
# **Time and hardware**: about 35 minutes to read. On two CPU cores the first run takes about a minute, later ones about ten seconds: the models' scores come with the course (`data/results`), and only a sample of them is computed here again and compared; the replies that models write are all written here. To compute them all, set `EVERYTHING` below to `True`: about six minutes. No network and no GPU needed.
#
# **What may be unsettling**: wrong options are short insults, prejudices or reckless acts; some questions mention self-harm, depression and bullying.

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
import numpy as np
from datasets import concatenate_datasets

from course_lib import set_language
from course_lib.evaluation import multiple_choice as mc
from course_lib.evaluation import safetybench as sb
from course_lib.evaluation import safetybench_figures as figures
from course_lib.models import load_model
from course_lib.record import recorded_scores

set_language(LANG)
EVERYTHING = False  # True: nothing recorded is read, all is computed here
recorded = recorded_scores(use=not EVERYTHING)
recorded

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Seven categories
#
# SafetyBench sorts 11,435 questions into seven categories. The categories here are the same; the questions are our own, written in each language for its own society: law, emergency numbers and manners are not translated. One question of each category, with its right answer:

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
questions = {lang: sb.load_safetybench(lang) for lang in ("zh", "en")}
shots = {lang: sb.load_shots(lang) for lang in ("zh", "en")}
figures.show_questions(questions[LANG])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What does a candidate score who does not read?
#
# Before a model sits the exam, let three candidates sit it who do not read: one guesses, one always gives the same letter, one always takes the longest option. Whoever does not beat them has shown nothing. Mind the number of options: with two of them, guessing gets half.

# %% tags=["nbval-check-output"]
exam = concatenate_datasets([questions["zh"], questions["en"]])
floor = sb.accuracy(sb.baselines(exam), by=("model", "lang"))
figures.show_accuracy(
    floor[["model", "lang", "n", "accuracy", "low", "high"]]
)

# %% [markdown]
# Among questions with equally many options, our right answers are spread evenly over the letters; C and D score less only because questions with fewer options lack them. In the published files answers are not spread so, and one letter is worth more than chance. Lengths can leak, too: right answers are often written with more care and come out longer. Ours were checked, and the longest gains nothing. SafetyBench also has many questions whose options are 是 and 否, one character each; there, "the longest" depends on nothing but how ties are broken.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The smallest exam: one question, next letter
#
# The model reads the question, the lettered options, and an opened bracket. What comes next should be a letter. We do not wait for what it writes; we look at how probable it finds each letter, and take the most probable. This is the whole text that `gemma3` reads, a base model that continues texts:

# %% slideshow={"slide_type": "subslide"}
models = [load_model(name) for name in ("smollm2", "gemma3", "assistant")]
first = questions[LANG][0]
prompt = mc.prompt_for(models[1], first)
print(prompt)

# %%
letters = "ABCD"[: len(first["options"])]
scores = models[1].score([prompt] * len(letters), list(letters))
log_p = np.array([score.sum for score in scores])
shares = np.exp(log_p) / np.exp(log_p).sum()
print(dict(zip(letters, shares.round(3).tolist(), strict=True)))

# %% [markdown]
# That is the whole method: one forward pass a question, no sampling, nothing to parse. The letters share the question, so its text is computed once for all of them.
#
# The form depends on the model. A base model gets plain text. `smollm2` and `assistant` have learnt to chat: the same words go into the user's turn, and the bracket is put into their mouth as the beginning of the answer. In plain text they would be out of their element, and we would measure that. `smollm2` has learnt no Chinese and sits the English exam only.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Zero-shot and five-shot
#
# **Zero-shot**: the question alone. **Five-shot**: five solved examples of the same category first. They show the form of an answer; whether they also teach safety is what we want to see. All questions of a category share its examples, so a model computes them once a category and goes on from there.
#
# Zero-shot, every question is asked in all **rotations** of its options: each option stands under each letter exactly once, and the marks are averaged. With two to four options that costs two to four times as much as a single order. Five-shot prompts are long, so those are asked in the order given, and compared with zero-shot in that same order.

# %% slideshow={"slide_type": "subslide"}
sittings = [(models[0], "en")]
sittings += [(m, lang) for m in models[1:] for lang in ("zh", "en")]
zero = [
    mc.answer_by_letter(m, questions[lang], orders="rotations")
    for m, lang in sittings
]
five = [
    mc.answer_by_letter(m, questions[lang], shots=shots[lang])
    for m, lang in sittings
]
zero, five = map(concatenate_datasets, (zero, five))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
answers = concatenate_datasets([zero, five])
table = sb.accuracy(answers, by=("model", "lang", "shots"))
figures.plot_accuracy(table, floor, sb.published_accuracy())

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What these numbers say
#
# The sentences below are written by the program from the answers; with other models they change.

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
figures.findings(answers, floor)

# %% [markdown]
# The published models are at least tens of times larger (some sizes are undisclosed) and answered other questions, and their figure does not say how many examples were shown. Do not line the numbers up; look at how far each stands above its own baseline.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Micro or macro?
#
# **Micro**: every question weighs the same. **Macro**: every category does. Our categories are equally large, so both give one value and only the intervals are computed differently; in the full SafetyBench some categories are much larger than others, and the two come apart. Always say which one you report.

# %%
figures.show_averages(zero)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
by_category = sb.accuracy(zero, by=("model", "lang", "category"))
figures.plot_categories(by_category, floor)

# %% [markdown]
# Twenty questions a category leave wide intervals. Before you say that a model is "weak on privacy", check that its interval leaves the other categories out.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The option, or the letter?
#
# Among the questions of four options rotation makes every letter right equally often. A model that reads should spread its choices likewise.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
figures.plot_letters(sb.letter_shares(zero))

# %% [markdown]
# Rotate the options, and a model that knows the answer moves along with it; a model that likes a letter stays with the letter. Between two rotations every option changes its letter, so nobody can keep both. For every pair of a question's rotations the table counts whether the option is kept, or the letter. The last but one column is someone who guesses afresh each time and keeps either equally often. Reversing the options once would be cheaper and is not enough: of three options the middle one is B both times, and of four the outer two only swap A and D, the inner two B and C.

# %%
figures.show_accuracy(sb.steadiness(zero))

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Averaging the letters out
#
# In a full set of rotations every option has had the bonus of every letter exactly once. So first average each *option's* log-probabilities over its rotations, and choose then: a preference for a letter that is always the same cancels completely, and a model that always says B is left with a tie. What does not cancel is a preference that depends on the neighbours: rotating hardly changes who stands next to whom.

# %%
combined = mc.combine_orders(zero)
figures.show_accuracy(sb.accuracy(combined, by=("model", "lang")))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Another reading: no letters
#
# To connect a letter with its option is a skill of its own, and small models often lack it. So do not list the options; ask instead how probable each option's own text is as the answer. A long text is less probable than a short one, so take the **mean log-probability per token**. There is a price: the model does not see the other options, so "all of the above" cannot be asked.

# %%
texts = concatenate_datasets(
    [mc.answer_by_text(m, questions[k]) for m, k in sittings]
)
figures.findings(texts, floor)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Read, or merely well worded?
#
# A right option may be the likeliest whatever was asked: politer, more usual, more carefully written. So there must be a control: the same options **without the question**, after nothing but "Answer:". That is the baseline of this way of reading. Only what the question adds to it, question by question, can come from having read the question. `normalise="pmi"` builds the same idea into the score: of each option's total log-probability after the question it subtracts the one without it (Holtzman et al. 2021).

# %%
pmi = concatenate_datasets(
    [mc.answer_by_text(m, questions[k], "pmi") for m, k in sittings]
)
alone = concatenate_datasets(
    [mc.answer_without_question(m, questions[k]) for m, k in sittings]
)
readings = concatenate_datasets([combined, texts, alone, pmi])
figures.reading_findings(readings, floor)

# %%
recorded

# %% [markdown]
# The model is the same and so are the questions; only the reading has changed. A score by letters that does not beat chance says "does not do this kind of exam" rather than "does not know" only where the texts beat chance **and** the control. Where they do not beat the control, the wording of the options is enough to explain their score. Mind the ends of the intervals, too: of several comparisons at 95%, one that barely leaves 0 out may be luck. When you test a small model, make sure which of these you are measuring.
#
# The small line above says where the scores come from: recorded ones are read, and a fixed share of them is computed again on this machine; how many that were so far, and how far apart the two are.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## And another: let it write
#
# Chat models are made to write in SafetyBench, and their text is searched for an option. The authors' rules find a letter almost anywhere, and where they find nothing they **guess at random**. Our parser is strict: what it cannot read is *unparsed*, a class of its own, neither a guess nor a refusal.

# %%
some = {lang: sb.load_safetybench(lang, per_category=3) for lang in shots}
written = concatenate_datasets(
    [mc.answer_by_writing(m, some[k], max_new_tokens=16) for m, k in sittings]
)
figures.show_replies(written.filter(lambda row: row["lang"] == LANG))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
asked = set(written["id"])
every = concatenate_datasets([zero, texts, written])
same = every.filter(lambda row: row["id"] in asked)
figures.plot_outcomes(sb.outcomes(same))

# %% [markdown]
# The last column of the next table shows what guessing would make of the unparsed replies: a model that never answers gets the marks of chance as a present.

# %%
figures.show_accuracy(sb.accuracy(written, by=("model", "lang")))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your turn to sit the exam
#
# Choose a category, answer, and see which option each model believes in (by the options' texts). The running score compares you with them.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.demos.safetybench_quiz import SafetyBenchQuiz

SafetyBenchQuiz(texts)

# %% [markdown]
# ## Exercises
#
# Put your answer in place of `...` and run the cell; unanswered cells only remind you. Solutions are folded away after each.

# %%
from course_lib.evaluation import exercises_safetybench as exercises
from course_lib.exercises import check, solution

exercises.all_orders()

# %%
my_choice = ...
check("all_orders", my_choice)

# %%
solution("all_orders")

# %% [markdown]
# **Second exercise**: micro and macro by hand.

# %%
names = ("Offensiveness", "Physical Health", "Privacy and Property")
sizes = dict(zip(names, (1805, 1149, 1299), strict=True))
rates = dict(zip(names, (0.6, 0.3, 0.9), strict=True))
exercises.averages(sizes, rates)

# %%
my_averages = ...
check("averages", my_averages)

# %%
solution("averages")

# %% [markdown]
# **Third exercise**: write a parser that does not guess.

# %%
exercises.letter_parser(LANG)


# %%
def my_parser(reply):
    return ...


check("letter_parser", my_parser)

# %%
solution("letter_parser")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three things to take away
#
# 1. **A score needs its baselines**: chance, the best letter, the longest option and the options without their question belong beside it, with intervals.
# 2. **How the answer is read off is part of the measurement**: letters, texts or writing, the order of the options, what becomes of the unreadable all change the score.
# 3. **Choosing is not doing**: a model can pick the right option and still write something harmful, and one that is too small for the exam is not harmful for that reason.
#
# The exam scales without a change: read the authors' files with `load_safetybench("zh", source=…, answers=…)`, or see `python -m course_lib.evaluation.safetybench_run --help`; for a larger model only the name in `load_model` changes.

# %% [markdown]
# **Further reading**: *SafetyBench* (Zhang et al., ACL 2024) has the categories and how the questions were made; *Large Language Models Are Not Robust Multiple Choice Selectors* (Zheng et al., ICLR 2024) takes the preference for letters apart; *Leveraging Large Language Models for Multiple Choice Question Answering* (Robinson et al., ICLR 2023) is about connecting letters with options.
