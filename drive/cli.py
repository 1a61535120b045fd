"""`whydrive`: the commands. Wiring only; heavy imports happen inside the commands that need them.

Whatever the user got wrong is said in one sentence, with exit code 2.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Driving decisions in highway-env, explained, and explanations that can be checked.",
)

PolicyName = Annotated[
    str,
    typer.Option(
        "--policy",
        "-p",
        help="a shipped policy, a file.py, package.module:Class, sb3:FILE or llm:MODEL",
    ),
]
Observation = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="what an sb3: agent is shown, highway-env's configuration as JSON"
    ),
]
TrustPickle = Annotated[
    bool,
    typer.Option(
        "--trust-pickle", help="open an sb3:FILE.zip: it can run any program that is in it"
    ),
]
Overrides = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="change the scenario's configuration"),
]
Physics = Annotated[
    str, typer.Option(help="what moves the cars: highway-env, or twin, the same many times faster")
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="processes; 1, or as many as Ray has, if not given")
]
EngineName = Annotated[
    str, typer.Option(help="local (this process), processes, or ray (other machines too)")
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT", help="a Ray cluster that runs; one is started here, if not given"
    ),
]
LogFile = Annotated[Path, typer.Argument(metavar="LOG", help="a log, as written by run")]
NoCauses = Annotated[bool, typer.Option("--no-causes", help="short for --causes never")]
Causes = Annotated[
    Literal["every", "change", "never"],
    typer.Option(
        help="at which decisions to ask again without each car in sight, to say what mattered"
    ),
]


PageAddress = Annotated[
    str | None,
    typer.Option(
        "--page", metavar="URL", help="where the report's links find the page, if not here"
    ),
]
FEW = 3  # things that are false and told of without --false


def known_language(name: str | None) -> str | None:
    """The language; ValueError where no table has its words."""
    from drive.language import words_of

    if name is not None:
        words_of(name)
    return name


Language = Annotated[
    str, typer.Option(callback=known_language, metavar="en|de|zh", help="what is said in")
]
OtherLanguage = Annotated[
    str | None,
    typer.Option(
        callback=known_language, metavar="en|de|zh", help="say it in this one, not the log's own"
    ),
]


@app.command()
def run(
    scenario: str,
    policy: PolicyName = "planner",
    seed: Annotated[int, typer.Option(help="the same seed, the same traffic")] = 0,
    out: Annotated[Path, typer.Option(help="folder for the log")] = Path("runs"),
    causes: Causes = "every",
    no_causes: NoCauses = False,
    language: Language = "en",
    observation: Observation = None,
    trust_pickle: TrustPickle = False,
    set: Overrides = [],  # noqa: B006
    each: Annotated[
        bool, typer.Option("--each", help="a line for every decision, also where nothing is new")
    ] = False,
    film: Annotated[bool, typer.Option("--film", help="make a film of it afterwards")] = False,
    open_page: Annotated[
        bool, typer.Option("--open", help="open the page at this episode afterwards")
    ] = False,
) -> None:
    """Drive one episode and print each decision with its sentence, as it happens."""
    from drive.episodes.record import record
    from drive.policy import load, prepare
    from drive.show.telling import telling
    from drive.world import World

    [policy] = exported([policy], out, observation, trust_pickle)
    world, driver = World(scenario, overrides(set)), load(policy)
    prepare(driver, say)
    events = record(world, driver, seed, out, language, "never" if no_causes else causes)
    path = next(events)
    happened = []
    for piece in telling(noting(events, happened), language, each):
        say(piece, end="")
    [event] = happened
    say(f"log: {path}")
    if film:
        say(f"film: {filmed(path, language)}")
    share = event.metrics.get("decisions answered", 1.0)
    if share < 1.0:
        print(unanswered(driver.name, share), file=sys.stderr)
    if open_page:
        look_at(path, language)
    if event.reason == "policy failed":
        raise ValueError(event.message)
    if not share:
        raise typer.Exit(1)


@app.command()
def replay(path: LogFile, physics: Physics = "highway-env") -> None:
    """Drive a log again from its seed, actions and edits and compare every scene within 1e-6."""
    from drive.episodes.replay import replay as driven_again

    episode = opened(path)
    count = 0
    for moment in driven_again(episode, physics):
        if not moment.same:
            say(f"diverged at step {moment.step}: the scenes differ by {moment.difference:g}")
            raise typer.Exit(1)
        count += 1
    say(f"{count} scenes, all reproduced within 1e-6")


@app.command()
def branch(
    path: LogFile,
    step: Annotated[int, typer.Option(help="number of the decision, from 0")],
    edit: Annotated[
        list[str],
        typer.Option(
            metavar="EDIT",
            help='"remove 4", "brake 7 6", "surface 0.3", ... (all are in docs/log.md); repeat for several',
        ),
    ] = [],  # noqa: B006
    policy: Annotated[
        str | None,
        typer.Option("--policy", "-p", help="what drives on; the log's own, if not given"),
    ] = None,
    decisions: Annotated[
        int | None, typer.Option(help="how many; to the end, if not given")
    ] = None,
    physics: Physics = "twin",
    out: Annotated[Path, typer.Option(help="folder for the branch's log")] = Path("runs"),
    causes: Annotated[
        Literal["every", "change", "never"] | None,
        typer.Option(help="at which decisions to ask what mattered; as in the log, if not given"),
    ] = None,
    language: OtherLanguage = None,
) -> None:
    """Drive on from a decision of a log after edits, and print what would have been decided."""
    from drive.episodes.branch import branching, recorded
    from drive.language import ending, spoken
    from drive.language.edits import parse_edit
    from drive.types import End

    edits = tuple(map(parse_edit, edit))
    episode = opened(path)
    events = branching(episode, step, edits, policy, decisions, physics, language, causes)
    written = recorded(events, out, edits)
    log, said = next(written), language or episode.steps[step].rationale.language
    for event in written:
        if isinstance(event, End):
            say(ending(event, said))
        elif event.scene.step >= step:
            say(spoken(event, said))
    say(f"log: {log}")
    if isinstance(event, End) and event.reason == "policy failed":
        raise ValueError(event.message)


@app.command()
def ask(
    path: LogFile,
    question: Annotated[
        str,
        typer.Argument(help='"why not speed up", "what if car 4 braked", "how near must car 4 be"'),
    ],
    step: Annotated[int, typer.Option(help="number of the decision, from 0")] = 0,
    language: OtherLanguage = None,
) -> None:
    """Ask about one decision in plain words: why, why not, what if; the policy answers, and what is supposed is driven."""
    from drive.episodes import log
    from drive.episodes.asking import Asker
    from drive.language import parse_question

    episode = opened(path)
    language = language or log.the_step(episode, step).rationale.language
    answer = Asker(episode).ask(step, parse_question(question, language), language)
    say(answer.asked)
    say(answer.text)


@app.command()
def hindsight(path: LogFile, language: OtherLanguage = None) -> None:
    """Where a person drove otherwise than the policy would have, and whose action was better, as far as measures tell."""
    from drive.show.differences import lines

    for line in lines(opened(path), language or "en"):
        say(line)


@app.command()
def incident(
    path: LogFile,
    out: Annotated[
        Path | None, typer.Option(help="folder for the log of what avoids it; none, if not given")
    ] = None,
    language: OtherLanguage = None,
) -> None:
    """Look back at a collision or a task that was not done: fault, the last moment to avoid it, what was said then."""
    from drive.checking.incident import incident_of, no_incident, saving_branch, told
    from drive.episodes import log
    from drive.episodes.branch import file_name
    from drive.show.proof import beside

    episode = opened(path)
    said = language or (episode.steps[0].rationale.language if episode.steps else "en")
    report = incident_of(episode, beside(path))
    if report is None:
        say(no_incident(episode, said))
        return
    for sentence in told(report, said):
        say(sentence)
    say(f"whydrive explain {shlex.quote(str(path))} --step {report.step.scene.step}")
    if out and report.saving:
        branch = saving_branch(episode, report.saving)
        written = out / file_name(branch.header, ())
        log.write(written, branch)
        say(f"log: {written}")


@app.command()
def explain(
    path: LogFile,
    step: Annotated[int, typer.Option(help="number of the decision, from 0")] = 0,
    language: OtherLanguage = None,
) -> None:
    """Say why one decision was taken: rationale, options and terms."""
    from drive.episodes.api import explain as explained

    say(explained(opened(path), step, language))


@app.command()
def film(
    path: LogFile,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.webm", help="LOG.webm, if not given")
    ] = None,
    language: OtherLanguage = None,
) -> None:
    """Make a film of a log, with the verdicts that lie beside it, and a file of subtitles: FILE.vtt."""
    made = filmed(path, language, out)
    say(f"film: {made}")
    say(f"subtitles: {made.with_suffix('.vtt')}")


@app.command()
def html(
    path: LogFile,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="LOG.html, if not given")
    ] = None,
    language: OtherLanguage = None,
) -> None:
    """Make one HTML file of a log and its verdicts, which plays in any browser, without a network."""
    from drive.episodes.lines import stem
    from drive.show.offline import write

    out = out or path.with_name(f"{stem(path)}.html")
    if not write(path, out, language):
        print(f"no verdicts lie beside it; first: whydrive verify {path}", file=sys.stderr)
    say(f"page: {out}")


@app.command()
def notes(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="a log, or a folder of logs")],
    as_csv: Annotated[bool, typer.Option("--csv", help="as CSV, not as JSON")] = False,
) -> None:
    """Print the notes, thumbs and bookmarks that the page keeps beside logs."""
    from drive.show.noting import exported, log_name, written

    files = written(run)
    for path, those in files.items():
        if those.problem(path.name):
            print(those.problem(path.name), file=sys.stderr)
    named = [(log_name(path), those.notes) for path, those in files.items()]
    print(exported(named, "csv" if as_csv else "json"), end="", flush=True)


@app.command()
def evaluate(
    suite: str,
    policy: Annotated[list[str], typer.Option("--policy", "-p", help="repeat for several")],
    episodes: Annotated[int, typer.Option(help="seeds per scenario")] = 20,
    workers: Workers = None,
    engine: EngineName = "processes",
    address: Address = None,
    out: Annotated[Path, typer.Option(help="folder; a second call continues there")] = Path(
        "runs/evaluation"
    ),
    json_file: Annotated[Path | None, typer.Option("--json", help="write the rows here")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="write the rows here")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="print every figure, a table for each scenario")
    ] = False,
    page: PageAddress = None,
    physics: Physics = "highway-env",
    causes: Causes = "every",
    no_causes: NoCauses = False,
    language: Language = "en",
    observation: Observation = None,
    trust_pickle: TrustPickle = False,
    set: Overrides = [],  # noqa: B006
) -> None:
    """Drive policies through a suite on the same seeds; print what came of it and what failed, and write a report."""
    from drive import engine as engines
    from drive import evaluation
    from drive.show import report as reports

    page = reports.address(page)
    engine = engines.named(engine, workers, address)
    policy = exported(policy, out, observation, trust_pickle)
    results = evaluation.evaluate(
        suite,
        policy,
        episodes,
        engine=engine,
        out=out,
        overrides=overrides(set),
        physics=physics,
        causes="never" if no_causes else causes,
        language=language,
    )
    if full:
        evaluation.print_tables(results)
    for line in evaluation.told(results):
        say(line)
    evaluation.write(results, json_file, csv_file)
    say(f"report: {reports.report(out, page)}")
    for name, share in results.unanswered.items():
        print(unanswered(name, share), file=sys.stderr)
    if results.failures or 0.0 in results.unanswered.values():
        raise typer.Exit(1)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="a folder that evaluate wrote")],
    page: PageAddress = None,
    full: Annotated[
        bool, typer.Option("--full", help="print every figure, a table for each scenario")
    ] = False,
) -> None:
    """Print again what came of an evaluation, and write its report again; nothing is driven."""
    from drive import evaluation
    from drive.show import report as reports

    page, results = reports.address(page), evaluation.results_of(run)
    path = reports.report(run, page)
    if full:
        evaluation.print_tables(results)
    for line in evaluation.told(results):
        say(line)
    say(f"report: {path}")


@app.command()
def train(
    policy: str,
    out: Annotated[Path | None, typer.Option(help="folder; a second call continues there")] = None,
    seed: Annotated[int, typer.Option(help="the same seed, the same training")] = 0,
    rounds: Annotated[
        int | None,
        typer.Option(help="of 30 decisions in all worlds; the policy's own number, if not given"),
    ] = None,
    worlds: Annotated[
        int | None, typer.Option(help="that are driven side by side; the same")
    ] = None,
) -> None:
    """Train a policy that learns, and leave its weights in a folder."""
    from drive.policy import trainer
    from drive.world import World
    from drive.world.beginnings import fleet

    folder = out or Path("runs") / policy
    module = trainer(policy)
    given = {
        name: count for name, count in (("rounds", rounds), ("worlds", worlds)) if count is not None
    }
    command = ["whydrive", *sys.argv[1:]]
    score = module.train(
        folder, True, command, lambda name, count: fleet(World(name), count), seed=seed, **given
    )
    say(module.said(score))
    say(f"weights: {folder / module.WEIGHTS}")


@app.command()
def verify(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="a log, or a folder of logs")],
    workers: Workers = None,
    engine: EngineName = "processes",
    address: Address = None,
    false: Annotated[
        bool, typer.Option("--false", help="list everything that is false, not only the first few")
    ] = False,
    claims_only: Annotated[
        bool,
        typer.Option(
            "--claims-only", help="do not make every decision again, which takes as long as driving"
        ),
    ] = False,
) -> None:
    """Test every claim of a run by driving it again, and make every decision again; verdicts are written beside the logs.

    Exit code 1 where anything is false, or a log could not be tested.
    """
    from drive.checking.tally import Tally
    from drive.checking.verdicts import logs_of, verify_logs
    from drive.engine import Failure, named
    from drive.show.proof import false_claims

    verifiers = named(engine, workers, address)
    paths, tally, refused = logs_of(run), Tally(), False
    look, count = "", 0
    results = verify_logs(paths, verifiers, claims_only)
    for path, verified in progressing(results, len(paths), "verifying"):
        if isinstance(verified, Failure):
            print(f"whydrive: {path.name}: {verified.why}", file=sys.stderr)
            refused = True
            continue
        tally.add(verified)
        for step, sentence, what in false_claims(path, verified):
            look = look or f"whydrive explain {shlex.quote(str(path))} --step {step}"
            count += 1
            if false or count <= FEW:
                say(f"{path.name}, step {step}" + (f': "{sentence}"' if sentence else ""))
                say(f"  false: {what}")
    if count > FEW and not false:
        say(f"and {count - FEW} more that are false: --false lists them")
    say("\n".join((*[""] * (count > 0), *tally.lines(), "", tally.closing(look))))
    if refused or count:
        raise typer.Exit(1)


@app.command()
def examine(
    run: Annotated[Path, typer.Argument(metavar="LOG|RUN", help="a log, or a folder of logs")],
    workers: Annotated[int, typer.Option(min=1, help="processes")] = 1,
) -> None:
    """Say how far the words of a run can be believed: figures with intervals, and a sentence.

    Exit code 1 where a target lies outside its figure's interval, or a log could not be examined.
    """
    from drive.checking.examination import (
        Examined,
        closing,
        examine_log,
        examine_logs,
        missed,
        table,
    )
    from drive.checking.verdicts import logs_of
    from drive.engine import Failure, Local, Processes

    paths, examined, refused = logs_of(run), Examined(), []
    if len(paths) == 1:
        decisions = len(opened(paths[0]).steps)
        examined = examine_log(paths[0], lambda at: progressing(at, decisions, "examining"))
    else:
        results = examine_logs(paths, Local() if workers == 1 else Processes(workers))
        for path, result in progressing(results, len(paths), "examining"):
            if isinstance(result, Failure):
                refused.append(result.why)
                print(f"whydrive: {path.name}: {result.why}", file=sys.stderr)
            else:
                examined += result
    if refused and not examined.logs:
        raise ValueError("no log of this run can be examined")
    if examined.decisions < examined.logged:
        left = examined.logged - examined.decisions
        print(f"{left} decisions are left out: replay differs from the log", file=sys.stderr)
    for line in (*table(examined), "", closing(examined)):
        say(line)
    if refused or missed(examined):
        raise typer.Exit(1)


@app.command()
def scenarios() -> None:
    """List what can be driven."""
    from drive.scenarios import SCENARIOS, SUITES

    for row in SCENARIOS.values():
        say(f"{row.name:20} {row.duration:4.0f} s  {row.about}")
    say("\nsuites:")
    for row in SUITES.values():
        say(f"{row.name:20} {row.about}: {', '.join(row.scenarios)}")


@app.command()
def policies() -> None:
    """List the policies that ship."""
    from drive.policy import MADE_FROM, about, names, styles

    for name in names():
        say(f"{name:12} {about(name)}")
        for style, what in styles(name).items():
            say(f"  {name}:{style}  {what}")
    for name, what in MADE_FROM.items():
        say(f"{name}:{what}  {about(name)}")


@app.command("export-sb3")
def export_sb3(
    source: Annotated[
        Path, typer.Argument(metavar="FILE.zip", help="as Stable-Baselines3 saved it")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT.safetensors")],
    observation: Observation = None,
    actions: Annotated[
        str | None,
        typer.Option(
            help="longitudinal (speeds), lateral (lanes) or both, where it has three actions"
        ),
    ] = None,
    statistics: Annotated[
        Path | None, typer.Option(help="VecNormalize's file, if it was trained with one")
    ] = None,
    trust_pickle: TrustPickle = False,
) -> None:
    """Turn a Stable-Baselines3 agent into a file that holds numbers only, to drive as sb3:OUT.safetensors."""
    from drive.policy import exporter

    made = exporter().export(source, target, observation, trust_pickle, actions, statistics)
    say(f"drive it with --policy sb3:{made}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of the rationale log."""
    from drive.episodes.log import schema as lines

    say(json.dumps(lines(), indent=2))


