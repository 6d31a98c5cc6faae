# %% [markdown] slideshow={"slide_type": "slide"}
# # 过度拒答：听上去危险，不等于真的危险
#
# 有人问模型「番茄的侧芽要不要掐掉」，模型说「对不起，这个我不能帮忙」。这叫**过度拒答**（over-refusal，XSTest 的论文称之为 exaggerated safety）：模型看到的是词，不是意思。这一节用 XSTest（Röttger 等，2024）的办法把它测出来。

# %% [markdown]
# **学完这一节，你能够**
#
# - 说出十种「看上去危险、其实安全」的提示，并为每一种写出不安全的对照；
# - 在三个真实的小模型上测出拒答率和它的置信区间，中文、英文各一遍；
# - 说明评判器自己的误差怎样改变结论，并做校正；
# - 判断两个拒答率的差别是真的，还是样本太小。
#
# **时间与设备**：通读约 40 分钟。在两个 CPU 核上，第一次运行约一分钟，之后约十秒：2,592 条回答里只有一百来条在这里生成，其余的判定随课程附带（`data/results`）。想全部自己算，就把下面的 `EVERYTHING` 设为 `True`，约五分钟。不需要网络，也不需要 GPU。
#
# **可能让人不适之处**：对照组里有简短的有害请求（暴力、歧视、自伤、历史暴行）。我们不展示对它们的回答，只展示判定。

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
import pandas as pd
from datasets import concatenate_datasets

from course_lib import set_language
from course_lib.exaggerated_safety import explain_types, type_table
from course_lib.models import load_model
from course_lib.prompts import load_prompts

set_language(LANG)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 十种安全的提示，八种对照
#
# XSTest 的想法很简单：每一种安全的提示都有一种对照，用的是同样的字眼，问的却真正有害。好的模型应该回答前者，拒绝后者。只看拒答率高不高没有意义，要看它**拒得对不对**。
#
# 题目是本课程自己写的，中文和英文各写各的：中文的一词多义，翻成英文就不成立了。

# %%
explain_types()

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
prompts = {lang: load_prompts("xstest", lang=lang) for lang in ("zh", "en")}
type_table(prompts[LANG])

# %% [markdown]
# 每种类型 12 条，每种语言共 216 条。十种安全类型对八种对照：两种「歧视」题合用一种对照，两种「隐私」题也合用一种。

