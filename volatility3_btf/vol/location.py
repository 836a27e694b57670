# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What the user named as image, looked at before anything opens it: opening a pipe waits for ever."""

from __future__ import annotations

import logging
import os
from typing import Any
from urllib import parse, request

from volatility3.framework import interfaces

from ..descriptors import no_file
from .physical import LOCATION

log = logging.getLogger(__name__)


class ImageFile(interfaces.automagic.AutomagicInterface):
    """Takes an image away that is no regular file or block device, so that nothing opens it."""

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
        location = parse.urlparse(context.config.get(LOCATION, None) or "")
        if location.scheme != "file":
            return
        try:
            reason = no_file(os.stat(request.url2pathname(location.path)).st_mode)
        except (OSError, ValueError):
            return
        if reason:
            log.warning("The image cannot be opened: %s", reason)
            del context.config[LOCATION]
