# 大模型安全与伦理问题 / Safety and Ethical Concerns of Large Language Models
#
# 变量 / variables (make lab PYTHON=/opt/python3.12/bin/python3):
#   PYTHON       用来建环境的 Python / the Python that makes the environment
#   VENV         环境所在 / where the environment is
#   TORCH_INDEX  另取 torch 的软件源，例如 CPU 版 / another package index for torch alone,
#                such as PyTorch's own for CPU builds

VENV ?= .venv
PYTHON ?= $(shell for python in python3.11 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo "$$python"; break; }; done)
TORCH_INDEX ?=
PY = $(VENV)/bin/python
# As a module: a console script's first line cannot hold a long path or one with spaces.
PIP = $(PY) -m pip --disable-pip-version-check

# Nothing in the default path reaches for a hub or reports to anyone.
export HF_HUB_OFFLINE ?= 1
export HF_HUB_DISABLE_TELEMETRY ?= 1
export DO_NOT_TRACK ?= 1
export TOKENIZERS_PARALLELISM ?= false
export PYTHONUTF8 ?= 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help lab test run check slides bench assistant record notebooks lock models clean

help: ## 列出这些命令 / list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

lab: models ## 安装一切并打开课程 / install everything and open the course in JupyterLab
	$(PY) -m tools.lab

test: models ## 运行全部测试，含每个笔记本 / run all tests, every notebook included
	TQDM_DISABLE=1 $(PY) -m pytest tests notebooks/zh notebooks/en -p no:cacheprovider \
		--nbval-lax --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg

run: models ## 执行全部笔记本，网页写入 build/ / execute every notebook; a site in build/
	$(PY) -m tools.notebooks run --lang both
	$(PY) -m tools.site

check: $(VENV)/.installed ## 格式、代码、配对、双语一致（数秒）/ format, lint, pairs, twins (seconds)
	$(PY) -m tools.notebooks check

slides: $(VENV)/.installed ## 制作幻灯片 / build the slide decks
	$(PY) -m tools.slides

bench: models ## 与同类工具比较速度 / compare speed with peer tools
	$(PY) -m benchmarks

assistant: models ## 从头训练助手的适配器（可续）/ train the assistant's adapter again (resumable)
	$(PY) -m course_lib.alignment.assistant

record: models ## 重做 data/results 里随附的结果（约半小时，可续）/ recorded results anew (half an hour, resumable)
	$(PY) -m tools.record

notebooks: $(VENV)/.installed ## 同步 .py、.ipynb 与双语代码 / sync pairs and twins
	$(PY) -m tools.notebooks sync
	$(PY) -m tools.notebooks twins
	$(PY) -m tools.notebooks index

lock: | $(PY) ## 按 pyproject.toml 重写 requirements.lock / rewrite the lock from pyproject.toml
	$(PIP) install -e '.[dev]'
	$(PY) -m tools.lock

models: $(VENV)/.installed ## 准备随课程使用的模型 / prepare the course's models
	$(PY) -m course_lib prepare

clean: ## 删除 build/ 与临时文件（环境与缓存保留）/ delete build/ and leftovers
	rm -rf build dist .pytest_cache .ruff_cache
	find . -path './$(VENV)' -prune -o \
		\( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -exec rm -rf {} +

# Run again whenever the lock or the package's metadata changes. An environment that is
# already there is brought up to the lock, not made anew: a torch of the right version, CPU
# build or not, stays as it is.
$(VENV)/.installed: requirements.lock pyproject.toml | $(PY)
	$(if $(TORCH_INDEX),$(PIP) install --no-deps --index-url "$(TORCH_INDEX)" \
		$$(grep '^torch==' requirements.lock))
	$(PIP) install -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(PY):
	@test -n "$(PYTHON)" || { \
		echo "需要 Python 3.11 或更新版本：请安装它，或用 make PYTHON=路径 指明。" >&2; \
		echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=path." >&2; \
		exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) 不可用或早于 3.11。" >&2; \
		echo "$(PYTHON) does not run or is older than 3.11." >&2; \
		exit 1; }
	@"$(PYTHON)" -m venv "$(VENV)" || { \
		rm -f $@; \
		echo "无法创建虚拟环境。Debian、Ubuntu 上先运行：apt-get install python3-venv" >&2; \
		echo "No virtual environment could be made. On Debian or Ubuntu, first run:" \
			"apt-get install python3-venv" >&2; \
		exit 1; }
