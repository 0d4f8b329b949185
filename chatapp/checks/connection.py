"""How browsers reach the product, how they are recognised, and what keeps others out."""

import stat

from chatapp.checks.check import Check, Patient


def fences(patient: Patient) -> Check:
    """What keeps the data here, in local-only mode."""
    if patient.fences is None:
        return Check("note", "fences", "not raised in hybrid mode; FIRSTLINE_MODE=local-only raises them")
    detail = "; ".join(patient.fences.lines)
    if not patient.fences.audit_hook:
        return Check("fail", "fences", detail, "Start Firstline without the tool that installs its own audit hook.")
    whole = patient.fences.landlock.up and patient.fences.seccomp.up
    return Check("ok" if whole else "note", "fences", detail)


def pages(patient: Patient) -> Check:
    """Where pages may be opened, and which were refused since the server last started."""
    from chatapp.web.access.refusals import kept_refusals

    settings = patient.settings
    refused = kept_refusals(settings.data_dir)
    if refused:
        hints = " ".join(dict.fromkeys(one.hint for one in refused))
        return Check("note", "pages", " ".join(one.what for one in refused), hints)
    places = [f"under {settings.root_path}" if settings.root_path else "under the whole site"]
    places += [f"also on {settings.allowed_origins}"] if settings.allowed_origins else []
    believed = settings.trusted_proxies or "none"
    return Check("ok", "pages", f"{', '.join(places)}; none were refused; proxies that are believed: {believed}")


def sessions(patient: Patient) -> Check:
    """The key that signs sessions, and the operator's token."""
    from chatapp.web.access.signing import session_secret

    settings = patient.settings
    session_secret(settings)
    own = bool(settings.operator_token.get_secret_value())
    token = "operator token set" if own else "a new operator token at each start (FIRSTLINE_OPERATOR_TOKEN keeps one)"
    if settings.session_secret.get_secret_value():
        return Check("ok", "sessions", f"signed with FIRSTLINE_SESSION_SECRET; {token}")
    path = settings.data_dir / "session.key"
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Check("fail", "sessions", f"{str(path)!r} may be read by others", f"Close it: chmod 600 '{path}'")
    return Check("ok", "sessions", f"signed with the key in {str(path)!r}; {token}")
