"""Tables of published numbers keep camps apart, and no number is lost."""

from collections import Counter

from bench.report.published.groups import groups
from bench.report.published.reading import published
from bench.report.published.tables import published_table


def test_no_table_mixes_camps_and_no_number_is_lost():
    for dataset in published().datasets:
        shown = Counter()
        for group in groups(dataset):
            for line in group.lines:
                assert {number.camp or "" for number in line.numbers} == {group.camp.id}
                assert {number.setting for number in line.numbers} == {group.setting}
                shown.update(n.mAP for n in line.numbers)
        assert set(shown) == {n.mAP for n in published().of(dataset)}


def test_the_best_is_of_its_own_camp_and_never_of_a_third_party():
    for group in groups("voc2007"):
        drawn = published_table(group)
        best = [value for row in drawn.rows for value in row if value.style == "best"]
        if not group.camp.ranked or group.setting == "full":
            assert not best
    frozen = next(g for g in groups("voc2007") if (g.setting, g.camp.id) == ("partial", "clip-rn101"))
    drawn = published_table(frozen)
    at_ten = {row[0].text: row[1] for row in drawn.rows if row[1].text != "-"}
    assert at_ten["DualCoOp + class-concept TTA"].style == "best"
    assert at_ten["DualCoOp + TaI-DPT (ensemble)"].text == "93.3", "higher, but from an aggregator"
    assert at_ten["DualCoOp + TaI-DPT (ensemble)"].style == "aside"


def test_copies_of_a_line_are_shown_once_with_both_sources():
    resnet = next(g for g in groups("coco") if g.camp.id == "resnet101")
    lines = [line for line in resnet.lines if line.first.method == "SST"]
    assert [line.also for line in lines] == [("sr_1",)]
    assert "also in Saliency Regularization" in " ".join(published_table(resnet).footnotes)


def test_averages_that_are_none_are_told():
    frozen = next(g for g in groups("coco") if g.camp.id == "clip-rn101")
    assert "printed average 82.7; the mean of its nine numbers is 83.14" in " ".join(published_table(frozen).footnotes)
