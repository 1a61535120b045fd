"""Drives policies, examines what is said of every decision, and writes the figures into docs/.

    python benchmarks/faithfulness.py --policy rule --decisions 2000
    python benchmarks/faithfulness.py --tables

An episode that has been examined is not examined again: results lie in runs/faithfulness/, one line
per episode. Liars speak in every LIARS_EVERY-th episode. Resumable; one process. The figures of a
policy NAME go to docs/figures/faithfulness-NAME.json and to the page that has its mark. A language
model speaks for itself: no tested cause is added to its words, and no liar speaks in its place.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "liars"))

from gallery import CAUGHT_BY, LIARS  # noqa: E402
from pages import publish  # noqa: E402

from drive import policy as policies  # noqa: E402
from drive.checking.faithfulness import FIGURES, apart, estimate, examine, majority, taken  # noqa: E402
from drive.episodes import rollout  # noqa: E402
from drive.measures.statistics import Estimate  # noqa: E402
from drive.scenarios import REPORT_SEEDS  # noqa: E402
from drive.world import World  # noqa: E402

SCENARIOS = ("dilu-4-2.0", "highway-fast", "merge", "roundabout", "intersection")
LIARS_EVERY = 4
RESULTS = ROOT / "runs" / "faithfulness"
SPEAKS = "llm:"  # such a policy speaks for itself


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--policy", default="rule")
    parser.add_argument("--decisions", type=int, default=2000, help="over all scenarios")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS)
    parser.add_argument("--tables", action="store_true", help="only write the tables")
    chosen = parser.parse_args()
    if not chosen.tables:
        collect(chosen.policy, chosen.scenario or SCENARIOS, chosen.decisions)
    write_tables("*" if chosen.tables else title(chosen.policy))


def collect(name: str, scenarios: tuple[str, ...], decisions: int) -> None:
    """Examine episodes, scenario by scenario in turn, until each has its share of the decisions."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{title(name)}.jsonl"
    examined = list(read(path))
    counts = {s: sum(r["decisions"] for r in examined if r["scenario"] == s) for s in scenarios}
    seeds = {s: {r["seed"] for r in examined if r["scenario"] == s} for s in scenarios}
    share = -(-decisions // len(scenarios))
    seed = REPORT_SEEDS
    while any(count < share for count in counts.values()):
        for scenario in scenarios:
            if counts[scenario] < share and seed not in seeds[scenario]:
                result = one(name, scenario, seed)
                counts[scenario] += result["decisions"]
                with open(path, "ab") as file:
                    file.write(orjson.dumps(result) + b"\n")
                print(
                    f"{scenario} {seed}: {counts[scenario]} of {share}, {result['seconds']:.0f} s",
                    flush=True,
                )
        seed += 1


def one(name: str, scenario: str, seed: int) -> dict:
    """Drive and examine one episode."""
    begin, policy = time.perf_counter(), policies.load(name)
    own_words = name.startswith(SPEAKS)
    episode = rollout.run(World(scenario), policy, seed, causes="never" if own_words else "every")
    liars = LIARS if (seed - REPORT_SEEDS) % LIARS_EVERY == 0 and not own_words else {}
    return {
        "policy": name,
        "scenario": scenario,
        "seed": seed,
        "decisions": len(episode.steps),
        "values": examine(episode, policy, liars),
        "taken": taken(episode, policy),
        "no answer": sum(
            t.kind == "no answer" for s in episode.steps for t in s.choice.chosen.terms
        ),
        "seconds": time.perf_counter() - begin,
        "attribution": [step.timing.get("attribute", 0.0) for step in episode.steps],
    }


def title(name: str) -> str:
    """What a policy is called in a file's name and on a page: no folder, no extension."""
    kind, sign, source = name.rpartition(":")
    return f"{kind}{'-' if sign else ''}{Path(source).name.removesuffix('.safetensors')}"


def read(path: Path) -> Iterator[dict]:
    if path.exists():
        yield from (orjson.loads(line) for line in path.read_bytes().splitlines())


# --------------------------------------------------------------------------------------- tables


def write_tables(titles: str = "*") -> None:
    for path in sorted(RESULTS.glob(f"{titles}.jsonl")):
        results = list(read(path))
        text = "\n\n".join((about(results), honest_table(results), liars_table(results)))
        command = f"python benchmarks/faithfulness.py --policy {results[0]['policy']}"
        publish(f"faithfulness-{path.stem}", text.rstrip().splitlines(), command)


def about(results: list[dict]) -> str:
    name, decisions = title(results[0]["policy"]), sum(r["decisions"] for r in results)
    asked = "The causes were not asked for while it drove: these are its own words."
    if spent := sorted(t for r in results for t in r["attribution"] if t):
        middle, slow = spent[len(spent) // 2] * 1e3, spent[int(len(spent) * 0.95)] * 1e3
        asked = f"Attribution of one decision: p50 {middle:.0f} ms, p95 {slow:.0f} ms."
    if results[0]["policy"].startswith(SPEAKS):
        asked += f" Decisions without a valid answer: {sum(r['no answer'] for r in results)}."
    return f"### `{name}`\n\n{decisions:,} decisions in {len(results)} episodes, seeds {REPORT_SEEDS} and on. {asked}"


def honest_table(results: list[dict]) -> str:
    scenarios = [s for s in SCENARIOS if any(r["scenario"] == s for r in results)]
    head = ["figure", "target", "all", "n", *scenarios]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for figure, kind in FIGURES.items():
        whole = pooled(results, "", figure)
        cells = [
            f"{pooled([r for r in results if r['scenario'] == s], '', figure).mean:.3f}"
            for s in scenarios
        ]
        row = [figure, target(kind), interval(whole), str(whole.n), *cells]
        lines.append("| " + " | ".join(row).replace("nan", "–") + " |")
    lines.append("| " + " | ".join(baseline(results, scenarios)) + " |")
    return "\n".join(lines)


def baseline(results: list[dict], scenarios: list[str]) -> list[str]:
    """The commonest action of each scenario, always guessed."""
    cells, hits, n = [], 0.0, 0
    for scenario in scenarios:
        guess = majority(a for r in results if r["scenario"] == scenario for a in r["taken"])
        cells.append(f"{guess.mean:.3f}")
        hits, n = hits + guess.mean * guess.n, n + guess.n
    return ["*forward simulation, majority*", "", f"{hits / n:.3f}", str(n), *cells]


def liars_table(results: list[dict]) -> str:
    told = [r for r in results if len(r["values"]) > 1]
    if not told:
        return ""
    lines = ["| liar | figure | honest | liar | n | told apart |", "|---|---|---|---|---|---|"]
    for liar, figure in CAUGHT_BY.items():
        honest, lie = pooled(told, "", figure), pooled(told, liar, figure)
        verdict = "yes" if apart(honest, lie) else "**no**"
        row = (liar, figure, interval(honest), interval(lie), str(lie.n), verdict)
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def pooled(results: list[dict], narrator: str, figure: str) -> Estimate:
    return estimate(v for r in results for v in r["values"].get(narrator, {}).get(figure, ()))


def target(kind) -> str:
    if kind.target is None:
        return ""
    return f"{'≥' if kind.better == 'higher' else '≤'} {kind.target:g}"


def interval(figure: Estimate) -> str:
    return "–" if not figure.n else f"{figure.mean:.3f} ({figure.low:.3f}–{figure.high:.3f})"


if __name__ == "__main__":
    main()
