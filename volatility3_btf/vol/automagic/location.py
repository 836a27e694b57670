# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What the user named as image, looked at before anything opens it.

Opening a pipe waits for ever; and a saved configuration of another image would be shown without a word.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from volatility3.framework import interfaces

from ...files.descriptors import no_file
from ..files import local_path
from ..layers.image_layers import LOCATION
from ..lines import one_line

log = logging.getLogger(__name__)


class ImageFile(interfaces.automagic.AutomagicInterface):
    """Takes an image away that is no regular file or block device, and tells of one that is not looked at."""

    priority = 1
    exclusion_list = ["windows", "mac"]

    def __call__(
        self,
        context: interfaces.context.ContextInterface,
        config_path: str,
        requirement: interfaces.configuration.RequirementInterface,
        progress_callback: Any = None,
    ) -> None:
        """Look at the image's file, if it is a local one."""
        path = local_path(context.config.get(LOCATION, None) or "")
        if path is None:
            return
        try:
            reason = no_file(os.stat(path).st_mode)
        except (OSError, ValueError):
            return
        if reason:
            log.warning("The image cannot be opened: %s", reason)
            del context.config[LOCATION]
            return
        saved = _saved_images(context, config_path)
        if saved and not any(_is_same(url, path) for url in saved):
            log.warning(
                "The saved configuration is of another image, and that one is shown: %s; the image that you "
                "named is not looked at",
                one_line(saved[0]),
            )


def _saved_images(context: interfaces.context.ContextInterface, config_path: str) -> list[str]:
    """Where the layers lie that a saved configuration tells of."""
    branch = context.config.branch(config_path)
    return [str(branch[key]) for key in branch if key.split(".")[-1] == "location"]


def _is_same(url: str, path: Path) -> bool:
    """Whether a URL leads to a file."""
    saved = local_path(url)
    try:
        return saved is not None and os.path.realpath(saved) == os.path.realpath(path)
    except (OSError, ValueError):
        return False
