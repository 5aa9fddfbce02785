"""``cauce schema``: list, get, register, check, diff, delete, compat, mode, sample."""

import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cauce.cli import exit_codes
from cauce.cli.console import Console, table
from cauce.cli.options import DEFAULT_URL, AsJson, DryRun, Quiet, Url, Yes, check_text, examples
from cauce.cli.server import ask_to_delete

if TYPE_CHECKING:
    from cauce.client.schemas import NewSchema, Reference, Schema, Schemas
    from schema_registry.model import ResolvedReference

LEVELS = (
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
    "NONE",
)
MODES = ("READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD")
TYPES = {".avsc": "AVRO", ".proto": "PROTOBUF", ".json": "JSON"}

app = typer.Typer(
    help="List, register, check and delete schemas.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Subject = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="Name of the subject.", callback=check_text)
]
MaybeSubject = Annotated[
    str | None,
    typer.Option("--subject", "-s", metavar="SUBJECT", show_default="all", help="Of this one."),
]
SchemaFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="The schema's text.", exists=True, dir_okay=False),
]
SchemaType = Annotated[
    str | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        show_default="by FILE's ending: .avsc, .proto, .json",
        help="AVRO, PROTOBUF or JSON.",
    ),
]
References = Annotated[
    list[str] | None,
    typer.Option("--reference", metavar="NAME=SUBJECT:VERSION", help="What it uses; may repeat."),
]
Version = Annotated[
    str, typer.Option("--version", metavar="N", help="Which version: a number or latest.")
]


@app.command("list", epilog=examples("cauce schema list", "cauce schema list --prefix orders"))
def list_subjects(
    context: typer.Context,
    *,
    prefix: Annotated[str, typer.Option("--prefix", help="Only names that begin so.")] = "",
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Those that were deleted too.")
    ] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """List the subjects and their latest versions."""
    console: Console = context.obj
    with console.connect(url) as http:
        schemas = _schemas(http)
        found = []
        for subject in schemas.subjects(prefix, deleted=deleted):
            last = schemas.get(
                subject, str(schemas.versions(subject, deleted=deleted)[-1]), deleted=deleted
            )
            found.append((subject, last.schema_type, last.version, last.id))
    if as_json:
        names = ("subject", "type", "version", "id")
        lines = [json.dumps(dict(zip(names, one, strict=True))) for one in found]
        console.write("".join(f"{line}\n" for line in lines).encode())
    else:
        console.write(table(("SUBJECT", "TYPE", "VERSION", "ID"), found))


