# SPDX-License-Identifier: Apache-2.0
"""What MkDocs calls when it builds the site (mkdocs.yml, `hooks`)."""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from docsite.order import navigation


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Order the pages as docs/index.md does."""
    config.nav = navigation((Path(config.docs_dir) / "index.md").read_text())
    return config
