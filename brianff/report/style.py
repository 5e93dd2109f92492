"""How figures of a page look: fonts, lines, tools, and colours that all pages share."""

from bokeh.models import BoxZoomTool, HoverTool, PanTool, ResetTool, SaveTool, WheelZoomTool
from bokeh.plotting import figure
from matplotlib.colors import to_hex

from brianff.plotting.style import COLOURS

__all__ = ["INK", "PALETTE", "RUNS", "figure_of", "hex_of", "hover"]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
INK, QUIET, LINE, GRID = "#24292f", "#57606a", "#c9ced4", "#e9ebee"
LEFT = 76  # pixels beside a figure, so that the time axes of all stand below each other
RUNS = ("#0b6e69", "#b0358b")  # of two runs beside each other; those of the phases mean something else
PALETTE = ("#24292f", "#0b6e69", "#b0358b", "#7a5c00", "#4a6fa5", "#8a3324")  # layers, ways to predict


def hex_of(name):
    """One of `brianff.plotting.COLOURS` as a page writes it."""
    return to_hex(COLOURS[name])


def figure_of(height, x, y, wheel="width", **options):
    """A Bokeh figure without decoration, whose axes are called `x` and `y`; it is as wide as there is room."""
    tools = [
        BoxZoomTool(),
        PanTool(),
        WheelZoomTool(dimensions=wheel, modifiers={"ctrl": True}),
        ResetTool(),
        SaveTool(),
    ]
    options = dict(sizing_mode="stretch_width", min_border_left=LEFT) | options
    made = figure(
        height=height, tools=tools, active_drag=tools[0], active_scroll=tools[2], toolbar_location="right",
        background_fill_color=None, border_fill_color=None, outline_line_color=None, **options,
    )  # fmt: skip
    made.toolbar.logo, made.toolbar.autohide = None, True
    for axis, label in ((made.xaxis, x), (made.yaxis, y)):
        axis.update(
            axis_label=label, axis_label_text_font=FONT, axis_label_text_font_size="12px", axis_label_standoff=6,
            axis_label_text_font_style="normal", axis_label_text_color=INK, major_label_text_font=FONT,
            major_label_text_font_size="11px", major_label_text_color=QUIET, axis_line_color=LINE,
            major_tick_line_color=LINE, minor_tick_line_color=None, major_tick_in=0, major_tick_out=4,
        )  # fmt: skip
    made.grid.grid_line_color = GRID
    return made


def hover(renderers, tooltips, **options):
    """A tool that says what lies under the mouse."""
    return HoverTool(renderers=renderers, tooltips=tooltips, **options)


def legend_above(made, **options):
    """Bring the legend of a figure above it, in one row; a click hides a curve."""
    legend = made.legend[0]
    made.add_layout(legend, "above")
    legend.update(
        orientation="horizontal", border_line_color=None, background_fill_color=None, label_text_font=FONT,
        label_text_font_size="12px", label_text_color=INK, padding=0, margin=2, spacing=14, glyph_width=18,
        click_policy="hide", **options,
    )  # fmt: skip
