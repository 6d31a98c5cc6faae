"""Results kept on disk: what follows from fixed things is computed once.

joblib files a result under the function and its arguments, and computes again what it cannot
read. Answers and scores of models have a store of their own (:mod:`course_lib.models.store`),
which keeps them one by one as they arrive.
"""

import functools
import hashlib
import inspect
import os
from collections.abc import Callable
from pathlib import Path

import transformers
from joblib import Memory

from . import __version__
from .paths import cache_dir

_PACKAGE = Path(__file__).parent


def kept(*ignored: str, uses: tuple[str, ...] = ()) -> Callable[[Callable], Callable]:
    """Decorate a function so that its results stay in the user's cache directory.

    ignored: arguments that are not part of a result's name, such as a model, whose fingerprint
    is another argument. uses: files of this package that the result hangs on besides the
    function's own, such as "models/*.py"; when one of them or the course's version changes,
    the result is computed anew. Versions of libraries are arguments.

    Where there is no folder to keep it in, the function is simply called.
    """

    def keep(function: Callable) -> Callable:
        # Now, while the code in memory is what stands in the files.
        version = _version_of(Path(inspect.getfile(function)), uses)

        @functools.wraps(function)
        def call(*args, **kwargs):
            folder = _folder(version)  # at every call: COURSE_CACHE may be set after the import
            if folder is None:
                return function(*args, **kwargs)
            memory = Memory(folder, verbose=0)
            return memory.cache(function, ignore=list(ignored))(*args, **kwargs)

        return call

    return keep


def kept_of(make: Callable, model, *args):
    """What a kept function makes of a model; not kept by a model that keeps nothing.

    make: a function ``kept("model")`` whose arguments are the model, what its results hang on
    besides (its fingerprint and transformers' version), and ``args``.
    """
    keeps = getattr(model, "store", None) is not None
    make = make if keeps else make.__wrapped__
    return make(model, (keeps and model.fingerprint, transformers.__version__), *args)


def _version_of(file: Path, uses: tuple[str, ...]) -> str:
    digest = hashlib.sha256(__version__.encode() + file.read_bytes())
    for pattern in uses:
        for used in sorted(_PACKAGE.glob(pattern)):
            digest.update(used.read_bytes())
    return digest.hexdigest()[:16]


def _folder(version: str) -> Path | None:
    """Where results are kept; None where that cannot be, or where somebody else may write.

    joblib's files are pickles, which can run code: only one's own are read.
    """
    try:
        folder = cache_dir("results", version)
    except OSError:
        return None
    mine = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
    return folder if mine and os.access(folder, os.W_OK) else None
