# %% [markdown] slideshow={"slide_type": "slide"}
# # Bias: in words, in sentences, in what is written
#
# Measure one model by its words, by its sentences and by what it writes, and "bias" can look three different ways. This section takes five common rulers in hand: the word embedding association test WEAT (Caliskan et al. 2017), StereoSet (Nadeem et al. 2020), CrowS-Pairs (Nangia et al. 2020), the question test BBQ (Parrish et al. 2022), and scores for what a model goes on to write. Each ruler is itself examined first.

# %% [markdown]
# **After this section you can**
#
# - compute WEAT's effect size yourself, and tell two uncertainties apart: is this division a coincidence, and would other words have shown the same;
# - score StereoSet by likelihood, say what lms, ss and icat are, and why ss alone deceives;
# - see what is wrong with a test item: unequal lengths, ties, slips, sentences that are not about people at all;
# - tell the bias of a guess, where the text does not say, from the bias of an answer, where it does;
# - say what each ruler cannot measure.
#
# **Time and hardware**: about 60 minutes to read. On two CPU cores the first run takes about a minute, later ones about ten seconds: the models' scores and those of most continuations come with the course (`data/results`), the rest is computed here. To compute everything, set `EVERYTHING` below to `True`: about six minutes. No network and no GPU needed.
#
# **What may be unsettling**: the items are everyday stereotypes (of gender, jobs, regions, age, wealth), without insults. They stand here to be measured, not because they are true.

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
import pandas as pd
from datasets import concatenate_datasets

from course_lib import set_language
from course_lib.models import load_model
from course_lib.record import Record, recorded_scores

set_language(LANG)
EVERYTHING = False  # True: nothing recorded is read, all is computed here
recorded = recorded_scores(use=not EVERYTHING)
recorded

# %%
models = [load_model(name) for name in ("smollm2", "gemma3", "assistant")]
smollm2, gemma3, assistant = models

# %% [markdown] slideshow={"slide_type": "slide"}
# ## First ruler: words
#
# Psychology has the **implicit association test**: people press the key fast when "flower" and "pleasant" belong together, and slow down when "insect" and "pleasant" do. Caliskan et al. asked whether word vectors know such distances too.
#
# It takes four sets of words: targets X and Y (say, male and female names), attributes A and B (say, career and family). The lists were written for this course, each language for itself. "Flowers and insects" is the control: it is about no group of people.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.bias_tables import show_sets
from course_lib.evaluation.word_sets import load_word_tests, words_of

tests = {lang: load_word_tests(lang) for lang in ("zh", "en")}
test = tests[LANG]["gender_career"]
show_sets(test)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The whole method in a few lines
#
# The **association** s(w) of a word is its mean cosine with the words of A, minus that with the words of B. The **effect size** d is the difference between the mean associations of X and Y, over the standard deviation of X and Y together. Positive means that X leans towards A more than Y does; in the tests about people that is the direction of the stereotype. The vectors are the input embeddings of `gemma3`.

# %% slideshow={"slide_type": "subslide"}
from course_lib.evaluation.weat import cosines
from course_lib.evaluation.word_vectors import input_embeddings

x, y, a, b = test.sets.values()
vectors = input_embeddings(gemma3, test.words)
s_x = cosines(vectors, x, a).mean(1) - cosines(vectors, x, b).mean(1)
s_y = cosines(vectors, y, a).mean(1) - cosines(vectors, y, b).mean(1)
d = (s_x.mean() - s_y.mean()) / np.concatenate([s_x, s_y]).std(ddof=1)
round(float(d), 2)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.weat import word_associations
from course_lib.evaluation.weat_figures import plot_associations, plot_effects

plot_associations(word_associations(vectors, test), list(test.attributes))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Two kinds of uncertainty
#
# The **permutation test** divides the words of X and Y anew at random and counts how many divisions differ at least as much: a small p says that a random one seldom does. But it takes the lists as given. Would other words, just as fitting, have shown the same? The **bootstrap interval** draws the words of all four sets anew, many times, and answers that. A small p beside a wide interval is common.
#
# `smollm2` knows English only and is tested in it alone.

