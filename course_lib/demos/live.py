"""What the demos have in common: live where there is a kernel, standing still elsewhere."""

from IPython.display import display


class LiveDemo:
    """A demo as a notebook's last expression. ``widget``: what is shown where it is live."""

    widget: object

    def still(self) -> str:
        """The same thing as HTML, for pages where nothing is live (the web, print)."""
        raise NotImplementedError

    def _ipython_display_(self) -> None:
        bundle = self.widget._repr_mimebundle_()
        bundle = bundle[0] if isinstance(bundle, tuple) else bundle
        # A front end takes the richest form it can show: the widget needs a kernel.
        plain = type(self).__name__
        display({**bundle, "text/html": self.still(), "text/plain": plain}, raw=True)
