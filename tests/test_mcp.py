"""What programs may ask of the page, through the Model Context Protocol; skipped where the extra `mcp` is not installed."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path

import pytest

import app
from drive.show import service

pytest.importorskip("mcp", reason="the extra mcp is not installed")
pytest.importorskip("mcp", reason="the extra mcp is not installed", exc_type=ImportError)

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

PAGE = Path(__file__).parents[1] / "docs" / "programs.md"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    before = os.environ.get("WHYDRIVE_RUNS")
    os.environ["WHYDRIVE_RUNS"] = str(tmp_path_factory.mktemp("runs"))
    demo = app.build()
    _, url, _ = demo.queue().launch(**app.launching(), prevent_thread_lock=True, quiet=True)
    yield url
    demo.close()
    os.environ.pop("WHYDRIVE_RUNS") if before is None else os.environ.update(WHYDRIVE_RUNS=before)


def spoken(url, *calls):
    """The tools that are offered, and what each call (name, arguments) is answered: as JSON."""

    async def speak():
        async with (
            streamablehttp_client(f"{url}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            told = []
            for name, arguments in calls:
                answer = await session.call_tool(name, arguments)
                assert not answer.isError, answer.content
                told.append(answer.content[0].text)
            return tools, told

    return asyncio.run(speak())


def test_these_functions_are_tools_and_nothing_else_is(url):
    tools, _ = spoken(url)
    assert {tool.name for tool in tools} == {f.__name__ for f in service.FUNCTIONS}
    by_name = {tool.name: tool for tool in tools}
    for function in service.FUNCTIONS:
        tool = by_name[function.__name__]
        assert function.__doc__.splitlines()[0] in tool.description
        names = list(function.__annotations__)[:-1]
        assert list(tool.inputSchema["properties"]) == names
    step = by_name["what_if"].inputSchema["properties"]["step"]
    assert step["type"] in ("integer", "number") and "decision" in step["description"]


def test_a_program_drives_explains_asks_and_verifies(url):
    _, (roads, driven) = spoken(
        url, ("scenarios", {}), ("run", {"scenario": "merge", "policy": "rule", "seed": 3})
    )
    assert "merge" in {row["name"] for row in json.loads(roads)}
    driven = json.loads(driven)
    where = {"run": driven["run"], "episode": driven["episode"]}
    _, told = spoken(
        url,
        ("explain", where | {"step": 2}),
        ("what_if", where | {"question": "why not speed up", "step": 2}),
        ("verify", where),
    )
    explained, answer, counts = map(json.loads, told)
    assert driven["decisions"][2]["text"] in explained["text"]
    assert answer["text"] and counts["true"] > 20 and counts["false"] == 0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("run", {"scenario": HOSTILE}),
        ("explain", {"run": "../..", "episode": "etc"}),
        ("what_if", {"run": "shipped", "episode": HOSTILE, "question": HOSTILE}),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(url, name, arguments):
    _, (told,) = spoken(url, (name, arguments))
    assert set(json.loads(told)) == {"problem"} and "<" not in told


def test_the_page_s_example_works_to_the_letter(url):
    """The example in docs/programs.md that speaks MCP, with this page's address."""
    (code,) = re.findall(r"```python\n(# tools\.py\n.*?)```", PAGE.read_text(), re.S)
    printed = []
    exec(code.replace("http://127.0.0.1:7860/", url), {"print": lambda *told: printed.append(told)})
    assert printed[0] == (["scenarios", "policies", "run", "explain", "what_if", "verify"],)
    assert "change" in str(printed[1]) or "keep" in str(printed[1])
