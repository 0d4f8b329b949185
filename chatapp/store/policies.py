"""The versions of the routing policy that turns were decided by."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import col, select

from chatapp.errors import UserError
from chatapp.store.database import Book, add_if_absent
from chatapp.store.models import PolicyRow
from chatapp.store.records import Policy


class Policies(Book):
    """Versions of the policy; none is ever changed."""

    def record(self, version: str, content: Mapping[str, Any], who: str, why: str) -> None:
        """Keeps a version of the policy; the same again changes nothing.

        Raises UserError if the version is known with another content.
        """
        with self._database.write() as session:
            row = PolicyRow(version=version, content=dict(content), who=who, why=why)
            if add_if_absent(session, row):
                return
            if session.get_one(PolicyRow, version).content != dict(content):
                raise UserError(f"The policy {version!r} is recorded with other content.", "Give it a new version.")

    def all(self) -> list[Policy]:
        """Every version, newest first."""
        with self._database.read() as session:
            rows = session.exec(select(PolicyRow).order_by(col(PolicyRow.created_at).desc()))
            return [Policy(**row.model_dump()) for row in rows]
