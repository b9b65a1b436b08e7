"""What is wrong with a document, and on which line.

All findings of a document are collected in one go: an author repairs a file once, not once per error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_FINDINGS: Final = 200  # more than anybody corrects in one go; a hostile file gets a short answer


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about a document.

    Attributes:
        file: name the document was given.
        line: line counted from 1.
        text: one sentence: what is wrong and what to do.
        warning: the flow works, but the author should know.
    """

    file: str
    line: int
    text: str
    warning: bool = False

    def __str__(self) -> str:
        """Return `file:line: text`, the form editors can jump to."""
        return f"{self.file}:{self.line}: {self.text}"
