# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The automagic that makes Linux plugins run on an image nobody has symbols for.

It runs before Volatility stacks its layers, because Volatility's own stackers give a kernel with 5-level page
tables a 4-level layer as soon as they know its banner. It acts only for what nothing else has configured: a
kernel module, or, in the form of older plugins, a layer with or without a symbol table. A symbol file of the
user's is used where it can serve.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeAlias

from volatility3.framework import exceptions, interfaces
from volatility3.framework.automagic import construct_layers
from volatility3.framework.configuration import requirements

from ...memory.memory import UnreadableError
from ...survey import Survey
from ..layers import FAULTS, layer_memory, physical_layer_name
from ..layers.files.what_file import what_file
from ..layers.image_layers import LOCATION, leave_formats_only, stack_physical
from ..lines import one_line, put_off
from ..symbols.store import path_of
from .decision import OWN_CLASSES, STOCK_CLASS, Answer, decide, source_for, tell
from .kernel_layer import OnDiskError, ProcessorError, SpaceError
from .running import OPTION, NoTableError, running_kernel
from .serving import of_another_image, unfit
from .wanted import Wanted, wanted_by

if TYPE_CHECKING:
    from ...kernel import Kernel

log = logging.getLogger(__name__)

Context: TypeAlias = interfaces.context.ContextInterface
Requirement: TypeAlias = interfaces.configuration.RequirementInterface
join = interfaces.configuration.path_join

ERRORS = (exceptions.VolatilityException, UnreadableError, LookupError, TypeError, ArithmeticError, *FAULTS)
"""What damaged images, broken files and the framework's own constructors raise."""


