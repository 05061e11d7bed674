"""Look-alikes: nobody takes a name that others would read as somebody else's."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanchatd.chat import moderating
from lanchatd.chat.events import Topic
from lanchatd.text import confusables, names
from lanchatd.text.lookalikes import Looks, looks_of, refuse_mixed
from lanchatd.text.refused import Refusal, Refused
from tests.world import World


@pytest.mark.parametrize(
    ("text", "skeleton"),
    [
        pytest.param("alice", "alice", id="what looks like itself"),
        pytest.param("раураl", "paypal", id="Cyrillic"),
        pytest.param("m", "rn", id="one that looks like two"),
        pytest.param("I1l|", "llll", id="strokes"),
        pytest.param("0О", "OO", id="circles"),
        pytest.param("é", "e\u0301", id="what has accents has them, and is decomposed"),
        pytest.param("ا١", "ll", id="from right to left"),
        pytest.param("Ѐ", "E\u0300", id="a letter that is decomposed first"),
        pytest.param("ﬀ", "ff", id="a ligature"),
    ],
)
def test_the_skeleton_of_a_text(text: str, skeleton: str) -> None:
    """UTS #39, 4: what looks the same has the same one."""
    assert confusables.skeleton(text) == skeleton


def test_one_table_for_all_characters() -> None:
    """No prototype looks like yet another one: two characters of a class meet whichever way they are read."""
    prototypes = confusables._prototypes()
    assert [text for text in prototypes.values() if text.translate(prototypes) != text] == []
    assert len(prototypes) == 6_307


@given(st.text(max_size=8))
@settings(max_examples=100)
def test_a_composed_letter_looks_like_its_parts(text: str) -> None:
    """However a keyboard makes them."""
    forms = {confusables.skeleton(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert len(forms) == 1


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("alice", {"LATIN"}),
        ("1984", set()),
        ("٣", {"ARABIC"}),
        ("аlice", {"CYRILLIC", "LATIN"}),
        ("שָׁלוֹם", {"HEBREW"}),
        ("アリスー", {"KATAKANA"}),
        ("\U00010437", {"DESERET"}),
        ("\U000e0080", {"UNKNOWN"}),
    ],
)
def test_the_scripts_of_a_text(text: str, scripts: set[str]) -> None:
    """Digits, signs and marks that go with every script have none of their own."""
    assert confusables.scripts(text) == scripts


@pytest.mark.parametrize(
    "text",
    [
        "alice", "Ünal", "Наталья", "Ελένη2", "علي", "٣علي", "שָׁלוֹם", "सीता१", "7", "山田", "山田taro",
        "アリスさん山田Alice", "김민준kim", "韓国한국", "ㄅㄆ山pin", "Nguyễn_Văn", "ひかり2",
    ],
)  # fmt: skip
def test_a_nick_of_one_script(text: str) -> None:
    """Everybody can be called by their own name; Chinese, Japanese and Korean go with Latin letters."""
    refuse_mixed(names.nick(text))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("аlice", "A nick is of one script; that one mixes Cyrillic and Latin."),
        ("Αlice", "A nick is of one script; that one mixes Greek and Latin."),
        ("παоλ", "A nick is of one script; that one mixes Cyrillic and Greek."),
        ("カ한", "A nick is of one script; that one mixes Hangul and Katakana."),
        ("山я", "A nick is of one script; that one mixes Cyrillic and Han."),
        ("aбω", "A nick is of one script; that one mixes Cyrillic and Greek and Latin."),
        ("علي٣3", "A nick has digits of one script only."),
        ("৪৩7", "A nick has digits of one script only."),
    ],
)
def test_a_nick_of_more_scripts_is_refused(text: str, why: str) -> None:
    """No font tells the letters of two scripts apart, and no language mixes them."""
    with pytest.raises(Refused) as refused:
        refuse_mixed(names.nick(text))
    assert refused.value.answering(None) == Refusal("bad_nick", why)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("bill", "bi11", id="one for l"),
        pytest.param("bill", "biII", id="capital i for l"),
        pytest.param("BILL", "BlLL", id="l for capital i"),
        pytest.param("Alice", "aIice", id="in another case"),
        pytest.param("william", "WilIiam", id="a capital at the beginning"),
        pytest.param("alice", "ALlCE", id="in capitals"),
        pytest.param("bob", "b0b", id="zero for o"),
        pytest.param("bob", "ВОВ", id="Cyrillic, in capitals"),
        pytest.param("coco", "сосо", id="Cyrillic"),
        pytest.param("tom", "torn", id="r and n for m"),
        pytest.param("alice", "ɑlice", id="a letter that is rare"),
        pytest.param("admin", "adm1n", id="who is reserved"),
    ],
)
def test_nicks_that_look_alike(one: str, other: str) -> None:
    """Whichever comes first, and however it is written: the two share a look."""
    first, second = names.nick(one), names.nick(other)
    assert first.key != second.key
    assert set(looks_of(first)) & set(looks_of(second))


@pytest.mark.parametrize(
    ("one", "other"),
    [("ali", "all"), ("mail", "mall"), ("vera", "nera"), ("alice", "alicia"), ("resume", "résumé"),
     ("bob", "bob_"), ("user1", "user7"), ("anna", "ana"), ("Илья", "Ильи"), ("山田", "山口"), ("3", "٣")],
)  # fmt: skip
def test_nicks_that_do_not(one: str, other: str) -> None:
    """Two who are called so are let in."""
    assert not set(looks_of(names.nick(one))) & set(looks_of(names.nick(other)))


