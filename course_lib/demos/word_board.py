"""A board of words in columns, between which they are dragged."""

from pathlib import Path

import anywidget
import traitlets


class WordBoard(anywidget.AnyWidget):
    """sets: {column: words}, changed by the reader's dragging or from Python; titles: what
    stands above each column. A word is in one column only."""

    _esm = Path(__file__).with_name("word_board.js")
    _css = Path(__file__).with_name("word_board.css")
    sets = traitlets.Dict().tag(sync=True)
    titles = traitlets.Dict().tag(sync=True)
