"""Figures in the words of the page: as fine as a reader can use, and a dash for none."""


def seconds(milliseconds: float | None) -> str:
    """Milliseconds as seconds, as fine as a reader can use: `0.09 s`, `1.4 s`, `12 s`; a dash for none."""
    if milliseconds is None:
        return "–"
    value = milliseconds / 1000
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s" if value < 10 else f"{value:.0f} s"


def dollars(microusd: float | None) -> str:
    """Micro-dollars as dollars, to the first two figures that are not zero: `$0.00001`, `$0.012`, `$3.40`."""
    if microusd is None:
        return "–"
    if microusd == 0:
        return "$0"
    sign, value = "−" if microusd < 0 else "", abs(microusd) / 1_000_000
    if value >= 1:
        return f"{sign}${value:,.2f}"
    places = next(n for n in range(1, 8) if value >= 10**-n) + 1
    return f"{sign}$" + f"{value:.{min(places, 6)}f}".rstrip("0")


def percent(share: float | None) -> str:
    """A share of one as a whole percentage; a dash for none."""
    return "–" if share is None else f"{share:.0%}".replace("%", " %")


def number(value: float | None) -> str:
    """A count with thousands separated; a dash for none."""
    return "–" if value is None else f"{value:,.0f}"