@app.command(name="app")
def page(
    host: str = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="the first free one from 7860, if not given")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="open a browser")] = True,
    language: Annotated[
        str | None,
        typer.Option(
            callback=known_language,
            metavar="en|de|zh",
            help="what it speaks to a visitor that chose none; else the browser's own",
        ),
    ] = None,
    public: Annotated[
        bool,
        typer.Option(
            "--public",
            help="for strangers: each sees its own drives and what is shared, old drives are cleared away",
        ),
    ] = False,
) -> None:
    """Open the page: watch a policy drive, with its reasons beside it."""
    if public:
        os.environ["WHYDRIVE_PUBLIC"] = "1"
    import app as gradio_page

    gradio_page.main(host=host, port=port, open_browser=open_browser, language=language)


# ------------------------------------------------------------------------------------------ edges


def noting(events, last: list):
    """The events, with the latest one kept in a list."""
    for event in events:
        last[:] = [event]
        yield event


def filmed(path: Path, language: str | None, out: Path | None = None) -> Path:
    """Make a film of a log and its subtitles, beside it if nothing else is said; where the film lies."""
    from drive.episodes.lines import stem
    from drive.episodes.whole import put
    from drive.show.film import film, subtitles
    from drive.show.proof import beside

    out, episode, findings = out or path.with_name(f"{stem(path)}.webm"), opened(path), beside(path)
    film(episode, out, language, findings=findings)
    put(out.with_suffix(".vtt"), subtitles(episode, language, findings).encode())
    return out


