"""Every dataset on disk, as a tiny copy in its distributed layout: what is read."""

import numpy as np
import pytest
from helpers.copies import COPIES, copied, voc

from bench.data import DATASETS

pytestmark = pytest.mark.slow


def test_every_dataset_on_disk_has_a_copy_here(tmp_path):
    on_disk = {name for name in DATASETS.names() if DATASETS.get(name).needs_root} - {"pack"}
    assert not DATASETS.broken()
    assert on_disk == {
        COPIES[writer](tmp_path / writer).name for writer in COPIES if (tmp_path / writer).mkdir() is None
    }


def test_ids_classes_and_labels_are_those_of_the_files(copy, tmp_path):
    dataset = copy.open(tmp_path / "cache")
    assert dataset.class_names == copy.classes
    for part in ("train", "test"):
        split = getattr(dataset, part)
        assert split.ids == tuple(getattr(copy, part))
        assert np.array_equal(split.labels, copy.labels(part))
        assert split.positions is None
        assert split.official_count is None
        assert split.ignored is None


def test_images_are_rgb_in_the_order_of_the_labels(copy, tmp_path):
    dataset = copy.open(tmp_path / "cache")
    for split, first in ((dataset.train, 0), (dataset.test, 5)):
        assert len(split.images) == len(split)
        for i, image in enumerate(split.images):
            assert image.mode == "RGB"
            assert image.size == (32, 24)
            assert abs(np.asarray(image)[..., 0].mean() - 20 * (first + i) - 3.5) < 3


def test_files_are_parsed_once_and_again_when_they_change(copy, tmp_path, monkeypatch):
    before = copy.open(tmp_path / "cache").fingerprint
    with monkeypatch.context() as unread:
        unread.setattr(DATASETS.get(copy.name), "read", lambda self, part: pytest.fail("parsed again"))
        assert copy.open(tmp_path / "cache").fingerprint == before
        source = copy.open(tmp_path / "cache").sources("test")[-1]
        source.write_text(source.read_text() + "\n")
        with pytest.raises(pytest.fail.Exception, match="parsed again"):
            _ = copy.open(tmp_path / "cache").fingerprint
    assert copy.open(tmp_path / "cache").fingerprint == before


def test_a_damaged_cache_of_parsed_files_is_made_anew(copy, tmp_path):
    before = copy.open(tmp_path / "cache").fingerprint
    for path in (tmp_path / "cache").rglob("*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    assert copy.open(tmp_path / "cache").fingerprint == before


def test_names_are_words_when_asked_for(copy, tmp_path):
    if copy.name == "coco":
        assert copy.open(tmp_path, names="tai").class_names == ("person", "aeroplane", "toothbrush")
        assert copy.open(tmp_path, names="clean").class_names == copy.classes
        return
    clean = copy.open(tmp_path, names="clean").class_names
    assert len(set(clean)) == len(copy.classes)
    assert not any("_" in name or "::" in name for name in clean)
    assert clean != copy.classes


def test_clean_names_of_the_papers_datasets(tmp_path):
    names = {}
    for writer in ("voc", "nuswide", "cub"):
        copy = copied(writer, tmp_path)
        names |= dict(zip(copy.classes, copy.open(tmp_path / "cache", names="clean").class_names, strict=True))
    expected = {
        "aeroplane": "airplane",
        "diningtable": "dining table",
        "tvmonitor": "tv monitor",
        "birds": "bird",
        "plane": "airplane",
        "has_bill_shape::curved_(up_or_down)": "curved bill",
        "has_bill_shape::hooked_seabird": "hooked seabird bill",
        "has_wing_color::blue": "blue wing",
        "has_tail_shape::forked_tail": "forked tail",
        "has_wing_shape::rounded-wings": "rounded-wings",
        "has_upper_tail_color::blue": "blue upper tail",
        "has_bill_length::about_the_same_as_head": "about the same as head bill",
        "has_size::large_(16_-_32_in)": "large size",
        "has_shape::upright-perching_water-like": "upright-perching water-like shape",
        "has_tail_pattern::solid": "solid tail",
    }
    assert {raw: names[raw] for raw in expected} == expected


def test_main_lists_and_xml_annotations_say_the_same(tmp_path):
    main, xml = voc(tmp_path / "main"), voc(tmp_path / "xml", xml=True)
    assert not list((tmp_path / "xml").rglob("*_trainval.txt"))
    for difficult in ("negative", "positive", "ignore"):
        a, b = (copy.open(tmp_path / "cache", difficult=difficult) for copy in (main, xml))
        assert a.fingerprint == b.fingerprint


@pytest.mark.parametrize("inside", [".", "VOCdevkit", "VOCdevkit/VOC2007"])
def test_voc_is_found_from_around_its_folder(inside, tmp_path):
    copy = voc(tmp_path / "copy")
    entry = DATASETS.get("voc2007")
    assert entry(entry.Options(), copy.root / inside, tmp_path).train.ids == tuple(copy.train)
