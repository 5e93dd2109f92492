"""An HTML file with Bokeh figures in sections, everything in it: it needs no server and no network."""

from pathlib import Path

from bokeh.document import Document
from bokeh.embed import file_html
from bokeh.events import DocumentReady
from bokeh.models import CustomJS
from bokeh.resources import Resources
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import brianff

__all__ = ["Page"]

# Beside those of C++: package data, in a clone and when installed.
TEMPLATES = Path(brianff.__file__).parent / "templates" / "report"


class Page:
    """A page in the making.

    Parameters
    ----------
    title : str
    """

    def __init__(self, title):
        self.title, self.document, self.sections = title, Document(title=title), []

    def section(self, title, rows, **more):
        """Add a section with rows of figures; None stands for what there is not, and a section without any is left out.

        `more` is known to the template.
        """
        rows = [[figure for figure in row if figure is not None] for row in rows]
        names = [[self._root(figure) for figure in row] for row in rows if row]
        if names:
            self.sections.append({"title": title, "rows": names, **more})

    def _root(self, model):
        name = f"figure{len(self.document.roots)}"
        model.name = model.name or name
        self.document.add_root(model)
        return model.name

    def script(self, name, **args):
        """Run a script of the templates' folder when the page is ready, with `args`, Bokeh models among them."""
        callback = CustomJS(args=args, code=(TEMPLATES / name).read_text())
        self.document.js_on_event(DocumentReady, callback)

    def text(self, template, **values):
        """The file's contents."""
        self.document.js_on_event(DocumentReady, CustomJS(code="document.documentElement.dataset.ready = 'yes'"))
        environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
        values |= {"sections": self.sections, "style": (TEMPLATES / "page.css").read_text()}
        # only those parts of Bokeh that figures need: widgets, tables and others are left out by it
        inline = Resources(mode="inline", minified=True)
        return file_html(
            self.document, inline, self.title, template=environment.get_template(template), template_variables=values
        )