def look_at(path: Path, language: str) -> None:
    """Serve the page until interrupted, and open a browser where it shows a log from its start."""
    from drive.episodes import lines, shelf

    root, run = shelf.place(path.parent)
    if root is not None:
        os.environ["WHYDRIVE_RUNS"] = str(root)
    import app as gradio_page

    query = shelf.link(run, lines.stem(path), 0)
    gradio_page.main(open_browser=True, language=language, query=query)


def progressing(items, total: int, what: str):
    """The items, with a bar on stderr while they come."""
    from rich.console import Console
    from rich.progress import track

    return track(items, what, total=total, console=Console(stderr=True), transient=True)


def unanswered(policy: str, share: float) -> str:
    """What is to be known where a fallback drove in a policy's place."""
    if not share:
        return f"{policy} answered no decision: all that was driven is what a fallback did"
    return (
        f"{policy} answered {share:.0%} of its decisions, a fallback took the others; success counts "
        "the episodes that it decided alone"
    )


def opened(path: Path):
    """The log's episode; says when its last line was torn."""
    from drive.episodes.log import read

    log = read(path)
    if log.torn:
        print("the last line was cut off and is left out", file=sys.stderr)
    return log.episode


def exported(
    policies: list[str], out: Path, observation: Path | None, trust_pickle: bool
) -> list[str]:
    """The policies' names, each Stable-Baselines3 zip (or agent with another observation) exported to a folder first."""
    from drive.policy import exporter

    agents = [name for name in policies if name.startswith("sb3:")]
    if not agents and (observation or trust_pickle):
        raise ValueError("--observation and --trust-pickle are for a policy sb3:FILE")
    names = []
    for name in policies:
        file = exporter().at(Path(name.removeprefix("sb3:"))) if name in agents else Path(name)
        if name in agents and (observation or file.suffix == ".zip"):
            name = f"sb3:{exporter().into(out, file, observation, trust_pickle)}"
        names.append(name)
    return names


def overrides(settings: list[str]) -> dict:
    """KEY=VALUE pairs as data; a value that is no JSON is a word."""
    changes = {}
    for setting in settings:
        key, sign, value = setting.partition("=")
        if not sign or not key:
            raise ValueError(f"--set takes KEY=VALUE, not {setting!r}")
        try:
            changes[key] = json.loads(value)
        except ValueError:
            changes[key] = value
    return changes


def say(text: str, end: str = "\n") -> None:
    """Print, with control characters (a log's text may hold some) made visible."""
    shown = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
    print(shown, end=end, flush=True)


def main() -> None:
    """The console script: one sentence and exit code 2 for whatever the user got wrong."""
    try:
        code = app(standalone_mode=False)
    except (ValueError, OSError) as error:
        fail(str(error))
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        if not hasattr(error, "format_message"):  # what the command line's own parser refuses
            raise
        fail(error.format_message())
    sys.exit(code if isinstance(code, int) else 0)


def fail(sentence: str) -> None:
    """Say what was wrong on stderr and leave with exit code 2."""
    print(f"whydrive: {' '.join(sentence.split())}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
