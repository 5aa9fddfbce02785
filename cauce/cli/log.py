"""``cauce log``: verify, dump and repair the files of logs, on this machine.

The one group of commands that opens a node's files instead of asking it: it is for the hour in
which no node starts. Of the server's packages it imports ``storage`` only (docs/adr/0011).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cauce.cli import exit_codes
from cauce.cli.console import Console
from cauce.cli.options import Quiet, examples

if TYPE_CHECKING:
    from storage.inspection.findings import Severity

app = typer.Typer(
    help="Verify, dump and repair the files of logs on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit status: 0 whole, 1 refused or to be rebuilt, 2 wrong usage, 4 records are lost.",
)

LogPath = Annotated[
    Path,
    typer.Argument(
        metavar="PATH", exists=True, help="A data directory, or the directory of one log in it."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command(
    "verify",
    epilog=examples(
        "cauce log verify data",
        "cauce log verify data/logs/*/orders-0 --json | jq .findings",
    ),
)
def verify(context: typer.Context, path: LogPath, *, json: AsJson = False) -> None:
    """Read every byte of the logs at PATH and say what is wrong; nothing is changed.

    Ends with 0 if all is whole, 1 if only indexes and the like must be built again,
    and 4 if records are damaged or missing.

    Beside a running node the last batch may look unfinished.
    """
    from cauce.cli import log_output
    from storage.errors import DiskError, LogError
    from storage.files import Disk
    from storage.inspection import verify as inspection
    from storage.inspection.findings import Severity

    console: Console = context.obj
    worst = Severity.NOTE
    try:
        for report in inspection.verify(Disk(), path):
            worst = max(worst, report.severity)
            text = f"{log_output.report_as_text(report)}\n".encode("utf-8", "surrogateescape")
            console.write(log_output.to_json(log_output.report_as_json(report)) if json else text)
        for finding in inspection.verify_log_dir(Disk(), path):
            console.say(log_output.finding_as_text(finding))
    except (LogError, DiskError) as error:
        _refuse(console, error)
    _end(worst)


@app.command(
    "dump",
    epilog=examples(
        "cauce log dump data/logs/*/orders-0/00000000000000000000.log --records",
        "cauce log dump data/logs/*/orders-0 --json | jq 'select(.type == \"damage\")'",
    ),
)
def dump(
    context: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", exists=True, help="Files of a log, or its directory."),
    ],
    *,
    records: Annotated[
        bool, typer.Option("--records", "-r", help="Also the records of each batch.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Print what is in a log's files, as Kafka's tool does; go on behind damage.

    Knows .log, .index, .timeindex, .txnindex, .snapshot, leader-epoch-checkpoint.

    Ends with 4 if something did not read.
    """
    from cauce.cli import log_output
    from storage.errors import DiskError, LogError
    from storage.files import Disk
    from storage.inspection import dump as inspection
    from storage.inspection.findings import Severity

    console: Console = context.obj
    worst = Severity.NOTE
    try:
        for entry in inspection.dump(Disk(), paths, records=records):
            if isinstance(entry, inspection.Damage):
                worst = Severity.LOSS
            text = f"{log_output.as_text(entry)}\n".encode("utf-8", "surrogateescape")
            console.write(log_output.as_json(entry) if json else text)
    except (LogError, DiskError) as error:
        _refuse(console, error)
    _end(worst)


@app.command(
    "repair",
    epilog=examples(
        "cauce log repair data --dry-run",
        "cauce log repair data",
    ),
)
def repair(
    context: typer.Context,
    path: LogPath,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Only say what would be done.")
    ] = False,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make the damaged logs at PATH open again; the node must not run.

    Good batches keep their offsets. What is taken out is kept in quarantine/.

    Ends with 0 if no record was lost, with 4 if some were.

    Where there is a replica or a backup, take that instead.
    """
    from cauce.cli import log_output
    from storage.errors import DiskError, LogError
    from storage.files import Disk
    from storage.inspection import repair as inspection
    from storage.inspection.findings import Severity

    console: Console = context.obj
    lost = False
    try:
        for done in inspection.repair(Disk(), path, dry_run=dry_run):
            lost = lost or done.before.severity is Severity.LOSS
            if json:
                console.write(log_output.to_json(log_output.repair_as_json(done)))
            elif done.before.findings or not quiet:
                text = log_output.repair_as_text(done, dry_run=dry_run)
                console.write(f"{text}\n".encode("utf-8", "surrogateescape"))
    except (LogError, DiskError) as error:
        _refuse(console, error)
    if lost:
        raise typer.Exit(exit_codes.RECORDS_LOST)


def _refuse(console: Console, error: Exception) -> None:
    console.say(f"cauce: {error}")
    raise typer.Exit(exit_codes.REFUSED) from error


def _end(worst: "Severity") -> None:
    if worst:
        raise typer.Exit(exit_codes.RECORDS_LOST if worst > 1 else exit_codes.REFUSED)
