"""How long a teacher waits for the class report of a thousand students and ten exercises, in headless Chromium.

The promise: under two seconds from opening the file to the sorted table. Writing it and comparing a thousand submissions
are timed, too.
"""

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "classroom" / "reading")]

from browser import chromium, missing  # noqa: E402
from test_page import a_thousand  # noqa: E402
from test_similarity import invented  # noqa: E402

from grader.classroom.reading import class_page  # noqa: E402
from grader.classroom.reading.similarity import alike  # noqa: E402

RUNS = 5


def main() -> None:
    records = a_thousand()
    start = time.perf_counter()
    text = class_page.render(records, "A thousand students")
    print(f"writing the page: {time.perf_counter() - start:.2f} s, {len(text) / 1e6:.2f} MB")
    rng = random.Random(0)
    files = {f"s{number}": invented(rng).encode() for number in range(1000)}
    start = time.perf_counter()
    alike(files, "", [f"f{number}" for number in range(10)])
    print(f"comparing 1000 submissions of ten exercises: {time.perf_counter() - start:.1f} s")
    if missing():
        print(missing())
        return
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        file = Path(folder) / "page.html"
        file.write_text(text, encoding="utf-8")
        times, scripts = [], []
        for _ in range(RUNS):
            start = time.perf_counter()
            browser.open(file)
            browser.shoot(Path(folder) / "page.png", whole=False)  # so that it is painted, too
            times.append(time.perf_counter() - start)
            scripts.append(browser.run("return performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"))
    print(f"opening it: {statistics.median(times):.2f} s to the painted page (worst {max(times):.2f} s),")
    print(f"            {statistics.median(scripts):.2f} s by the browser's own clock to the end of loading")


if __name__ == "__main__":
    main()