# %%
from course_lib.evaluation.weat import readable, weat_effects

effects = pd.concat(
    weat_effects(
        input_embeddings(model, words_of(tests[lang])), tests[lang]
    ).assign(vectors=model.name, lang=lang)
    for model, lang in ((gemma3, "zh"), (gemma3, "en"), (smollm2, "en"))
)
unused = ["lang", "missing", "trimmed"]
readable(effects[effects.lang == LANG].drop(columns=unused))

# %% [markdown]
# The input embedding is the table a model looks a token up in, before it has seen any context. Put the word into a sentence and take the state of the last layer, and you have a **contextual vector**. Three of the tests are repeated with those, each word averaged over two neutral sentences; the figure gives them with the number of the layer. Look at the control first: where vectors do not even tell flowers from insects, do not believe what they say of the rest.

# %%
from course_lib.evaluation.word_sets import load_contexts
from course_lib.evaluation.word_vectors import contextual_vectors

in_context = []
for lang in ("zh", "en"):
    names = ("flowers_insects", "gender_career", "gender_science")
    few = [tests[lang][name] for name in names]
    sentences = load_contexts(lang)[:2]
    layers = contextual_vectors(gemma3, words_of(few), sentences)
    table = weat_effects(layers[-1], few)
    label = f"gemma3 · {len(layers) - 1}"
    in_context.append(table.assign(vectors=label, lang=lang))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
everything = pd.concat([effects, *in_context])
plot_effects(everything, hue="vectors")

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.bias_tables import word_findings

word_findings(everything)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Beside the published figures
#
# The paper computed ten tests on two large sets of word vectors, beside what psychology had found with people. Our lists are not the paper's, so single values cannot be compared; with the paper's own lists and word2vec vectors, the course's automatic tests check six of them, and its code gives the paper's figures. Nor should the column for people be compared with those for vectors: there the units are people, here they are words.

# %% slideshow={"slide_type": "subslide"} tags=["nbval-check-output", "hide-input"]
from course_lib.evaluation.bias_tables import show_published_words

show_published_words()

# %% [markdown]
# If you have word vectors of word2vec, fastText or GloVe in text form, put the path into `MY_FILE` to run the same test on them; without one, the cell goes on using the vectors of `gemma3` from above.

# %%
from course_lib.evaluation.word_vectors import read_vectors

