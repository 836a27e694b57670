# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btftypes: the types in a memory image, as C and as rows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from volatility3.framework import exceptions, interfaces, renderers
from volatility3.framework.configuration import requirements

from volatility3_btf.vol.automagic.running import asked
from volatility3_btf.vol.commands import text as _text  # noqa: F401 (makes Volatility know our text renderers)
from volatility3_btf.vol.commands.image import image_under, seen_instead

if TYPE_CHECKING:
    from volatility3_btf.kernel.loaded.choose_types import ChosenTypes

vollog = logging.getLogger(__name__)


class BtfTypes(interfaces.plugins.PluginInterface):
    """Shows the types of the kernel and its modules: as C, or as rows with -r json or csv.

    Names may be shell patterns ('nft_*') and may have a tag ('struct cred').
    """

    _required_framework_version = (2, 0, 0)
    _version = (1, 0, 0)

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """What the user may say."""
        return [
            requirements.TranslationLayerRequirement(name="primary", description="Memory layer to scan"),
            requirements.ListRequirement(
                name="type", element_type=str, description="Names of types; all without it", optional=True
            ),
            requirements.StringRequirement(
                name="module", description="A loaded module, whose types are meant", optional=True
            ),
            requirements.ListRequirement(
                name="members",
                element_type=str,
                description="Find every struct with a member of such a name or type ('struct cred')",
                optional=True,
            ),
            requirements.BooleanRequirement(
                name="functions",
                description="Show functions' prototypes; --type then names functions",
                default=False,
                optional=True,
            ),
            requirements.StringRequirement(
                name="diff",
                description="List the structs laid out differently than in this file: BTF, vmlinux or a dump",
                optional=True,
            ),
            requirements.BooleanRequirement(
                name="header",
                description="Write all types as a C header into the output folder",
                default=False,
                optional=True,
            ),
        ]

    @classmethod
    def find_types(
        cls,
        context: interfaces.context.ContextInterface,
        layer_name: str,
        module: str | None = None,
        progress_callback: Any = None,
    ) -> ChosenTypes:
        """The types of the kernel in the physical layer under a layer, or of one of its modules.

        Of several kernels it is the one that runs, or that --btf-kernel asks for.

        Args:
            context: the context that holds the layer.
            layer_name: the layer to start from; address translation is stepped down from.
            module: the name of a loaded module; None for the kernel.
            progress_callback: told the percentage done.

        Raises:
            VolatilityException: the image holds no kernel BTF, or none of that module, or is damaged.
        """
        from volatility3_btf.btf import BtfError
        from volatility3_btf.kernel import KernelError, NoKernelError
        from volatility3_btf.kernel.loaded.choose_types import choose_types

        with image_under(context, layer_name) as memory:
            try:
                return choose_types(memory, module, progress_callback, asked(context))
            except NoKernelError as error:
                instead = seen_instead(context, layer_name)
                vollog.error("No kernel BTF found, so there are no types to show%s", instead)
                raise exceptions.SymbolSpaceError("the image holds no kernel BTF") from error
            except (KernelError, BtfError) as error:
                line = f"No types to show: {error}"
        vollog.error(line)
        raise exceptions.VolatilityException(line)

    def run(self) -> renderers.TreeGrid:
        """One row a member; for people, C."""
        from volatility3_btf.vol.commands.types_grid import TypesGrid
        from volatility3_btf.vol.commands.types_options import refusal

        if line := refusal(self.config):
            vollog.error(line)
            raise exceptions.VolatilityException(line)
        chosen = self.find_types(
            self.context, self.config["primary"], self.config.get("module"), self._progress_callback
        )
        return TypesGrid(self, chosen, self._progress_callback).make()
