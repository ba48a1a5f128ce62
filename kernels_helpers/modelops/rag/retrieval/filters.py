"""Which chunks may be found at all, by what is known of them and their documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate

import numpy as np
from numpy.typing import NDArray

from modelops.rag.index import Index
from modelops.rag.retrieval.settings import SearchSettings


def allowed(index: Index, settings: SearchSettings) -> NDArray[np.bool_]:
    """For each chunk whether the filters let it pass."""
    source, media_type = _any_of(settings.sources), _any_of(settings.media_types, re.IGNORECASE)
    passing = np.array(
        [
            (source is None or source.fullmatch(document.source) is not None)
            and (media_type is None or media_type.fullmatch(document.media_type) is not None)
            for document in index.documents
        ],
        bool,
    )
    found: NDArray[np.bool_] = passing[index.document_of]
    heading = _any_of(settings.headings, re.IGNORECASE)
    if heading is not None:
        found = found & np.array([any(map(heading.fullmatch, chunk.headings)) for chunk in index.chunks], bool)
    return found


def _any_of(patterns: Sequence[str], flags: int = 0) -> re.Pattern[str] | None:
    """Matches what one of the shell patterns matches; ``None`` where there is none."""
    return re.compile("|".join(map(translate, patterns)), flags) if patterns else None
