"""The report opens without errors, shows its figures, sorts its tables and prints."""

from __future__ import annotations

import json
import re
from pathlib import Path

PROBE = """
<script>
window.addEventListener("error", function (e) { document.body.dataset.error = e.message; });
window.addEventListener("load", function () {
  var found = { figures: [], sorted: [], overflow: document.documentElement.scrollWidth };
  document.querySelectorAll("figure svg").forEach(function (svg) {
    var box = svg.getBoundingClientRect();
    found.figures.push([box.width, box.height]);
  });
  document.querySelectorAll("thead th button").forEach(function (button) {
    button.click(); button.click();
    var head = button.parentNode, table = head.closest("table");
    var column = Array.prototype.indexOf.call(head.parentNode.children, head);
    var keys = Array.prototype.map.call(table.tBodies[0].rows, function (row) {
      return row.cells[column].dataset.key; });
    found.sorted.push([head.getAttribute("aria-sort"), keys]);
  });
  document.body.dataset.found = JSON.stringify(found);
});
</script>
"""


def probed(compared: Path) -> str:
    """The report with a script in front of its end that says what a reader would see."""
    page = (compared / "report.html").read_text(encoding="utf-8")
    path = compared / "probe.html"
    path.write_text(page.replace("</body>", PROBE + "</body>"), encoding="utf-8")
    return path.as_uri()


def seen(chromium, compared, width):
    run = chromium(f"--window-size={width},900", "--dump-dom", probed(compared))
    assert "CONSOLE" not in run.stderr, run.stderr
    assert "data-error" not in run.stdout
    text = re.search(r'data-found="([^"]*)"', run.stdout)
    assert text, run.stdout[-500:]
    return json.loads(text.group(1).replace("&quot;", '"').replace("&amp;", "&"))


def as_numbers(keys):
    try:
        return [float(key) for key in keys]
    except (TypeError, ValueError):
        return None


def test_figures_are_visible_and_tables_sort(chromium, compared):
    found = seen(chromium, compared, 1200)
    assert len(found["figures"]) >= 5
    assert all(width > 300 and height > 100 for width, height in found["figures"])
    assert len(found["sorted"]) > 20
    for direction, keys in found["sorted"]:
        assert direction == "descending"
        if numbers := as_numbers(keys):
            assert numbers == sorted(numbers, reverse=True)


def test_a_narrow_window_scrolls_inside_its_boxes(chromium, compared):
    assert seen(chromium, compared, 500)["overflow"] <= 520


def test_it_prints(chromium, compared, tmp_path):
    target = tmp_path / "report.pdf"
    chromium(f"--print-to-pdf={target}", (compared / "report.html").as_uri())
    content = target.read_bytes()
    assert content.startswith(b"%PDF") and len(content) > 20_000
