# %% [markdown] slideshow={"slide_type": "slide"}
# # SafetyBench：把安全考成选择题
#
# 评判模型写出来的话很难：评判器会错，还费钱。SafetyBench（Zhang 等，2023）换了个办法，让模型**选**：哪句回复有礼貌，哪种做法安全，哪件事合法？对就是对，错就是错，中文英文都能数。这一节让三个模型参加这场考试，看看分数里有多少是安全，有多少只是考试的门道。

# %% [markdown]
# **学完这一节，你能够**
#
# - 用三种方法读出模型对选择题的回答：比字母的概率、比选项文字的概率、让它写出来再解析；并说明为什么结果不同；
# - 把分数和随机猜、总选同一个字母、总选最长选项、不给题目只给选项的得分放在一起看；
# - 判断模型认的是选项还是字母，并把对字母的偏爱平均掉；
# - 分清微平均与宏平均，零样本与五样本。
#
# **时间与设备**：通读约 35 分钟。在两个 CPU 核上，第一次运行约一分钟，之后约十秒：模型的打分随课程附带（`data/results`），只抽一部分在这里重算、对照；模型写出来的回答都在这里写。想全部自己算，就把下面的 `EVERYTHING` 设为 `True`，约六分钟。不需要网络，也不需要 GPU。
#
# **可能让人不适之处**：错误选项里有简短的辱骂、偏见和鲁莽的做法；有些题提到自伤、抑郁和欺凌。

# %% tags=["setup"]
# Installs the course on Colab; does nothing anywhere else.
import subprocess
import sys

if "google.colab" in sys.modules:
    source = "git+https://github.com/llm-safety-course/llm-safety-course"
    command = [sys.executable, "-m", "pip", "install", "-q", source]
    subprocess.run(command, check=True)

# %% tags=["lang"]
LANG = "zh"

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
# ## 七个类别
#
# SafetyBench 把 11,435 道题分成七类。这里类别相同，题目是本课程自己写的，中文和英文各写各的：法律、急救电话和人情世故都不能照搬。每类看一道，连同正确答案：

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
questions = {lang: sb.load_safetybench(lang) for lang in ("zh", "en")}
shots = {lang: sb.load_shots(lang) for lang in ("zh", "en")}
figures.show_questions(questions[LANG])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 不读题能得多少分？
#
# 模型上场之前，先请三位不读题的考生：一位随机猜，一位永远选同一个字母，一位永远选最长的选项。赢不了他们，分数就什么也说明不了。还要留意选项的个数：只有两个选项时，瞎猜就有一半。

# %% tags=["nbval-check-output"]
exam = concatenate_datasets([questions["zh"], questions["en"]])
floor = sb.accuracy(sb.baselines(exam), by=("model", "lang"))
figures.show_accuracy(
    floor[["model", "lang", "n", "accuracy", "low", "high"]]
)

# %% [markdown]
# 选项个数相同的题里，我们的正确答案均匀地分在各个字母上；C 和 D 得分低，只因为选项少的题没有它们。公开的题库没有摆匀，总选某个字母就能超过随机猜。长度也可能泄密：出题人常把正确答案写得更仔细，也就更长；我们的题查过，选最长的占不到便宜。SafetyBench 里还有不少题的选项是「是」和「否」，各一个字，这时「最长」选哪个，全看等长时怎么算。

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 最小的考试：一道题，下一个字母
#
# 模型读到题干、标了字母的选项，还有一个左括号，接下来该是一个字母。我们不等它写，直接看它觉得每个字母有多大可能，取最大的那个。`gemma3` 是基座模型，只会续写，下面是它读到的全文：

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
# 整个办法就是这样：每题算一遍，不采样，也没有什么要解析。几个字母共用一道题，题目的部分只算一次。
#
# 提问的格式要看模型。基座模型读的是纯文本。`smollm2` 和 `assistant` 学过对话，同样的话就放进用户那一轮，左括号当作它回答的开头。让它们读纯文本，测到的就是水土不服。`smollm2` 没学过中文，只考英文。

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 零样本与五样本
#
# **零样本**：只给题目。**五样本**：先给同一类的五道例题，连同答案。例题教的是答题的样子；能不能也教会安全，正是我们想看的。同一类的题共用这五道例题，所以例题部分每个模型每类只算一遍，后面的题直接接着用。
#
# 零样本时，每道题的选项要**轮换**一圈：每个选项在每个字母下恰好出现一次，各遍的得分取平均。题目有两到四个选项，开销就是只考一遍的两到四倍。五样本的提示很长，只按原来的次序考一遍，和零样本比较时也只用这一种次序。

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
# ### 这些数说明什么
#
# 下面的话由程序根据回答写成，换了模型，它会跟着变。

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
figures.findings(answers, floor)

# %% [markdown]
# 公布的那些模型至少大几十倍（有些没有公布规模），做的是另一套题，作者的原图也没有注明给了几道例题。别逐个比数字，要看各自比自己的基线高出多少。

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 微平均还是宏平均？
#
# **微平均**：每道题一样重。**宏平均**：每个类别一样重。我们的七类题数相等，两种平均是一个数，只是区间的算法不同；SafetyBench 完整题库里，有的类别题数比别的多了一大半，两种平均就分开了。报告分数时，说清楚是哪一种。

# %%
figures.show_averages(zero)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
by_category = sb.accuracy(zero, by=("model", "lang", "category"))
figures.plot_categories(by_category, floor)

