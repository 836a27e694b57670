# SPDX-License-Identifier: Apache-2.0
"""Circular lists whose elements are of two moments."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from volatility3_btf.kernel.torn_ring import Pair, both_ways, merge

HEAD, MOST = 0, 100
POISON = (1 << 40, 1 << 41)
State = dict[int, Pair]


def ring(*nodes: int) -> State:
    """The links of a list, its head's too."""
    order = [HEAD, *nodes]
    return {node: (order[(place + 1) % len(order)], order[place - 1]) for place, node in enumerate(order)}


def test_a_whole_list() -> None:
    found = both_ways(ring(1, 2, 3).get, HEAD, MOST)
    assert (found.elements, found.forward, found.backward, found.meets) == ((1, 2, 3), 3, 3, True)
    assert not found.unlinked
    assert not found.left_out


def test_an_empty_list() -> None:
    assert both_ways(ring().get, HEAD, MOST).elements == ()
    assert both_ways(ring().get, HEAD, MOST).meets


def test_a_head_that_cannot_be_read() -> None:
    found = both_ways({}.get, HEAD, MOST)
    assert (found.elements, found.meets) == ((), False)


def test_one_next_that_leads_nowhere() -> None:
    for node, forward in ((HEAD, 0), (1, 1), (4, 4)):
        links = ring(1, 2, 3, 4)
        links[node] = (POISON[0], links[node][1])
        found = both_ways(links.get, HEAD, MOST)
        assert (found.elements, found.forward, found.backward) == ((1, 2, 3, 4), forward, 4)
        assert (found.meets, found.astray, found.has_gap) == (True, 1, True)


def test_a_gap_in_both_directions() -> None:
    links = ring(1, 2, 3, 4, 5, 6)
    links[2] = (POISON[0], 1)
    links[5] = (6, POISON[1])
    found = both_ways(links.get, HEAD, MOST)
    assert (found.elements, found.forward, found.backward, found.meets) == ((1, 2, 5, 6), 2, 2, False)


def test_a_next_that_skips_what_came_later() -> None:
    links = ring(1, 2, 3, 4)
    links[1] = (4, HEAD)
    found = both_ways(links.get, HEAD, MOST)
    assert (found.elements, found.forward, found.backward, found.meets) == ((1, 2, 3, 4), 2, 4, True)
    assert not found.has_gap


def test_what_was_taken_out_and_still_leads_on() -> None:
    """list_del_rcu() leaves `next`, and poisons `prev`."""
    links = ring(1, 2, 3)
    links[9] = (2, POISON[1])
    links[1] = (9, HEAD)
    found = both_ways(links.get, HEAD, MOST)
    assert (found.elements, found.unlinked, found.meets) == ((1, 9, 2, 3), (9,), True)


def test_what_is_something_else_by_now() -> None:
    links = ring(1, 2, 3)
    links[9] = (7777, 8888)
    links[1] = (9, HEAD)
    found = both_ways(links.get, HEAD, MOST)
    assert (found.elements, found.left_out, found.meets) == ((1, 2, 3), (9,), True)


def test_a_link_into_another_list() -> None:
    links = ring(1, 2, 3) | {11: (12, 13), 12: (13, 11), 13: (11, 12)}
    links[1] = (11, HEAD)
    found = both_ways(links.get, HEAD, MOST)
    assert (found.elements, found.left_out) == ((1, 2, 3), (11, 12, 13))
    links[3] = (HEAD, POISON[1])
    found = both_ways(links.get, HEAD, MOST)
    assert (found.elements, found.left_out, found.meets) == ((1, 3), (11, 12, 13), False)


def test_what_an_element_says_itself_counts_more() -> None:
    """Behind a link that nothing answers, what is of this list is kept, and nothing else."""
    links = ring(1, 2, 3) | {11: (12, 13), 12: (13, 11), 13: (11, 12), 9: (7777, 8888)}
    links[1] = (11, HEAD)
    links[3] = (HEAD, 9)
    found = both_ways(links.get, HEAD, MOST, lambda node: node not in (9, 13))
    assert (found.elements, found.left_out, found.meets) == ((1, 11, 12, 3), (9, 13), False)
    found = both_ways(links.get, HEAD, MOST, lambda node: None)
    assert (found.elements, found.left_out) == ((1, 3), (9, 11, 12, 13))


def test_no_more_than_were_to_be_followed() -> None:
    endless = both_ways(lambda node: (node + 1, node - 1), HEAD, 10)
    assert (endless.forward, endless.backward, endless.meets) == (10, 10, False)


def test_two_parts_of_one_order() -> None:
    assert merge([1, 2, 6], [2, 3, 4, 6, 7]) == [1, 2, 3, 4, 6, 7]
    assert merge([1, 2], [8, 9]) == [1, 2, 8, 9]
    assert merge([1, 2], [2, 1]) == [2, 1]
    assert sorted(merge([3, 1, 2], [2, 3, 9, 1])) == [1, 2, 3, 9]


@st.composite
def copies(draw: st.DrawFn) -> tuple[set[int], State]:
    """A list to which one was added, or from which one was taken, while its pages were copied one by one."""
    nodes = draw(st.lists(st.integers(1, 50), unique=True, min_size=1, max_size=12))
    place = draw(st.integers(0, len(nodes) - 1))
    without = nodes[:place] + nodes[place + 1 :]
    one = nodes[place]
    inside, outside = ring(*nodes), ring(*without)
    if draw(st.booleans()):  # taken out: it keeps its `next`
        outside[one] = (inside[one][0], POISON[1])
    elif draw(st.booleans()):  # not yet there: its memory is another's
        outside[one] = (draw(st.integers(51, 60)), draw(st.integers(51, 60)))
    mixed = {node: draw(st.sampled_from([inside, outside])).get(node) for node in inside}
    return set(without), {node: pair for node, pair in mixed.items() if pair is not None}


@given(copies())
def test_what_was_there_before_and_after_is_found(made: tuple[set[int], State]) -> None:
    there, links = made
    found = both_ways(links.get, HEAD, MOST)
    assert there <= set(found.elements)
    assert len(found.elements) == len(set(found.elements))


@given(st.dictionaries(st.integers(0, 12), st.tuples(st.integers(0, 14), st.integers(0, 14))))
def test_any_links(links: State) -> None:
    found = both_ways(links.get, HEAD, MOST)
    assert set(found.elements) <= set(links) - {HEAD}
    assert len(found.elements) == len(set(found.elements))
    assert set(found.unlinked) <= set(found.elements)
    assert not set(found.left_out) & set(found.elements)
