# SPDX-License-Identifier: Apache-2.0
"""What a compiler must find true of a header: sizes and offsets as the image has them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assertion:
    """The size of a type or of a member's body, or the offset of a member, in bytes.

    Attributes:
        subject: the type in C: `struct list_head`, `kuid_t`.
        path: the member in C, empty for the type itself: `u.next`, `slots[0].key`.
        value: bytes.
        is_offset: whether it is the member's offset and not a size.
    """

    subject: str
    path: str
    value: int
    is_offset: bool

    def __str__(self) -> str:
        """The assertion in C; its message is the type, a dot and the member."""
        message = f"{self.subject}.{self.path}" if self.path else self.subject
        return f'_Static_assert({self._expression} == {self.value}, "{message}");'

    @property
    def _expression(self) -> str:
        if self.is_offset:
            return f"__builtin_offsetof({self.subject}, {self.path})"
        return f"sizeof((({self.subject} *)0)->{self.path})" if self.path else f"sizeof({self.subject})"
