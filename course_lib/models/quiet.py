"""Loading without transformers' own progress bars and advice, which would fill a notebook."""

import contextlib
import threading

from transformers.utils import logging

# transformers changes torch's settings for the whole process while it reads a model: two
# models read at once by two threads come out without weights ("meta tensor; no data").
_ONE_AT_A_TIME = threading.RLock()


@contextlib.contextmanager
def quiet_transformers():
    """No bars, errors only, one thread at a time; the reader's own settings back afterwards."""
    with _ONE_AT_A_TIME:
        level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            yield
        finally:
            logging.set_verbosity(level)
            if bars:
                logging.enable_progress_bar()
