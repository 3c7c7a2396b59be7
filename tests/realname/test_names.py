"""Names: what documents really write, kept letter by letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.crypto import masking
from idp.errors import IdpError
from idp.realname.errors import NameMalformed, NameUnwritable
from idp.realname.names import read, same

KEPT = [
    "张三",
    "欧阳娜娜",
    "买买提·艾合买提江",
    "阿卜杜热西提·买买提·艾力",
    "𠮷田",  # beyond the basic plane
    "王𬎆",
    "李㛃",  # extension A
    "\U00031350小明",  # extension H
    "〇一",
    "\uf9d0三",  # a compatibility ideograph, which normalising would replace
    "JOHN SMITH",
    "ANNE-MARIE O'NEILL",
    "MÜLLER, JÖRG",
    "John Smith Jr.",
]


@pytest.mark.parametrize("name", KEPT)
def test_a_name_stays_as_the_document_writes_it(name: str) -> None:
    assert read(name) == name


@pytest.mark.parametrize("dot", "•．・‧∙⋅･·")
def test_every_shape_of_the_dot_is_the_one_of_the_register(dot: str) -> None:
    assert read(f"买买提{dot}艾力") == "买买提·艾力"


@pytest.mark.parametrize("written", [" 张三 ", "张　三", "张 三", "张\u200b三", "\ufeff张三"])
def test_spaces_in_a_chinese_name_are_not_part_of_it(written: str) -> None:
    assert read(written) == "张三"


def test_spaces_between_latin_words_are_one() -> None:
    assert read("  JOHN   SMITH ") == "JOHN SMITH"


@pytest.mark.parametrize(
    "written",
    ["", " ", "张", "·张三", "张三·", "张··三", "张三先生2", "张三(曾用名)", "a1b", "<b>张三</b>",
     "张三\x00", "张" * 51, "A" * 101, "张三Smith", "🙂🙂", "-", "Иван Петров"],
)  # fmt: skip
def test_what_no_document_writes_is_refused(written: str) -> None:
    with pytest.raises(NameMalformed):
        read(written)


@pytest.mark.parametrize("sign", ["\ue000", "\uf8ff", "\U000f0000"])
def test_a_private_character_is_refused_and_the_way_out_is_named(sign: str) -> None:
    with pytest.raises(NameUnwritable) as raised:
        read(f"张{sign}")
    assert "大厅" in raised.value.next_step


def test_capitals_make_no_other_name() -> None:
    assert same("John Smith", "JOHN SMITH")
    assert not same("张三", "张叁")


@given(st.text(max_size=120))
def test_reading_twice_is_reading_once(written: str) -> None:
    try:
        name = read(written)
    except IdpError:
        return
    assert read(name) == name
    assert len(masking.name(name)) == min(len(name), 12)


@given(st.text(st.characters(min_codepoint=0x20000, max_codepoint=0x323AF), min_size=2, max_size=4))
def test_rare_characters_survive(name: str) -> None:
    assert read(name) == name
