# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A kernel as it lies on disk (vmlinux, vmlinuz, Image, a unified kernel image, …), as a layer."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final, TypeAlias

from volatility3.framework import constants, exceptions, interfaces
from volatility3.framework.configuration import requirements
from volatility3.framework.layers import physical

from ...memory.memory import UnreadableError
from ..lines import one_line
from .as_memory import FAULTS, MemoryLayer, layer_memory
from .ranges import Layer

log = logging.getLogger(__name__)

Context: TypeAlias = interfaces.context.ContextInterface


_NO_BTF: Final = "automagic.BtfSymbols.no_btf"
"""What the user said with --no-btf."""


class KernelFileLayer(MemoryLayer):
    """The kernel in a file, decompressed, at its link-time addresses (see `KernelImage.memory`)."""

    def __init__(
        self, context: Context, config_path: str, name: str, metadata: dict[str, Any] | None = None
    ) -> None:
        super().__init__(context=context, config_path=config_path, name=name, metadata=metadata)
        from ...sources.kernels import kernels_in

        self._base_layer = self.config["base_layer"]
        image = next(kernels_in(layer_memory(context, self._base_layer), Path(self._base_layer)))
        self.memory = image.memory
        log.info("a kernel on disk: %s", one_line(image.provenance))

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """The file."""
        return [requirements.TranslationLayerRequirement(name="base_layer", optional=False)]

    @property
    def dependencies(self) -> list[str]:
        """The file's layer."""
        return [self._base_layer]


class KernelFileStacker(interfaces.automagic.StackerLayerInterface):
    """Stacks `KernelFileLayer` on a file that is a kernel."""

    stack_order = 8

    @classmethod
    def stack(
        cls, context: Context, layer_name: str, progress_callback: constants.ProgressCallback = None
    ) -> Layer | None:
        """Return a new layer on top of `layer_name`, or None."""
        from ...sources.errors import SourceError
        from ...sources.unwrap import is_kernel_file

        if not isinstance(context.layers[layer_name], physical.FileLayer):
            return None
        if context.config.get(_NO_BTF, False):  # nobody would keep the framework from listing what never ran
            return None
        try:
            if not is_kernel_file(layer_memory(context, layer_name)):
                return None
            name = context.layers.free_layer_name(KernelFileLayer.__name__)
            context.config[interfaces.configuration.path_join(name, "base_layer")] = layer_name
            return KernelFileLayer(context, name, name)
        except SourceError as error:
            log.warning(
                "This is a kernel file or a package, and no kernel of it can be read: %s",
                one_line(str(error)),
            )
        except (exceptions.InvalidAddressException, UnreadableError, *FAULTS) as error:
            log.info("no kernel file that can be used: %s", error)
        return None
