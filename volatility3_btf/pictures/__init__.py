# SPDX-License-Identifier: Apache-2.0
"""Pictures of what is in an image, as matplotlib figures.

Every one can be read in grey, and carries a description in words: `Picture.description`. A notebook shows
both, and a saved file has both in it.
"""

from __future__ import annotations

try:
    import matplotlib as matplotlib
    import narwhals as narwhals
except ImportError as error:
    raise ImportError(f"pictures need {error.name}: pip install 'volatility3-btf[notebook]'") from error

from .figure import Picture
from .modules import module_evidence
from .physical import physical_memory
from .processes import process_tree
from .structure import structure
from .timeline import timeline

__all__ = ["Picture", "module_evidence", "physical_memory", "process_tree", "structure", "timeline"]
