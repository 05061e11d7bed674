"""What makes no difference to who searches."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanchatd.text.folding import folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ёлка", "елка"),
        ("за\u0301мок", "замок"),
        ("всё\u0301", "все"),
        ("مَرْحَبًا", "مرحبا"),
        ("أحمد", "احمد"),
        ("إسلام", "اسلام"),
        ("آمال", "امال"),
        ("مسؤول", "مسوول"),
        ("مـــرحبا", "مرحبا"),
        ("علی", "علي"),
        ("کتاب", "كتاب"),
        ("مكتبة", "مكتبه"),
        ("שָׁלוֹם", "שלום"),
        ("\ufb2a\u05b8לוֹם", "שלום"),
        ("Đà Nẵng", "Da Nang"),
        ("łódź", "lodz"),
        ("Straße", "Strasse"),
        ("smørrebrød", "smorrebrod"),
        ("Ægir", "AEgir"),
        ("ışık", "isik"),
        ("İzmir", "Izmir"),
        ("Größe", "Grosse"),
        ("Ελλάδα", "Ελλαδα"),
        ("ﬁne", "fine"),
        ("ｆｕｌｌ", "full"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("co\u00adop", "coop"),
        ("한국", unicodedata.normalize("NFD", "한국")),
    ],
)
def test_it_is_the_same_to_who_searches(one: str, other: str) -> None:
    """As people type it who leave the marks out, or have not the letter."""
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("й", "и"),
        ("ў", "у"),
        ("ї", "і"),
        ("ќ", "к"),
        ("ё", "э"),
        ("हिन्दी", "हन्द"),
        ("कि", "की"),
        ("ड़", "ड"),
        ("が", "か"),
        ("ぱ", "は"),
        ("ガ", "カ"),
        ("นำ", "น"),
        ("ไม่", "ไม"),
        ("b", "в"),
        ("ב", "כ"),
        ("ت", "ث"),
    ],
)
def test_another_letter_is_another_one(one: str, other: str) -> None:
    """However alike they look, or however they are put together."""
    assert folded(one) != folded(other)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    """And how it was put together makes no difference."""
    assert folded(folded(text)) == folded(text) == folded(unicodedata.normalize("NFD", text))