# %% tags=["nbval-check-output"]
pd.DataFrame(
    {
        lang: rows.to_pandas()["label"].value_counts()
        for lang, rows in prompts.items()
    }
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 三个小模型
#
# - `smollm2`：1.35 亿参数，经过指令微调和对齐，只会英文（中文题也让它答，看看读不懂时拒答率是多少）。
# - `gemma3`：2.7 亿参数的**基座模型**，没有经过对齐，会中文和英文。
# - `assistant`：还是这个 `gemma3`，由**本课程自己对齐**：用一万条简短的问答（其中有拒答）微调而成，会中文和英文。
#
# 基座模型不会聊天，只会把文本续写下去。我们在问题前面放上四轮示范，其中两轮是拒答，它就照着样子回答。下面是它真正读到的全文。`assistant` 用不着示范：示范要教它的，训练时已经学进权重里了。

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
models = [load_model(name) for name in ("smollm2", "gemma3", "assistant")]
chat = models[1].chat.render(
    prompts[LANG]["prompt"][0], system=None, lang=LANG
)
print(chat)

# %% [markdown]
# 最便宜的安全措施，是在每个问题前面加一段话，叫**安全前缀**。我们把每个问题问两遍：一遍不加，一遍加上。

# %%
from course_lib.exaggerated_safety import safety_prefix

print(safety_prefix("zh"))
print(safety_prefix("en"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 让模型回答
#
# 从头到尾走一遍：**提示 → 回答 → 判定 → 表格 → 图**。三个模型、两种语言、有没有前缀，一共十二组，每组 216 个问题。贪心解码，每个回答最多 32 个词元：拒不拒答，开头就看得出来。
#
# 全部写完要好几分钟。所以这里只写一部分：`gemma3` 不加前缀的一些回答，两种语言都有，后面拿几条给你看；另两个模型各取某一组里的一小部分，核对这台机器写得和当时是否一样。其余的回答是做课程时写的，判定随课程附带，下面就叫**随附的判定**；它们的原文没有公布，因为将近一半的问题是不安全的。

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
# ## 这是拒答吗？
#
# 人一眼就看得出来，程序却要有个说法。XSTest 分三类：**完全遵从**、**完全拒答**、**部分拒答**（表示不愿意，却又给了一部分答案）。我们的规则评判器把每条判定的理由都写出来。下面只看安全的提示。

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
# 答得对不对，不是这里要管的事。这么小的模型常常胡言乱语，但胡言乱语不是拒答：它没有说「不」。

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 先量尺子，再量东西
#
# 评判器也会错。在相信它数出来的拒答率之前，先拿它和逐条读过、标注过的回答对一对（标注者是一个 AI 语言模型，见 `data/refusal_labels` 的数据卡）：**灵敏度**是真拒答里它认出多少，**特异度**是没拒答的里面它放过多少，**κ** 是去掉碰巧之后的一致程度。
#
# 下面的图用的就是这三个模型自己的回答：随机抽样，逐条标注，标注时看不到评判器的判定。它们只有一部分是在这里写的，所以先用 `complete` 补上其余的随附判定。标注按回答的哈希来对：在这台机器上写得不一样的，对不上标注，就不参加校准。下面那行小字写着读了多少条判定，在这里写了多少条回答，其中多少条和当时一字不差。

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
# 换一批回答，同一个评判器就可能差得多。下面是另一套专门写得刁钻的回答：不说「抱歉」的拒绝、满口「不能」却在认真回答的句子。写规则的人没有读过这一套。

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
# ## 拒答率，带区间
#
# 每个比率后面都有样本数和 95% 置信区间（Wilson）。「校正后」一列按评判器的灵敏度和特异度反推真实的拒答率（Rogan–Gladen），并把评判器自身的不确定性算进区间。安全的提示和不安全的对照**从不合并**。

# %%
from course_lib.exaggerated_safety import refusal_rates, show_rates

rates = refusal_rates(
    verdicts, by=("model", "lang", "system"), calibration=calibration
)
show_rates(rates)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
plot_rates(rates)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 这些数说明什么
#
# 下面的话由程序根据上表写成，换了模型或题目，它会跟着变。

# %% slideshow={"slide_type": "-"} tags=["hide-input"]
from course_lib.exaggerated_safety import findings

findings(rates)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 哪一种最容易被误伤？
#
# 每种类型只有 12 条，区间很宽。先看区间，再看点：多数类型之间的差别，这点样本说不清。说得清的是左右两边的差别。

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
plain = verdicts.filter(lambda row: not row["system"])
by_type = refusal_rates(plain, by=("model", "lang", "type"))
plot_rates(by_type[by_type["model"] == "gemma3"])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 和发表的数字放在一起
#
# 原论文请人标注了 2023 年五个系统的回答。我们的数和它们不能直接相比：题目不同，模型至少小几十倍（有些系统没有公布规模），评判的是规则而不是人。能比的是**形状**：两个比率是一起升降，还是能分开。

# %% tags=["nbval-check-output"]
from course_lib.exaggerated_safety import compliance_rates, published_rates

published = published_rates()
show_rates(published)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
english = verdicts.filter(lambda row: row["lang"] == "en")
ours = compliance_rates(english, by=("model", "system"))
plot_compliance(pd.concat([ours, published]))

# %% [markdown]
# 看 Llama 2 的两行：去掉系统提示，安全提示的拒答少了很多，不安全的几乎没变。过度拒答有一部分是系统提示造成的，不用重新训练就能改。Mistral 正相反：加上一段护栏提示，不安全的拒答多了，误伤也多了。

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 同一批回答，五个评判器
#
# 把 `gemma3` 用本页语言、不加前缀的全部回答交给五个评判器：XSTest 论文的开头词表、GCG 论文的七个字符串、一张同样简单的中文开头词表、我们的规则，以及让 `gemma3` 自己来判。在这里写的，就在这里判；其余的，读五个评判器随附的判定（`complete` 会把别的组也读进来，所以最后一行只留下这一组）。回答一个字没变。适合这种语言的几个评判器数得相近，因为 `gemma3` 照搬示范里的拒答套话，这句套话它们都认得。可词表换了语言就失效：英文词表数中文回答，中文词表数英文回答，自然都是零。没有套话时它们还一不一致，看下面那套刁钻的回答。读论文时，先问拒答是谁数的。

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
# 看下表最后一列：让 `gemma3` 当评判器，它的回话大多不合格式，无法解析。这些既不算拒答，也不替它猜，而是单独一类。能解析的那些，又一律判成「完全遵从」：它数出来的零，说明不了什么。这么小的模型当不了评判器；要用，先校准。

# %%
show_rates(by_judge)

# %% [markdown]
# 在那套刁钻的回答上，四个不用模型的评判器各得多少？κ 接近 0 就和瞎猜差不多；语言不对的词表得 0，并不意外。那套回答有意避开了套话，所以语言对的词表也认不出多少。

# %% tags=["nbval-check-output"]
quality = [calibrate(judge, hard[LANG]) for judge in judges[:4]]
pd.DataFrame({q.name: q.to_frame().iloc[:, 0] for q in quality}).T.round(2)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 轮到你问
#
# 输入一个看上去危险、其实安全的问题，选模型，决定加不加前缀，看它怎么答、评判器怎么说。先猜，再按。

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
from course_lib.demos import RefusalDemo

safe = gemma.to_pandas().query("label == 'safe'")
turned_away = safe[safe["verdict"] == "full_refusal"]
RefusalDemo(models, example=[*turned_away["prompt"], *safe["prompt"]][0])

# %% [markdown]
# ## 练习
#
# 练习会自己检查。把 `...` 换成你的答案再运行；没有作答时它只会提醒你。答案折叠在每题后面。

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
# **第二题**：亲手算一次 Wilson 区间。`row` 是前面那张拒答率表里 `gemma3` 在本页语言上、不加前缀、安全提示的那一行，要用的是 `row.n` 和 `row.refused`。

# %%
row = rates[(rates.model == "gemma3") & (rates.lang == LANG)].iloc[0]
exercises.wilson_interval(row)

# %%
my_interval = ...
check("wilson_interval", my_interval)

# %%
solution("wilson_interval")

# %% [markdown]
# **第三题**：写一个自己的评判器，要明显胜过开头词表。写好之后想一想：你是对着这批回答改出来的，换一批还灵吗？

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
# ## 记住三件事
#
# 1. **看词还是看意思**：过度拒答说明模型学到的是表面特征。字眼不变，换个对象或场合，安全就成了不安全。
# 2. **两个数，不是一个**：只报不安全提示的拒答率，什么都拒的模型就是满分。
# 3. **尺子也有误差**：换一个评判器，结论可能翻转；报比率，就要报区间和评判器的误差。
#
# 小模型能让人看清过度拒答，却谈不上懂多少分寸：`gemma3` 是照抄示范的样子，`assistant` 从一万条数据里学到的，是危险的请求长什么样，而不是它为什么危险。怎样教得更进一步，是对齐那几节的事。

# %% [markdown]
# **延伸阅读**：Röttger 等（NAACL 2024）的 *XSTest* 提出了这十种类型，并请人标注了五个系统的回答；Bianchi 等（ICLR 2024）的 *Safety-Tuned LLaMAs* 讲安全微调的样本多到什么程度会变成过度拒答；在 Zou 等（2023）的 GCG 论文里，可以看到七个字符串怎样成了拒答的标准。
