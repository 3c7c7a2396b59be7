"""Which windows the bench counts."""

from collections.abc import Iterator

from bench import windows
from bench.meter import Used
from bench.windows import Patience
from bench.wrk import Refused, Window


def window(done: int = 100, strangers: float = 0.0) -> Window:
    return Window(done, Used(2.0, 1.0, {}, 2.0 * strangers))


def task(*outcomes: Window | Refused) -> windows.Task:
    left: Iterator[Window | Refused] = iter(outcomes)

    def take() -> Window:
        outcome = next(left)
        if isinstance(outcome, Refused):
            raise outcome
        return outcome

    return take


def one(*outcomes: Window | Refused, disturbed: int = 2, refused: int = 1) -> windows.Measured:
    return windows.interleaved({"it": task(*outcomes)}, 1, Patience(disturbed, refused))["it"]


def test_a_window_strangers_disturbed_is_taken_again():
    found = one(window(50, strangers=0.4), window(100))

    assert [each.done for each in found.kept] == [100]
    assert (found.thrown_away, found.disturbed) == (1, 0)


def test_when_it_never_gets_quiet_the_last_counts_and_is_marked():
    found = one(*[window(10 * n, strangers=0.4) for n in (1, 2, 3)])

    assert [each.done for each in found.kept] == [30]
    assert (found.thrown_away, found.disturbed) == (2, 1)


def test_a_window_with_a_wrong_answer_never_counts():
    found = one(Refused("status 500"), window(100))

    assert [each.done for each in found.kept] == [100]
    assert found.refused == ["status 500"]


def test_who_keeps_answering_wrongly_has_no_figure():
    found = one(Refused("a"), Refused("b"))

    assert found.rounds == [None]
    assert found.refused == ["a", "b"]
    assert windows.spread(found, windows.per_second) is None


def test_everybody_has_a_turn_in_each_round_and_another_goes_first():
    turns: list[str] = []

    def noting(name: str) -> windows.Task:
        def take() -> Window:
            turns.append(name)
            return window()

        return take

    windows.interleaved({"a": noting("a"), "b": noting("b")}, 2, Patience())

    assert turns == ["a", "b", "b", "a"]


def test_a_ratio_takes_only_rounds_both_have():
    ours = windows.Measured([window(20), None, window(40)])
    theirs = windows.Measured([window(10), window(1), window(20)])

    found = windows.ratio(ours, theirs, windows.per_second)

    assert found is not None
    assert (found.rounds, round(found.middle, 6)) == (2, 2.0)


def test_without_common_rounds_there_is_no_ratio():
    ours, theirs = windows.Measured([window(), None]), windows.Measured([None, window()])

    assert windows.ratio(ours, theirs, windows.per_second) is None
