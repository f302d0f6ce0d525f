"""Colours of all displays: the colour-blind can tell them apart.

They are those of Okabe and Ito (2008), without black and yellow, and a grey. All are
seen on light and on dark ground.
"""

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "LAYER_COLORS",
    "ORANGE",
    "PINK",
    "SKY",
    "VERMILION",
]

BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
PINK, VERMILION, SKY = "#CC79A7", "#D55E00", "#56B4E9"
GREY = "#999999"
# Of one layer after the other.
LAYER_COLORS = BLUE, ORANGE, GREEN, PINK, VERMILION, SKY
