"""Rows of HTML in a box that grows: a new row is sent alone, whatever number of rows there are already."""

from __future__ import annotations

import ipywidgets

_ROWS_TOGETHER = 16
_HEIGHT = "400px"
_EDGE = "1px solid rgba(127,127,127,0.4)"


class Rows(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """Rows under a title, the newest last and in sight; what somebody has opened in one stays open.

    A box sends the list of its children anew for each further one, so rows stand in boxes of a few.
    """

    def __init__(self, title: str) -> None:
        """Show nothing until there is a row; `title` is HTML."""
        super().__init__(layout=ipywidgets.Layout(display="none"))
        self.count = 0
        self._row_layout = ipywidgets.Layout(width="auto", margin="0")
        self._row_style = ipywidgets.HTML().style
        self._inner = ipywidgets.VBox(layout=ipywidgets.Layout(flex="0 0 auto"))
        # Laid out from below, a box that overflows shows its end, and keeps to it when it grows.
        around = ipywidgets.Layout(
            flex_flow="column-reverse", max_height=_HEIGHT, overflow="auto", border=_EDGE, padding="2px 8px"
        )
        box = ipywidgets.VBox([self._inner], layout=around)
        box.add_class("panel-rows")
        self.children = (ipywidgets.HTML(title, layout=self._row_layout, style=self._row_style), box)

    def append(self, html: str) -> None:
        """Add a row at the end."""
        row = ipywidgets.HTML(html, layout=self._row_layout, style=self._row_style)
        if self.count % _ROWS_TOGETHER == 0:
            together = ipywidgets.VBox([row], layout=self._inner.layout)
            self._inner.children = (*self._inner.children, together)
        else:
            together = self._inner.children[-1]
            together.children = (*together.children, row)
        self.count += 1
        self.layout.display = None
