"""What is reported, what the issue wants of it, and the table."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    title: str
    run: str  # Which run of the load driver gives it.
    key: str
    unit: str
    more_is_better: bool
    # Times the peer (more is better), or a share of the peer's (less is better); None: no target.
    target: float | None
    # Whose better one it is compared with: names that begin so, or with one of these.
    peers: str | tuple[str, ...] = "peer"
    limit: float | None = None  # Synap's own value is to be below this, whatever the peer's is.

    def target_text(self):
        if self.limit is not None:
            return f"< {self.limit:g} {self.unit}"
        if self.target is None:
            return ""
        return f"≥ {self.target:g} ×" if self.more_is_better else f"≤ 1/{1 / self.target:g}"

    def is_met(self, ratio):
        if self.target is None:
            return None
        return ratio >= self.target if self.more_is_better else ratio <= self.target

    def best(self, values):
        return max(values) if self.more_is_better else min(values)


FIGURES = [
    Figure("notes.create, 64 connections", "create", "requests_per_s", "/s", True, 12),
    Figure("notes.create, 64 connections, p99", "create", "p99_ms", "ms", False, 1 / 6),
    Figure("notes.create against PocketBase's record creation", "create", "requests_per_s",
           "/s", True, None, "PocketBase"),
    Figure("notes.create against PocketBase's record creation, p99", "create", "p99_ms", "ms",
           False, None, "PocketBase"),
    Figure("end to end, flooded until drained", "flood", "notes_per_s", "notes/s", True, 10),
    Figure("end to end at 20 notes/s, p50", "paced", "p50_ms", "ms", False, 1 / 5),
    Figure("end to end at 20 notes/s, p99", "paced", "p99_ms", "ms", False, 1 / 4),
    Figure("log append, 64 concurrent", "append", "appends_per_s", "/s", True, 5),
]


def number(value):
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def values(samples, contender, figure):
    """The figure of each round, in order; failed runs leave a gap."""
    return [round_.get(contender, {}).get(figure.run, {}).get(figure.key) for round_ in samples]


def summarize(samples, contenders, figures=None):
    """One row for each figure: medians, the better peer, and the median of the rounds' ratios."""
    rows = []
    for figure in FIGURES if figures is None else figures:
        row = {"title": figure.title, "unit": figure.unit, "target": figure.target_text()}
        peers = [name for name in contenders if name.startswith(figure.peers)]
        by_contender = {name: values(samples, name, figure) for name in contenders
                        if name in peers or name == "synap"}
        for name, all_values in by_contender.items():
            present = [value for value in all_values if value is not None]
            row[name] = median(present) if present else None
        known = [name for name in peers if row[name] is not None]
        if not peers or (not known and row.get("synap") is None):
            continue
        if known:
            best = figure.best([(row[name], name) for name in known])
            row["better_peer"] = best[1]
            pairs = zip(by_contender.get("synap", []), by_contender[best[1]])
            ratios = [mine / theirs for mine, theirs in pairs if mine is not None and theirs]
            if ratios:
                row["ratio"] = median(ratios)
                row["ratio_range"] = [min(ratios), max(ratios)]
                row["met"] = figure.is_met(row["ratio"])
        if figure.limit is not None and row.get("synap") is not None:
            row["met"] = row["synap"] < figure.limit
        rows.append(row)
    return rows


def ratio_text(row):
    if "ratio" not in row:
        return "–"
    if row["ratio"] >= 1:
        return f"{row['ratio']:.1f} ×"
    return f"1/{1 / row['ratio']:.1f}"


def comparison_table(rows, contenders):
    has_synap = "synap" in contenders
    head = ["figure", *contenders] + (["ratio to the better peer", "target", ""] if has_synap else [])
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for row in rows:
        cells = [row["title"]]
        for name in contenders:
            text = number(row.get(name))
            cells.append(f"{text} {row['unit']}" if text != "–" else text)
        if has_synap:
            verdict = {True: "met", False: "missed", None: ""}[row.get("met")]
            cells += [ratio_text(row), row["target"], verdict]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def absolute_table(rows):
    """Rows of (title, value, unit, limit or None); a limit is an upper bound."""
    lines = ["| figure | measured | target | |", "|---|---:|---:|---|"]
    for title, value, unit, limit in rows:
        target = f"< {limit:g} {unit}" if limit else ""
        verdict = ("met" if value < limit else "missed") if limit else ""
        lines.append(f"| {title} | {number(value)} {unit} | {target} | {verdict} |")
    return "\n".join(lines)
