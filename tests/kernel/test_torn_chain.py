# SPDX-License-Identifier: Apache-2.0
"""Chains whose elements are of two moments."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from volatility3_btf.kernel.torn_chain import follow_chain

HEAD, MOST = 1, 100
POISON = 1 << 41
State = dict[int, tuple[int, int]]


def chain(*nodes: int) -> State:
    """`next` and `pprev` of a chain's elements."""
    order = [HEAD, *nodes, 0]
    return {node: (order[place + 2], order[place]) for place, node in enumerate(nodes)}


def test_a_whole_chain() -> None:
    found = follow_chain(2, chain(2, 3, 4).get, HEAD, MOST)
    assert (found.elements, found.is_torn) == ([2, 3, 4], False)
    assert not follow_chain(0, {}.get, HEAD, MOST).is_torn


def test_an_element_that_cannot_be_read() -> None:
    links = chain(2, 3, 4)
    del links[3]
    found = follow_chain(2, links.get, HEAD, MOST)
    assert (found.elements, found.end, found.at) == ([2], "unreadable", 3)


def test_an_element_that_leads_to_one_before_it() -> None:
    links = chain(2, 3, 4)
    links[4] = (2, 3)
    found = follow_chain(2, links.get, HEAD, MOST)
    assert (found.elements, found.end) == ([2, 3, 4], "cycle")


def test_what_was_added_in_between() -> None:
    links = chain(2, 3, 4, 5)
    links[2] = (5, HEAD)
    found = follow_chain(2, links.get, HEAD, MOST)
    assert (found.elements, found.skipped, found.end) == ([2, 3, 4, 5], 2, "whole")


def test_what_was_taken_out_and_still_leads_on() -> None:
    links = chain(2, 3, 4)
    links[9] = (3, POISON)
    found = follow_chain(9, links.get, HEAD, MOST)
    assert found.end == "strange"
    links[3] = (4, HEAD)  # closed over it: 9 stood before 3
    found = follow_chain(9, links.get, HEAD, MOST)
    assert (found.elements, found.unlinked, found.end) == ([9, 3, 4], 1, "whole")


def test_what_is_something_else_by_now() -> None:
    links = chain(2, 3, 4)
    links[3] = (7777, 8888)
    found = follow_chain(2, links.get, HEAD, MOST)
    assert (found.elements, found.end, found.at) == ([2], "strange", 3)
    links[3] = (0, 0)  # a page of zeros
    assert follow_chain(2, links.get, HEAD, MOST).end == "strange"


def test_what_an_element_says_itself_counts_more() -> None:
    links = chain(2, 3, 4)
    links[3] = (4, 8888)
    links[4] = (0, 7777)
    found = follow_chain(2, links.get, HEAD, MOST, lambda node: node != 4)
    assert (found.elements, found.unlinked, found.end, found.at) == ([2, 3], 1, "strange", 4)


def test_no_more_than_were_to_be_followed() -> None:
    found = follow_chain(2, lambda node: (node + 1, node - 1), HEAD, 10)
    assert (len(found.elements), found.end) == (10, "long")


@given(
    st.integers(0, 12), st.dictionaries(st.integers(2, 12), st.tuples(st.integers(0, 14), st.integers(0, 14)))
)
def test_any_links(first: int, links: State) -> None:
    found = follow_chain(first, links.get, HEAD, MOST)
    assert set(found.elements) <= set(links)
    assert len(found.elements) == len(set(found.elements))
