"""Whatever is done to a chain, something is found, and nothing is found in one that is whole."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from console.trail.chain import Head, Link, examine

ZEROS = "0" * 64


def seal(*facts: object) -> str:
    return sha256(repr(facts).encode()).hexdigest()


def written(length: int) -> tuple[list[Link], Head]:
    """A chain as the database would have made it; every second id went to another proposal."""
    links, before = [], ZEROS
    for place in range(1, length + 1):
        digest = seal(2 * place, place, before)
        links.append(Link(2 * place, place, before, digest, digest))
        before = digest
    return links, Head(length, 2 * length, before)


lengths = st.integers(1, 12)


@given(lengths)
def test_nothing_is_found_where_nothing_was_done(length: int) -> None:
    links, head = written(length)
    assert list(examine(1, links, head)) == []


@given(lengths, st.data())
def test_whatever_is_removed_is_missed(length: int, data: st.DataObject) -> None:
    links, head = written(length)
    gone = data.draw(st.sets(st.integers(1, length), min_size=1))
    left = [link for link in links if link.sequence not in gone]
    findings = list(examine(1, left, head))
    assert 1 <= len(findings) <= len(gone)
    assert all(finding.event_id in (None, head.event_id) for finding in findings)


@given(lengths, st.data())
def test_exactly_the_edited_ones_are_named(length: int, data: st.DataObject) -> None:
    links, head = written(length)
    edited = data.draw(st.sets(st.integers(1, length), min_size=1))
    now = [link._replace(seal=seal("other")) if link.sequence in edited else link for link in links]
    assert {finding.event_id for finding in examine(1, now, head)} == {2 * place for place in edited}


@given(st.integers(2, 12), st.data())
def test_a_new_order_is_found_and_only_those_that_moved_are_named(length: int, data: st.DataObject) -> None:
    links, head = written(length)
    order = data.draw(st.permutations(range(length)).filter(lambda order: order != sorted(order)))
    now = []
    for link, other in zip(links, order, strict=True):
        # The event takes the number of another one; everything else in its row stays, its old hash too.
        number = links[other].id
        now.append(link._replace(id=number, seal=seal(number, link.sequence, link.prev_hash)))
    moved = {links[other].id for place, other in enumerate(order) if place != other}
    now.sort(key=lambda link: link.id)
    assert {finding.event_id for finding in examine(1, now, head)} == moved


@given(lengths, st.data())
def test_a_forged_one_is_named_and_its_neighbours_are_not(length: int, data: st.DataObject) -> None:
    links, head = written(length)
    place = data.draw(st.integers(1, length))
    before = links[place - 1].prev_hash
    digest = seal(101, place, before)
    forged = Link(101, place, before, digest, digest)
    assert [finding.event_id for finding in examine(1, [*links, forged], head)] == [101]


@given(
    st.lists(
        st.builds(
            Link,
            st.integers(1, 50),
            st.integers(-3, 2**31 - 1),
            st.sampled_from("abc"),
            st.sampled_from("abc"),
            st.sampled_from("abc"),
        ),
        max_size=8,
        unique_by=lambda link: link.id,
    ),
    st.none() | st.builds(Head, st.integers(-3, 2**31 - 1), st.integers(1, 50), st.sampled_from("abc")),
)
def test_any_rows_at_all_are_walked_to_the_end(links: list[Link], head: Head | None) -> None:
    assert len(list(examine(1, links, head))) <= 2 * len(links) + 2