MY_FILE = ""  # the path of word vectors in text form, also .gz or .bz2
own = read_vectors(MY_FILE, test.words) if MY_FILE else vectors
readable(weat_effects(own, test).drop(columns="trimmed"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Your turn: move a few words
#
# Choose some words, move them to another set or put them aside, and watch the effect and its interval. Add a word of your own. If moving one or two words changes the conclusion, it rested on those words and not on the model's "bias".

# %% tags=["hide-input"]
from course_lib.demos.weat_words import WeatWordsDemo

WeatWordsDemo(gemma3, test)

# %% [markdown]
# **What WEAT cannot measure**: distances between vectors are not behaviour. An association in the vectors need not show in an answer, and the other way round. |d| ends near 2, and tests with sets of different sizes cannot be compared. How a word is cut into tokens, and which words share one, changes distances too, and has nothing to do with bias.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Second ruler: sentences
#
# StereoSet asks a language model about its own trade: which is likelier to come next? Each cluster has a context and three options: one with the stereotype, one against it, one unrelated. **Intrasentence** options differ in a word, **intersentence** ones are whole sentences.
#
# The clusters were written for this course. Chinese stereotypes are not American ones, so neither side is a translation.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.bias_tables import show_clusters
from course_lib.evaluation.stereoset import load_stereoset

clusters = {lang: load_stereoset(lang) for lang in ("zh", "en")}
show_clusters(clusters[LANG])

# %% [markdown] slideshow={"slide_type": "slide"}
# ### How one cluster is scored
#
# The model gives each token a probability; the log-probabilities add up to that of the whole text. The longer a sentence, the smaller the sum, so for GPT-2 and the intrasentence clusters the paper takes the **mean a token**; for the intersentence ones it trained a next-sentence head instead, where we keep to the mean. Compare three means and the cluster is scored: is the stereotype likelier than its opposite? Are the two related options likelier than the unrelated one?

# %% slideshow={"slide_type": "subslide"}
from course_lib.evaluation.bias_tables import show_likelihoods
from course_lib.evaluation.stereoset import likelihoods

show_likelihoods(likelihoods(gemma3, clusters[LANG].select([2])))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Three numbers
#
# - **lms** (language score): how often a related option beats the unrelated one; 100 is best.
# - **ss** (stereotype score): how often the stereotype beats its opposite; **50 is ideal**.
# - **icat** = lms × min(ss, 100 − ss) / 50: knows the language, and leans to neither side.
#
# Means are taken within each group of people first and then over the groups, so that none counts more for having more clusters. The intervals draw groups, and clusters within them, anew. `smollm2` knows no Chinese and is given the Chinese clusters all the same: what does a model score that does not understand?

# %% slideshow={"slide_type": "subslide"}
from course_lib.evaluation import stereoset
from course_lib.evaluation.stereoset import stereoset_scores

scored = concatenate_datasets(
    [
        likelihoods(model, clusters[lang])
        for model in models
        for lang in ("zh", "en")
    ]
)
scores = stereoset_scores(scored)
stereoset.readable(scores)

# %% [markdown]
# In grey, the models the paper tested (GPT-2, BERT and others, 2020, its English clusters). Other clusters, so levels cannot be compared; what can be seen is the shape: from the small GPT-2 to the large one, the language score rises and the stereotype score rises with it.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.stereoset import published_scores
from course_lib.evaluation.stereoset_figures import plot_scores

published = published_scores()
plot_scores(scores, published[published.form == "all"])

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.bias_tables import guessing_findings

guessing_findings(scores)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Ties and lengths: a score without reading
#
# A rule that looks at length alone, "the shorter the better", has an ss above 50 on the published intersentence clusters, because there the stereotype is more often the short one. In our own clusters the three options are of one length (in words; in Chinese, in characters) to stop that hole. Counted in letters, English options still differ; the first table shows whether they lean to one side.
#
# In Chinese the rule meets ties only (second table), and so shows what the official code does with a tie: the stereotype has not been preferred, and the unrelated option has not been beaten. A rule that knows nothing gets 0 for that, not 50.
#
# The last table: the same likelihoods, compared by the mean a token and by whole sums.

# %% slideshow={"slide_type": "subslide"} tags=["nbval-check-output", "hide-input"]
from course_lib.evaluation.stereoset import length_table, shortest

stereoset.readable(length_table(clusters["en"]))

# %% slideshow={"slide_type": "subslide"} tags=["nbval-check-output"]
rules = [
    stereoset_scores(shortest(clusters[lang]), ties=ties).assign(ties_as=ties)
    for lang in ("zh", "en")
    for ties in ("official", "half")
]
stereoset.readable(pd.concat(rules))

# %% slideshow={"slide_type": "subslide"}
ways = [
    stereoset_scores(scored, normalise=way).assign(normalise=way)
    for way in ("mean", "sum")
]
both = pd.concat(ways)
stereoset.readable(both[both.lang == LANG].drop(columns="lang"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Take the context away
#
# Perhaps the stereotype is simply the more ordinary sentence? "She baked a pie" is commoner than "she beat us at video games", whoever she is. The test is easy: score the intersentence options once more **without their context**, when it mostly cannot be known which group they are about (a "she" or a "Dad" still tells something). Each cluster is scored with and without its context and the two are **subtracted cluster by cluster**. Where the interval of the change is wholly below 0, a part of ss is about the group; where it holds 0, prejudice cannot be told from an ordinary sentence.

# %%
from course_lib.evaluation.stereoset import without_context

alone = concatenate_datasets(
    [
        likelihoods(model, without_context(clusters[lang]))
        for model in models
        for lang in ("zh", "en")
    ]
)

# %% slideshow={"slide_type": "subslide"}
from course_lib.evaluation.bias_tables import show_context

show_context(scored, alone)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### What is wrong with items themselves
#
# Blodgett et al. (2021) read StereoSet and CrowS-Pairs item by item and found many that do not measure bias: one about "Norway" was about salmon. The seven clusters below were written **bad on purpose** after their list, one for each defect. Cover the last column and look for it yourself.

# %% slideshow={"slide_type": "subslide"} tags=["nbval-check-output", "hide-input"]
from course_lib.evaluation.bias_tables import show_defects

show_defects(LANG)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Third ruler: pairs of sentences
#
# CrowS-Pairs is simpler: two sentences differ only in the group they name; which is likelier? The paper compares the words that both **share**: how likely is the rest given "women", and given "men"? How common the word "women" is itself then does not count. Comparing whole sentences lets it in.
#
# The paper tests masked models: each shared word is hidden in turn and guessed from both sides. Ours read from left to right, so the group can move only the words behind it, which is why our pairs name it near the beginning. The paper's figures are therefore not comparable with ours.
#
# In our pairs both groups take turns at being the stereotyped one, equally often: a model that merely likes one word better scores exactly 50 % by whole sentences too.

# %%
from course_lib.evaluation import crows_pairs

pairs = {lang: crows_pairs.load_pairs(lang) for lang in ("zh", "en")}
paired = concatenate_datasets(
    [
        crows_pairs.pair_likelihoods(model, pairs[lang])
        for model in models
        for lang in ("zh", "en")
    ]
)

# %% slideshow={"slide_type": "subslide"}
rates = [
    crows_pairs.pair_rates(paired, measure=way).assign(measure=way)
    for way in ("shared", "sentence")
]
crows_pairs.readable(pd.concat(rates))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.stereoset_figures import plot_preferences

plot_preferences(scores, crows_pairs.pair_rates(paired))

# %% [markdown]
# ### Do the two rulers agree?
#
# The program writes these sentences from the two tables.

# %% tags=["hide-input"]
from course_lib.evaluation.bias_tables import sentence_findings

sentence_findings(scores, paired)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Fourth ruler: questions
#
# BBQ asks outright: "Who did it?" Each template speaks of two people of two groups. The **ambiguous** context does not say who, and "cannot be determined" is right; the **disambiguated** one does. Each is asked about in two ways, for the bad thing and for its opposite: four questions in all.
#
# That separates two kinds of bias: whom a model suspects when it does not know, and whether prejudice makes it err when it does. The questions were written for this course, each language for itself.

# %% slideshow={"slide_type": "subslide"} tags=["nbval-check-output", "hide-input"]
from course_lib.evaluation.bbq_figures import show_item

show_item(LANG)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Two scores, counted in two ways
#
# - **s_DIS**: in disambiguated contexts, the share of answers naming somebody that agree with the stereotype, stretched to −1 to 1.
# - **s_AMB**: the same in ambiguous contexts, times (1 − accuracy): the more often a model honestly says "cannot be determined", the less a bias can show.
#
# CBBQ, the Chinese set in BBQ's form, counts from 0 to 1, lower is better. **S_amb** is the share of all ambiguous questions that are answered with the stereotype. **S_disamb** is that share among the disambiguated answers that name somebody. In CBBQ's own stories the truth always contradicts the stereotype, so that 0 there means all right. In ours half of the stories agree with it, so all right gives one half: each score needs its own questions.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### First, stop the hole of position
#
# In the published CBBQ the right answer to an ambiguous question is **always the third option**: pick C with closed eyes and be perfect. So the options are shuffled first. No model stands behind the rows below, only rules, to show what each score looks like at its ends and in the middle: always with the stereotype, always against it, always right, always "unknown", the longest option, a random guess, always C. The last two rows answer two categories of the published CBBQ with C, in the published order and shuffled; where its right answers stand was counted by us.

# %%
from course_lib.evaluation import bbq

asked = {
    lang: bbq.shuffle_options(bbq.load_bbq(lang)) for lang in ("zh", "en")
}
by_rule = [bbq.choose_by(asked[LANG], rule) for rule in bbq.RULES]
by_rule.append(bbq.choose_always(asked[LANG], "C"))

# %% slideshow={"slide_type": "subslide"} tags=["nbval-check-output", "hide-input"]
from course_lib.evaluation.bbq_figures import show_rules

show_rules(pd.concat(by_rule))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Ask the models, in two ways
#
# - **By letter**: the options are listed, and the likeliest of A, B and C is the answer. The text printed below is all that a model reads.
# - **By the text of the options**: no option is shown; after "Answer:" the one whose words are likeliest (mean a token) is the answer. A small model may be lost with letters, and here it needs none. But common words, and words just read, win easily. Hence a control: the same options with **neither context nor question** before them.
#
# `smollm2` is asked in English only.

# %% slideshow={"slide_type": "subslide"}
print(bbq.prompt_text(asked[LANG].iloc[0]))
readers = [(smollm2, "en")]
readers += [(m, lang) for m in (gemma3, assistant) for lang in ("zh", "en")]
choices = pd.concat(
    bbq.ask(model, asked[lang], way)
    for model, lang in readers
    for way in bbq.PROMPTS
)
answered = bbq.bias_scores(choices, by=["model", "lang", "prompt"])

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.bbq_figures import plot_bbq_accuracy, show_scores

plot_bbq_accuracy(answered)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show_scores(answered[answered.lang == LANG].drop(columns="lang"))

# %% [markdown]
# Accuracy first, bias score second. But what does guessing get? A blind letter is right one time in three. A model that never says "unknown" and names one of the two people without reading is right **one time in two** where the text tells: well above a third, and still nothing read. So the table also looks at the answers that name somebody and asks how many name the right one; a coin has half.
#
# A model that has not read has bias scores near 0, because the options were shuffled and the stories balanced. That is not fairness, and what departs from 0 is mostly chance.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.evaluation.bias_tables import question_findings

question_findings(answered)

# %%
recorded

# %% [markdown]
# The small line above says where the scores come from: recorded ones are read, and a fixed share of them is computed again on this machine; how many that were so far, and how far apart the two are.
#
# Published figures: Shaikh et al. (2023) measured how often three large models of 2022 said "unknown" to ambiguous English BBQ questions (higher is better). See which rise with "step by step", and which fall.

# %% slideshow={"slide_type": "subslide"} tags=["nbval-check-output", "hide-input"]
from course_lib.evaluation.bbq_figures import show_published

show_published()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Fifth ruler: what is written
#
# None of the four rulers let the model write a single word. The survey of Gallegos et al. sorts measures of bias into three families: embeddings, probabilities, and **generated text**. The last is nearest to what a user sees: one beginning, another group, and how does it go on?

# %% slideshow={"slide_type": "subslide"} tags=["nbval-check-output", "hide-input"]
from course_lib.evaluation import generated_bias as generated
from course_lib.evaluation import generated_bias_figures as shown

domains = ("gender", "age", "place")
openings = {
    lang: generated.load_regard_prompts(lang, domains)
    for lang in ("zh", "en")
}
shown.show_prompts(openings[LANG])

# %% [markdown] slideshow={"slide_type": "slide"}
# ### How often the scorer errs
#
# Continuations get two scores: **toxicity** (would it drive somebody out of a conversation) and **regard** (does it speak well or ill of the person). The scorers are small classifiers trained by this course, offline, for both languages; beside them a baseline that knows a word list and nothing else. Both err a good deal. Below are their errors on sentences of ours that the classifier had not seen, and on texts like those it is used for: continuations, labelled one by one. The last column compares the two on the same texts, and the line under each table says what comes of it.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.judges.toxicity import show_error

show_error("regard")

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show_error("toxicity")

# %% [markdown]
# The scorer has prejudices of its own: put a group's name in the place of "the person", change nothing else, and its score moves. The figure shows how far. That is why, before anything is scored, the group's name and "he" or "she" are replaced by neutral words; otherwise the scorer's prejudice would be charged to the model.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
shown.plot_shift(generated.scorer_shift(LANG))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Let the models go on
#
# Every beginning is continued once for each group, by 20 tokens at most. Continuations scored as toxic are not shown.
#
# To write them all takes two minutes, so here every model continues three beginnings; of the other continuations the recorded scores are read.
#
# The figure then gives, group by group, how many continuations are scored negative, positive and toxic. A share is corrected for the scorer's error only where enough labelled continuations are of that kind; otherwise it is not known how many the scorer misses.

# %%
record = Record("continuations", use=not EVERYTHING)
written = pd.concat(
    generated.continue_prompts(record.of(model), openings[lang])
    for model, lang in readers
)
here = generated.score_generations(written)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
shown.look_at(here[(here.model == "gemma3") & (here.lang == LANG)])

# %%
judged = record.complete(here)
record

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
mine = judged[judged.lang == LANG]
shown.plot_shares(generated.group_rates(mine))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Counterfactual gaps
#
# Every group has the same beginnings, but beginnings differ so much among themselves that shares alone hide small differences between groups. The **counterfactual gap** subtracts within pairs, two groups after one beginning, so that the beginning cancels out: once for the regard score, once for toxicity. p comes from flipping signs within pairs; with many comparisons it has to be adjusted (Holm), over both scores together.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
gaps = generated.counterfactual_gaps(judged, measure=generated.MEASURES)
shown.plot_gaps(gaps[gaps.lang == LANG])

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
from course_lib.evaluation.bias_tables import gap_findings

gap_findings(gaps)

# %% [markdown]
# No significant gap does not mean no gap: there are two dozen beginnings a group, each continued once, and the scorer errs, so a small difference drowns. To see one takes more beginnings, more continuations and a better scorer.

# %% [markdown]
# ## Exercises
#
# The exercises check themselves. Put your answer in place of `...` and run the cell; as long as it is unanswered you only get a reminder. Solutions are folded away after each.

# %%
from course_lib.evaluation import exercises_bias
from course_lib.exercises import check, solution

exercises_bias.even_score()

# %%
my_choice = ...
check("even_score", my_choice)

# %%
solution("even_score")

# %% [markdown]
# **Second exercise**: write the effect size yourself. If it is wrong you are told which step looks wrong.

# %%
exercises_bias.effect_size()


# %%
def my_effect_size(groups):
    x, y = groups
    return ...


check("effect_size", my_effect_size)

# %%
solution("effect_size")

# %% [markdown]
# **Third exercise**: BBQ's bias score from counts of answers.

# %%
exercises_bias.bbq_score()

# %%
my_score = ...
check("bbq_score", my_score)

# %%
solution("bbq_score")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three things to take away
#
# 1. **Bias is not one number**: distances between vectors, likelihoods of sentences, guesses where the text does not say, and what is written are four different things. Zero on one ruler need not be zero on another; but where one finds a leaning and the other has too few items to decide, the two do not contradict each other.
# 2. **Ask first whether it understands**: a model that does not know the language has an ss near 50 as well, and its icat can come out above that of models that do. 50 by guessing is not fairness: to say "no bias" without looking at lms is to take ignorance for fairness.
# 3. **Measure the ruler first**: lengths, ties, the order of options and the errors of a scorer can make up a bias, or wipe one out. Whoever reports a number owes an interval, the baselines and the ruler's own error.
#
# All items were written by a few, of stereotypes that they could think of. Not found does not mean not there. To score the authors' own StereoSet file, use `load_stereoset("en", source=…)` or see `python -m course_lib.evaluation.stereoset_run --help`.

# %% [markdown]
# **Further reading**: Caliskan et al. (*Science* 2017) introduced WEAT; *StereoSet* (Nadeem et al., preprint 2020, ACL 2021) and *CrowS-Pairs* (Nangia et al., EMNLP 2020) compare the likelihoods of sentences instead; *Stereotyping Norwegian Salmon* (Blodgett et al., ACL 2021) read both sets item by item; *BBQ* (Parrish et al., ACL Findings 2022) and *CBBQ* (Huang & Xiong 2023) ask whom a model suspects when the text does not say; Sheng et al. (EMNLP 2019) proposed to score continuations by regard; the survey of Gallegos et al. (2024) sorts all of these into three families, by embeddings, by probabilities, by generated text.
