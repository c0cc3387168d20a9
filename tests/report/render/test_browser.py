"""The report in a real browser, from its file: sorting, filtering, links, no error, no request to anywhere."""

import json
import shutil

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed (extra `test`)")
CHROMIUM, DRIVER = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed"),
]

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield browser
    browser.quit()


@pytest.fixture
def page(driver, written):
    """The report, freshly opened; afterwards there must be neither an error nor a request to another host."""
    driver.get_log("browser"), driver.get_log("performance")
    driver.get(written[1].with_name("report.html").as_uri())
    yield driver
    assert driver.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert urls
    own = ("file:", "data:", "chrome")  # the last for the empty tab that the browser starts with
    assert [url for url in urls if not url.startswith(own)] == []


def column(page, table: str, place: int) -> list[str]:
    """The texts of a column, in the order shown; hidden lines are left out."""
    rows = page.find_elements("css selector", f"{table} tbody tr")
    return [row.find_elements("css selector", "th, td")[place].text for row in rows if row.is_displayed()]


def first_table(page):
    return "section:first-of-type table"


def test_a_click_on_a_column_sorts_by_its_numbers(page):
    table = first_table(page)
    button = page.find_elements("css selector", f"{table} thead button")[1]
    shown = [float(text.split()[0]) for text in column(page, table, 1)]
    assert shown != sorted(shown, reverse=True)
    button.click()
    assert [float(text.split()[0]) for text in column(page, table, 1)] == sorted(shown, reverse=True)
    button.click()
    assert [float(text.split()[0]) for text in column(page, table, 1)] == sorted(shown)
    page.find_elements("css selector", f"{table} thead button")[0].click()
    names = column(page, table, 0)
    assert names == sorted(names)


def test_typing_leaves_the_methods_that_hold_the_words(page):
    typed = page.find_element("id", "typed")
    typed.send_keys("trm or")
    assert {name.rstrip("0123456789") for name in column(page, first_table(page), 0)} == {"trm_ml", "oracle"}
    assert set(column(page, "#all-cells", 0)) == {"trm_ml", "oracle"}
    assert page.find_element("id", "count").text == "2 of 4 methods shown"


def test_unticked_methods_are_hidden_everywhere(page):
    page.find_element("css selector", ".filter summary").click()
    page.find_element("css selector", ".boxes input[value=trm_ml]").click()
    assert "trm_ml" not in column(page, first_table(page), 0)
    assert "trm_ml" not in column(page, "#all-cells", 0)
    page.find_element("css selector", "button[data-tick=none]").click()
    assert column(page, "#all-cells", 0) == []
    page.find_element("css selector", "button[data-tick=all]").click()
    assert len(column(page, "#all-cells", 0)) == 4 * 3 * 2


def test_a_ratios_tab_leaves_its_cells(page):
    page.find_element("css selector", ".tabs button[data-ratio='50']").click()
    assert set(column(page, "#all-cells", 1)) == {"50 %"}
    assert len(column(page, "#all-cells", 1)) == 4 * 2


def test_a_number_leads_to_its_cell_and_back(page, grid):
    key = grid.cell("dualcoop", 50, 1).key
    link = page.find_element("css selector", f"section:first-of-type td a[href='cells/{key}.html']")
    printed = float(link.get_attribute("title").removeprefix("mAP "))
    link.click()
    assert page.find_element("tag name", "h1").text == "dualcoop scenes partial 50% seed 1"
    assert float(page.find_element("css selector", ".big").text) == printed
    page.find_element("link text", "Report").click()
    assert "recognition with missing labels" in page.title


def test_a_link_to_a_section_shows_its_title_below_what_stays_on_top(page):
    page.set_window_size(1280, 700)
    page.find_element("css selector", "nav a[href='#classes']").click()
    top = page.execute_script("return document.getElementById('classes').getBoundingClientRect().top")
    bar = page.execute_script("return document.querySelector('.filter').getBoundingClientRect().bottom")
    assert 0 < bar <= top < 700


@pytest.mark.parametrize(("width", "beside"), [(1280, True), (390, False)])
def test_the_first_two_figures_stand_beside_each_other_where_there_is_room(page, width, beside):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    boxes = "return [...document.querySelectorAll('.lead img')].map(image => image.getBoundingClientRect().toJSON())"
    ratios, gain = page.execute_script(boxes)
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert (gain["left"] >= ratios["right"]) == beside
    assert (gain["top"] >= ratios["bottom"]) != beside
    assert gain["right"] > 0.8 * width, "the right half is not empty"


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(page, width):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    loaded = "return [...document.images].every(image => image.complete && image.naturalWidth > 0)"
    assert page.execute_script(loaded)
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
