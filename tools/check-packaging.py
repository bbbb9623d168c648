#!/usr/bin/env python3
"""The dashboard and the alert rules name only metrics that exist.

Takes the names out of the tables in src/api/metrics*.c and every grapnel_…
word out of packaging/. A metric that nothing shows is fine; a file that names
none, or one that is not in the table, is not. Prints
`packaging: N passed, N failed`, counted in names.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHOWN = ["packaging/grafana-dashboard.json", "packaging/prometheus-rules.yml"]


def known():
    text = "".join(path.read_text()
                   for path in sorted(ROOT.glob("src/api/metrics*.c")))
    names = set(re.findall(r"\b(grapnel_[a-z_]+)", text))
    names |= {name + part for name in names
              for part in ("_bucket", "_sum", "_count")}
    for kind, name in re.findall(r'\b(COUNTER|GAUGE)\(\w+,\s*"(\w+)"', text):
        names.add(f"grapnel_{name}" + ("_total" if kind == "COUNTER" else ""))
    return names


def empty_panels(path):
    """How many panels there are, and the titles of those that ask nothing."""
    panels = [panel for panel in json.loads(path.read_text())["panels"]
              if panel["type"] != "row"]
    return len(panels), [panel["title"] for panel in panels
                         if not all(target.get("expr")
                                    for target in panel.get("targets") or [{}])]


def main():
    names = known()
    count, empty = empty_panels(ROOT / SHOWN[0])
    for title in empty:
        print(f"{SHOWN[0]}: the panel {title} asks nothing")
    passed, failed = count - len(empty), len(empty)
    for path in SHOWN:
        used = set(re.findall(r"\bgrapnel_[a-z_]+", (ROOT / path).read_text()))
        for name in sorted(used or {"(none)"}):
            if name in names:
                passed += 1
            else:
                failed += 1
                print(f"{path}: there is no metric {name}")
    print(f"packaging: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