@app.command("get", epilog=examples("cauce schema get orders-value", "cauce schema get --id 7"))
def get(
    context: typer.Context,
    subject: Annotated[
        str | None, typer.Argument(metavar="SUBJECT", help="Name of the subject.")
    ] = None,
    *,
    version: Version = "latest",
    number: Annotated[
        int | None, typer.Option("--id", metavar="ID", min=1, help="Instead: the schema's id.")
    ] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Print the text of a schema."""
    if (subject is None) == (number is None):
        raise typer.BadParameter("give SUBJECT or --id, one of the two")
    console: Console = context.obj
    with console.connect(url) as http:
        schemas = _schemas(http)
        if number is not None:
            text = schemas.by_id(number)
        else:
            text = schemas.get(check_text(subject or ""), version).text
    console.write(f"{text.rstrip()}\n".encode())


@app.command(
    "register",
    epilog=examples(
        "cauce schema register orders-value order.avsc",
        "cauce schema register orders-value order.proto --reference address.proto=address:1",
    ),
)
def register(
    context: typer.Context,
    subject: Subject,
    file: SchemaFile,
    *,
    schema_type: SchemaType = None,
    reference: References = None,
    normalize: Annotated[bool, typer.Option("--normalize", help="In normal form.")] = False,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Make FILE the next version of SUBJECT, unless it is one already."""
    console: Console = context.obj
    new = _new_schema(file, schema_type, reference)
    with console.connect(url) as http:
        schemas = _schemas(http)
        if dry_run:
            plan = schemas.plan(subject, new, normalize=normalize)
            console.write("".join(f"{line}\n" for line in plan.diff).encode())
            word = "would become" if plan.is_new else "is"
            console.say(f"{file} {word} version {plan.version} of {subject}.")
            if not plan.is_compatible:
                console.say("It would be refused: it is not compatible.")
                raise typer.Exit(exit_codes.REFUSED)
            return
        made = schemas.register(subject, new, normalize=normalize)
    if not quiet:
        console.say(f"{file} is version {made.version} of {subject}, id {made.id}.")


@app.command("check", epilog=examples("cauce schema check orders-value order.avsc"))
def check(
    context: typer.Context,
    subject: Subject,
    file: SchemaFile,
    *,
    version: Annotated[
        str,
        typer.Option("--version", metavar="N", help="Against a number, latest or all."),
    ] = "latest",
    schema_type: SchemaType = None,
    reference: References = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Say whether FILE may follow a version of SUBJECT; the status is 1 if not."""
    console: Console = context.obj
    new = _new_schema(file, schema_type, reference)
    with console.connect(url) as http:
        against = None if version == "all" else version
        verdict = _schemas(http).check(subject, new, against)
    for message in verdict.messages:
        console.write(f"{message}\n".encode())
    console.say("compatible" if verdict.is_compatible else "not compatible")
    if not verdict.is_compatible:
        raise typer.Exit(exit_codes.REFUSED)


@app.command("diff", epilog=examples("cauce schema diff orders-value 1 2"))
def diff(
    context: typer.Context,
    subject: Subject,
    old: Annotated[str, typer.Argument(metavar="OLD", help="A version.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another.")] = "latest",
    *,
    url: Url = DEFAULT_URL,
) -> None:
    """Show what changed from one version of SUBJECT to another."""
    console: Console = context.obj
    with console.connect(url) as http:
        schemas = _schemas(http)
        found = [schemas.get(subject, version) for version in (old, new)]
    before, after = (_lines(one.text) for one in found)
    old_name, new_name = (f"{subject} version {one.version}" for one in found)
    lines = difflib.unified_diff(before, after, old_name, new_name, lineterm="")
    console.write("".join(f"{line}\n" for line in lines).encode())


@app.command("delete", epilog=examples("cauce schema delete orders-value --version 3"))
def delete(
    context: typer.Context,
    subject: Subject,
    *,
    version: Annotated[
        str | None,
        typer.Option("--version", metavar="N", show_default="all", help="Only this version."),
    ] = None,
    permanent: Annotated[
        bool, typer.Option("--permanent", help="For good: what was deleted before.")
    ] = False,
    yes: Yes = False,
    quiet: Quiet = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Delete a version of SUBJECT, or all; --permanent once more takes away what was deleted.

    Asks on a terminal; elsewhere --yes must be given.
    """
    console: Console = context.obj
    what = subject if version is None else f"version {version} of {subject}"
    if not yes:
        ask_to_delete(console, f"{what}{' for good' if permanent else ''}")
    with console.connect(url) as http:
        deleted = _schemas(http).delete(subject, version, permanent=permanent)
    if not quiet:
        console.say(f"Deleted of {subject}: {', '.join(map(str, deleted))}.")


@app.command(
    "compat", epilog=examples("cauce schema compat", "cauce schema compat FULL -s orders-value")
)
def compat(
    context: typer.Context,
    level: Annotated[
        str | None, typer.Argument(metavar="LEVEL", help=f"Set it: {', '.join(LEVELS)}.")
    ] = None,
    *,
    subject: MaybeSubject = None,
    unset: Annotated[bool, typer.Option("--unset", help="Take it away again.")] = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Show or set the level of compatibility, of all or of one subject."""
    console: Console = context.obj
    wanted = _choice(level, LEVELS, unset=unset)
    with console.connect(url) as http:
        schemas = _schemas(http)
        if wanted is not None or unset:
            schemas.set_level(wanted, subject)
        console.write(f"{schemas.level(subject)}\n".encode())


@app.command("mode", epilog=examples("cauce schema mode", "cauce schema mode READONLY -s orders"))
def mode(
    context: typer.Context,
    mode: Annotated[
        str | None, typer.Argument(metavar="MODE", help=f"Set it: {', '.join(MODES)}.")
    ] = None,
    *,
    subject: MaybeSubject = None,
    force: Annotated[
        bool, typer.Option("--force", help="IMPORT though there are schemas.")
    ] = False,
    unset: Annotated[bool, typer.Option("--unset", help="Take it away again.")] = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Show or set the mode, of all or of one subject."""
    console: Console = context.obj
    wanted = _choice(mode, MODES, unset=unset)
    if unset and subject is None:
        raise typer.BadParameter("--unset needs --subject")
    with console.connect(url) as http:
        schemas = _schemas(http)
        if wanted is not None or unset:
            schemas.set_mode(wanted, subject, force=force)
        console.write(f"{schemas.mode(subject)}\n".encode())


@app.command(
    "sample",
    epilog=examples(
        "cauce schema sample orders-value",
        "cauce schema sample --id 7",
        "cauce schema sample --file order.avsc",
    ),
)
def sample(
    context: typer.Context,
    subject: Annotated[
        str | None, typer.Argument(metavar="SUBJECT", help="Name of the subject.")
    ] = None,
    *,
    version: Version = "latest",
    number: Annotated[
        int | None, typer.Option("--id", metavar="ID", min=1, help="Instead: a schema's id.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="FILE", help="Instead: a file's text.", exists=True, dir_okay=False
        ),
    ] = None,
    schema_type: SchemaType = None,
    reference: References = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Print an example record that a schema takes, as JSON."""
    if [subject, number, file].count(None) != 2:
        raise typer.BadParameter("give SUBJECT, --id or --file, one of the three")
    console: Console = context.obj
    new = None if file is None else _new_schema(file, schema_type, reference)
    if new is not None and not new.references:
        console.write(_sample(new, None))
        return
    with console.connect(url) as http:
        schemas = _schemas(http)
        if number is not None:
            new = schemas.whole_by_id(number)
        elif new is None:
            found = schemas.get(check_text(subject or ""), version)
            new = _as_new(found)
        console.write(_sample(new, schemas))


def _as_new(found: "Schema | NewSchema") -> "NewSchema":
    from cauce.client.schemas import NewSchema

    return NewSchema(found.text, found.schema_type, found.references)


def _sample(new: "NewSchema", schemas: "Schemas | None") -> bytes:
    """Return an example record of a schema as a line of JSON.

    Raises:
        BadParameter: There is none.
    """
    from schema_registry import model
    from schema_registry.errors import RegistryError
    from schema_registry.serdes.samples import sample_of

    references = _resolved(new.references, schemas, REFERENCE_DEPTH_MAX)
    try:
        value = sample_of(model.SchemaType(new.schema_type), new.text, references)
    except RegistryError as error:
        raise typer.BadParameter(f"no sample: {error}") from None
    return f"{json.dumps(value, ensure_ascii=False, default=str)}\n".encode()


REFERENCE_DEPTH_MAX = 50
"""Levels of references that are followed."""


def _resolved(
    references: "Sequence[Reference]", schemas: "Schemas | None", depth: int
) -> "tuple[ResolvedReference, ...]":
    from schema_registry.model import ResolvedReference

    if not references:
        return ()
    if schemas is None or depth == 0:
        raise typer.BadParameter(f"references lead more than {REFERENCE_DEPTH_MAX} deep")
    found = []
    for one in references:
        schema = schemas.get(one.subject, str(one.version), deleted=True)
        inner = _resolved(schema.references, schemas, depth - 1)
        found.append(ResolvedReference(name=one.name, text=schema.text, references=inner))
    return tuple(found)


def _schemas(http: object) -> "Schemas":
    from cauce.client.http import HttpClient
    from cauce.client.schemas import Schemas

    assert isinstance(http, HttpClient), "what a console connects with"
    return Schemas(http)


def _choice(text: str | None, known: Sequence[str], *, unset: bool) -> str | None:
    if text is None:
        return None
    if unset:
        raise typer.BadParameter("set it or --unset it, one of the two")
    if text.upper() not in known:
        raise typer.BadParameter(f"it is one of {', '.join(known)}, not {text!a}")
    return text.upper()


def _new_schema(file: Path, schema_type: str | None, references: list[str] | None) -> "NewSchema":
    from cauce.client.schemas import NewSchema

    kind = (schema_type or TYPES.get(file.suffix.lower(), "")).upper()
    if kind not in TYPES.values():
        raise typer.BadParameter(f"--type is one of {', '.join(TYPES.values())}")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}") from None
    return NewSchema(text, kind, [_reference(one) for one in references or ()])


def _reference(text: str) -> "Reference":
    from cauce.client.schemas import Reference

    name, equals, rest = check_text(text).partition("=")
    subject, colon, version = rest.rpartition(":")
    if not (name and equals and subject and colon and version.isascii() and version.isdigit()):
        raise typer.BadParameter(f"--reference is NAME=SUBJECT:VERSION, not {text!a}")
    return Reference(name, subject, int(version))


def _lines(text: str) -> list[str]:
    """Return a schema's text in lines: JSON is laid out, anything else is as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False).splitlines()
    except ValueError:
        return text.splitlines()
