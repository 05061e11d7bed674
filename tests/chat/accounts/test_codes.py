"""Codes as people read and type them."""

from __future__ import annotations

import re

import pytest

from lanchatd.chat.accounts.codes import hash_of, new_code


def test_a_code_is_two_times_five_letters() -> None:
    """None of which is taken for another; and each is a new one."""
    made = {new_code() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch("[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}", code) for code in made)


@pytest.mark.parametrize("typed", ["k7m2q-x4p9d", "K7M2Q-X4P9D", " k7m2qx4p9d ", "k7m2-qx4p-9d"])
def test_it_may_be_typed_in_any_way(typed: str) -> None:
    """With capitals, or without the line between."""
    assert hash_of(typed) == hash_of("k7m2q-x4p9d") is not None


def test_letters_that_are_read_wrongly_are_understood() -> None:
    """An o for the 0, an i or l for the 1."""
    assert hash_of("oooooiilll") == hash_of("00000-11111")


@pytest.mark.parametrize("typed", ["", "k7m2q", "k7m2q-x4p9", "k7m2q-x4p9dd", "k7m2q x4p9d", "uuuuu-uuuuu"])
def test_anything_else_is_no_code(typed: str) -> None:
    """It may be a password."""
    assert hash_of(typed) is None