def test_ten_thousand_numbered_nicks_look_different() -> None:
    """A class with numbers for names, or a load generator, gets in whole."""
    looks = [set(looks_of(names.nick(f"m{number}"))) for number in range(10_000)]
    assert len(set().union(*looks)) == sum(map(len, looks))


def test_a_look_alike_is_refused_while_the_other_is_here(world: World) -> None:
    """And is let in when the nick that it looks like is free."""
    bill, other = world.join("bill"), world.connect()
    assert other.types("bi11").sees()[-1] == "!! That nick looks like bill."
    assert other.types("BILL").sees() == ["!! That nick is taken."]
    bill.types("/quit")
    assert other.types("bi11").sees()[0] == "-- You are bi11 in #lobby. /help lists the commands."


def test_a_program_hears_that_the_nick_is_taken(world: World) -> None:
    """So it does what it does about any other nick that is taken."""
    world.join("bill")
    error = {"type": "error", "code": "nick_taken", "text": "That nick looks like bill."}
    assert world.join_json("biII").gets() == [error]


def test_a_look_alike_is_refused_to_who_takes_another_nick(world: World) -> None:
    """But one's own nick may look like the new one."""
    world.join("bill")
    bob = world.join("bob")
    assert bob.types("/nick bi11").sees() == ["!! That nick looks like bill."]
    assert bob.types("/nick b0b").sees() == ["-- bob is now b0b"]
    assert bob.types("/nick B0b").sees() == ["-- b0b is now B0b"]
    assert bob.types("/nick carol").sees() == ["-- B0b is now carol"]
    assert world.connect().types("bob").sees()[2] == "-- You are bob in #lobby. /help lists the commands."


@pytest.mark.parametrize("nick", ["adm1n", "Adrnin", "АDМIN"])
def test_nobody_looks_like_an_administrator(world: World, nick: str) -> None:
    """What administrators say comes from `admin`, whom nobody passes for."""
    seen = world.connect().types(nick).sees()
    assert seen[-1] in (
        "!! That nick looks like admin.", "!! A nick is of one script; that one mixes Cyrillic and Latin.",
    )  # fmt: skip


def test_a_mixed_nick_is_refused(world: World) -> None:
    """Also if nobody is called what it looks like."""
    seen = world.connect().types("аlice").sees()
    assert seen[-1] == "!! A nick is of one script; that one mixes Cyrillic and Latin."


def test_a_room_that_looks_like_another_is_not_made(world: World) -> None:
    """The one that is there is joined by its name as ever, in any case."""
    world.join("bob", room="#dev0ps")
    alice = world.join("alice")
    assert alice.types("/join #devops").sees() == ["!! That room looks like #dev0ps, which is there."]
    assert alice.types("/join #l0bby").sees() == ["!! That room looks like #lobby, which is there."]
    assert alice.types("/join #DEV0PS").sees()[0].startswith("-- You are alice in #dev0ps.")


def test_a_room_may_have_the_name_of_one_that_is_gone(world: World) -> None:
    """And may mix scripts: a room is not somebody."""
    bob = world.join("bob", room="#dev0ps")
    assert bob.types("/join #lobby").sees()[0].startswith("-- You are bob in #lobby.")
    assert bob.types("/join #devops").sees()[0].startswith("-- You are bob in #devops.")
    assert bob.types("/join #dev-чат").sees()[0].startswith("-- You are bob in #dev-чат.")


def test_rooms_that_were_kept_are_there_whatever_they_look_like(world: World) -> None:
    """What is in the log is not to be lost, and both are joined by their names."""
    world.chat.registry.restore([("#dev0ps", Topic("one"), 0), ("#devops", Topic("two"), 0)])
    alice = world.join("alice")
    assert "-- The topic is: two" in alice.types("/join #devops").sees()
    assert "-- The topic is: one" in alice.types("/join #dev0ps").sees()


def test_the_older_of_two_keeps_its_look() -> None:
    """The younger one takes nothing away with it when it goes."""
    older, younger, newcomer = map(names.room, ("#devops", "#dev0ps", "#devOp5"))
    looks = Looks()
    looks.add(older)
    looks.add(younger)
    looks.remove(younger)
    assert looks.like(younger) == older
    assert looks.like(older) is looks.like(newcomer) is None
    looks.remove(older)
    assert looks.like(younger) is None


def test_bans_mutes_and_operators_are_of_one_key(world: World) -> None:
    """What was kept is loaded with mixed scripts and look-alikes, and holds for just the nick it names."""
    document = (
        '{"version": 1, "bans": [{"on": "аlice", "until": null, "by": "x", "reason": ""}],'
        ' "mutes": [{"nick": "bi11", "until": null}], "operators": ["b0b"]}'
    )
    moderating.load(world.chat, document.encode())
    assert not world.join("alice").user.operator
    assert world.connect().types("bob").sees()[-1] == "!! That nick looks like b0b."  # which is held
    bill = world.join("bill")
    assert bill.types("hi").sees() == ["<bill> hi"]
    assert bill.types("/msg bi11 hi").sees() == ["!! There is no bi11 here."]