class BtfSymbols(interfaces.automagic.AutomagicInterface):
    """Makes a symbol table from the BTF and kallsyms in a Linux image when there is no symbol file for it."""

    priority = 5
    exclusion_list = ["windows", "mac"]

    def __init__(self, context: Context, config_path: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(context, config_path, *args, **kwargs)
        self._answers: dict[str, Answer | NoTableError | SpaceError | None] = {}

    @classmethod
    def get_requirements(cls) -> list[Requirement]:
        """What the user may say."""
        return [
            requirements.BooleanRequirement(
                name="no_btf",
                description="Make no symbol table from the BTF in a Linux image that has no symbol file",
                default=False,
                optional=True,
            ),
            requirements.StringRequirement(
                name=OPTION,
                description="Of several kernels in a Linux image, the one to take: its release, or where its "
                "BTF lies",
                default=None,
                optional=True,
            ),
        ]

    def kernels_in(self, context: Context) -> list[Kernel]:
        """The kernel that plugins get of the context's image, and those that could be taken in its place.

        None of them where no plugin has asked for one yet, or nothing but the user's symbol file tells of it.
        """
        answer = self._answers.get(context.config.get(LOCATION, None) or "")
        if not isinstance(answer, Answer) or answer.kernel is None:
            return []
        return [answer.kernel, *answer.others]

    def gives_nothing(self, context: Context) -> bool:
        """Whether the context's image was searched to the end, and no plugin can get a kernel of it."""
        location = context.config.get(LOCATION, None)
        return location in self._answers and not isinstance(self._answers[location], Answer)

    def __call__(
        self, context: Context, config_path: str, requirement: Requirement, progress_callback: Any = None
    ) -> None:
        """Configure and construct the kernel that a plugin wants and that nothing else has configured."""
        if self.config.get("no_btf", False):
            return
        wanted = list(wanted_by(self.find_requirements, context, config_path, requirement))
        told: set[str] = set()
        changed = [self._try(context, config_path, each, told, progress_callback) for each in wanted]
        if any(changed):
            constructor = construct_layers.ConstructionMagic(
                context, join(self.config_path, "ConstructionMagic")
            )
            constructor(context, config_path, requirement)

    def _try(self, context: Context, config_path: str, wanted: Wanted, told: set[str], progress: Any) -> bool:
        """Configure what is wanted if that is for us to do; tell in one line, once, why it cannot be done."""
        reason = ""
        try:
            if wanted.asks_for(context, OWN_CLASSES):
                return self._restore(context, wanted, progress)
            if wanted.is_free(context):
                return self._configure(context, config_path, wanted, progress)
        except (NoTableError, SpaceError) as error:
            if isinstance(error, ProcessorError | OnDiskError):
                leave_formats_only(context)
            reason = str(error)
        except ERRORS as error:
            log.debug("while a symbol table was made", exc_info=True)
            reason = f"{type(error).__name__}: {error}"
        if reason and reason not in told:
            told.add(reason)
            _complain(context, wanted, reason)
        return False

    def _configure(self, context: Context, config_path: str, wanted: Wanted, progress: Any) -> bool:
        """Configure a layer, and the symbol table and the module that are wanted on it."""
        location = context.config.get(LOCATION, None)
        if location is None:
            return False
        answer = self._answer(context, config_path, location, progress)
        if answer is None:
            return False
        if wanted.table:
            self._give_table(context, wanted, answer)
        elif answer.kernel is not None:
            tell(answer.kernel, own_file=True)
        wanted.set_layer(context, answer.layer, answer.offset)
        return True

    def _answer(self, context: Context, config_path: str, location: str, progress: Any) -> Answer | None:
        """What the image gives, looked for when it is first asked for.

        What was found out is kept, that no table can be made too. A search that was interrupted or has failed
        found nothing out, and is made again.

        Raises:
            NoTableError, SpaceError: there is a Linux kernel, and no table can be made for it.
        """
        if location not in self._answers:
            try:
                copy, physical = stack_physical(context, config_path, progress)
                self._answers[location] = _decided(copy, physical, progress)
            except (NoTableError, SpaceError) as error:
                self._answers[location] = type(error)(str(error))  # without the frames, which hold the image
        kept = self._answers[location]
        if isinstance(kept, Exception):
            raise type(kept)(str(kept))
        return kept

    def _give_table(self, context: Context, wanted: Wanted, answer: Answer) -> None:
        """Construct the first symbol table that can serve: the user's own files come before ours.

        Raises:
            NoTableError: none can.
        """
        for url in answer.files:
            if _serves(context, wanted, url, answer):
                log.info("symbol table: the user's own, %s", url)
                if answer.kernel is not None:
                    tell(answer.kernel, own_file=True)
                return
        if answer.kernel is None:
            raise NoTableError(answer.reason)
        tell(answer.kernel)
        source = answer.source or source_for(answer.kernel)
        wanted.make_table(context, source.class_name, source.url, answer.symbol_mask)
        if answer.keep is not None:
            answer.keep(path_of(source.url))

    def _restore(self, context: Context, wanted: Wanted, progress: Any) -> bool:
        """Make the table again that a saved configuration names and that is gone."""
        name = context.config.get(wanted.layer, None)
        if name not in context.layers:
            return False
        layer = context.layers[name]
        memory = layer_memory(context, physical_layer_name(context, name))
        root = layer.config.get("page_map_offset", None)
        kernel = running_kernel(Survey(memory, progress=progress), root=root).kernel
        source = source_for(kernel)
        wanted.make_table(context, source.class_name, source.url, layer.address_mask)
        return True


def _decided(context: Context, physical: str, progress: Any) -> Answer | None:
    """As `decide`; where nothing comes of a file that is no memory, the error says what it is."""
    reason = what_file(context, physical)
    try:
        answer = decide(context, physical, progress)
    except (NoTableError, SpaceError):
        if reason:
            raise NoTableError(reason) from None
        raise
    if answer is None and reason:
        raise NoTableError(reason)
    return answer


def _serves(context: Context, wanted: Wanted, url: str, answer: Answer) -> bool:
    """Try a symbol file of the user's; where it cannot serve, one line says why, and it is gone again."""
    try:
        table = wanted.make_table(context, STOCK_CLASS, url, answer.symbol_mask)
        reason = unfit(table, answer.kernel)
    except Exception as error:  # a file that is none can make its reader raise anything
        log.debug("while a symbol file was read", exc_info=True)
        reason = f"it cannot be read: {type(error).__name__}: {error}"
    if not reason and of_another_image(table, answer.kernel):
        log.warning("The symbol file %s is used, which linux.btfisf made of another image", one_line(url))
    if reason:
        wanted.drop_table(context)
        log.warning("The symbol file %s is passed over: %s", one_line(url), one_line(reason))
    return not reason


def _complain(context: Context, wanted: Wanted, reason: str) -> None:
    """One line for the user; text from the image cannot break it.

    A plugin that wants a layer only may be for any system: the line is due if nobody finds it one.
    """
    line = f"No symbol table could be made from this image: {one_line(reason)}"
    if wanted.table:
        log.warning("%s", line)
    else:
        put_off(context, wanted.layer, line)