# %% [markdown]
# 每类只有二十道题，区间很宽。说某个模型「隐私方面弱」之前，先看它的区间是不是真的和别的类别分开了。

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 认选项，还是认字母？
#
# 四选一的题轮换一圈，每个字母做正确答案的次数正好相等。读了题的模型，选的字母也该散开。

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
figures.plot_letters(sb.letter_shares(zero))

# %% [markdown]
# 选项一轮换，知道答案的模型会跟着选项走，偏爱字母的模型会留在原来的字母上。任意两次轮换之间，每个选项都换了字母，所以两样不可能同时守住。下表把每题的各次轮换两两比较，看有多少次还选同一个选项，多少次还选同一个字母；倒数第二列是每次都重新瞎猜的人，两样一样多。只把选项倒过来再考一遍，省事，但不够：三个选项时，中间那个两遍都是 B；四个选项时，外面两个只在 A、D 之间对调，里面两个只在 B、C 之间对调。

# %%
figures.show_accuracy(sb.steadiness(zero))

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 把字母平均掉
#
# 轮换满一圈，每个字母的便宜，每个选项都恰好占过一次。先把每个**选项**在各次轮换里的对数概率平均，再选最大的：只要对字母的偏爱始终不变，就会完全抵消，永远选 B 的模型只剩下平局。抵消不掉的，是随左右邻居而变的偏爱：怎么轮换，谁挨着谁都几乎不变。

# %%
combined = mc.combine_orders(zero)
figures.show_accuracy(sb.accuracy(combined, by=("model", "lang")))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 换一种读法：不要字母
#
# 把字母和选项对上号，本身就是一门本事，小模型多半没学会。那就不列选项，直接问：把每个选项的原文当作回答，哪一句最可能？句子越长，总概率越小，所以取每个词元的**平均对数概率**。代价也有：模型看不到别的选项，「以上都对」这样的题没法考。

# %%
texts = concatenate_datasets(
    [mc.answer_by_text(m, questions[k]) for m, k in sittings]
)
figures.findings(texts, floor)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 是读了题，还是选项的措辞占便宜？
#
# 正确的选项，也许不管问什么都最像回答：更客气，更常见，写得更周全。所以要有对照：**不给题目**，只给一句「答案：」，再比各选项的文字。这才是这种读法的基线；逐题相减，有题目比没有题目多得的分，才可能来自读题。`normalise="pmi"` 把同样的想法直接做进分数里：用有题目时选项的总对数概率，减去没有题目时的（Holtzman 等，2021）。

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
# 模型没变，题没变，变的只是读法。比字母时没有高过瞎猜，未必是「不懂」，也可能是「不会考这种试」。要下后一个结论，比文字的得分必须既高过随机猜，**又**高过没有题目的对照；高不过对照，光凭选项的措辞就足以解释它。还要看区间的边：一连比较好几次，有一个 95% 区间刚好不含 0，可能只是碰巧。评测小模型，先想清楚测的是哪一样。
#
# 上面那行小字是打分的来历：随附的直接读取，再按固定的比例抽一些在这台机器上重算；到这里重算了多少个，最多差多少，都写在里面。

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 再换一种：让它写出来
#
# 考对话模型，SafetyBench 是让它写，再从文字里找选项。作者的规则几乎见到字母就算，实在找不到就**随机猜一个**。我们的解析器很严：读不出来就是「无法解析」，单独一类，既不替它猜，也不算拒答。

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
# 下表最后一列，是把无法解析的回答换成瞎猜之后的分数：从不作答的模型，也能白拿随机猜的分。

# %%
figures.show_accuracy(sb.accuracy(written, by=("model", "lang")))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 轮到你考
#
# 选一个类别，作答，再看各个模型更相信哪个选项（按选项的文字）。下面会一直记着你和它们的得分。

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.demos.safetybench_quiz import SafetyBenchQuiz

SafetyBenchQuiz(texts)

# %% [markdown]
# ## 练习
#
# 把 `...` 换成你的答案再运行；没有作答时它只会提醒你。答案折叠在每题后面。

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
# **第二题**：亲手算一次微平均和宏平均。

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
# **第三题**：写一个不乱猜的解析器。

# %%
exercises.letter_parser(LANG)


# %%
def my_parser(reply):
    return ...


check("letter_parser", my_parser)

# %%
solution("letter_parser")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 记住三件事
#
# 1. **分数要和基线一起看**：随机猜、最好的字母、最长的选项、不给题目的选项，都要放在旁边，并带上区间。
# 2. **怎么读出答案，是测量的一部分**：比字母、比文字还是让它写，选项怎么排，读不出的怎么算，都会改变分数。
# 3. **会选不等于会做**：选得对的模型照样能写出有害的话；模型小得考不了试，也不等于有害。
#
# 同样的代码可以直接用于更大的考试：用 `load_safetybench("zh", source=…, answers=…)` 读作者的题目和答案，或者看看 `python -m course_lib.evaluation.safetybench_run --help`；换更大的模型，只改 `load_model` 里的名字。

# %% [markdown]
# **延伸阅读**：*SafetyBench*（Zhang 等，ACL 2024）讲七个类别和题目怎么来的；*Large Language Models Are Not Robust Multiple Choice Selectors*（Zheng 等，ICLR 2024）专门拆解模型对字母的偏爱；*Leveraging Large Language Models for Multiple Choice Question Answering*（Robinson 等，ICLR 2023）讲字母和选项对上号这门本事。
