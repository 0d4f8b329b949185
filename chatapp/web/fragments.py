"""Fragments of HTML that htmx swaps into a page that is open."""


def partial(target: str, swap: str, html: str) -> str:
    """A fragment for the element `target`, put there by htmx's style `swap`."""
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{html}</hx-partial>'
