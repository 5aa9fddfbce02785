"""The rules of the house that a machine can keep: sizes, mirrors, leftovers, links."""

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "storage", "schema_registry", "cauce")
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
FOLDER_ENTRIES_MAX = 20
LEFTOVERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b|pytest\.mark\.(sk" r"ip|xf" r"ail)")
REGISTRIES = re.compile(
    r"https?://[^\s\"']*(pypi|pythonhosted|npmjs|registry|mirror)", re.IGNORECASE
)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(work|root|home)/[a-z]")
LINK = re.compile(r"\[[^\]]*\]\(([^)#:\s]+)(#[^)]*)?\)")


def committed(*suffixes: str) -> list[Path]:
    """Return the project's files, as git knows them, with these suffixes."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in names.splitlines()]
    return [path for path in paths if path.exists() and (not suffixes or path.suffix in suffixes)]


def test_no_python_file_is_longer_than_its_bound() -> None:
    long = [
        path for path in committed(".py") if len(path.read_text().splitlines()) > FILE_LINES_MAX
    ]

    assert long == []


def test_no_function_is_longer_than_its_bound() -> None:
    long = []
    for path in committed(".py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                if node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX:
                    long.append(f"{path.relative_to(ROOT)}: {node.name}")

    assert long == []


def test_no_folder_has_more_entries_than_its_bound() -> None:
    folders: dict[Path, set[str]] = {}
    for path in committed():
        for folder in path.relative_to(ROOT).parents:
            inner = path.relative_to(ROOT / folder)
            folders.setdefault(folder, set()).add(inner.parts[0])
    modules = {
        folder: {name for name in names if name.endswith(".py") and name != "__init__.py"}
        for folder, names in folders.items()
    }

    assert [
        str(folder) for folder, names in modules.items() if len(names) > FOLDER_ENTRIES_MAX
    ] == []


def test_every_unit_test_mirrors_a_module() -> None:
    unit = ROOT / "tests" / "unit"
    strays = []
    for path in committed(".py"):
        if path.is_relative_to(unit) and path.name.startswith("test_"):
            module = ROOT / path.relative_to(unit).with_name(path.name.removeprefix("test_"))
            package = module.with_suffix("")
            if not module.exists() and not (package / "__init__.py").exists():
                strays.append(str(path.relative_to(ROOT)))

    assert strays == []


def test_every_module_has_its_unit_test() -> None:
    """Each module has a test of its own, or is held to one with all modules of its package."""
    unit = ROOT / "tests" / "unit"
    without = []
    for path in committed(".py"):
        relative = path.relative_to(ROOT)
        if relative.parts[0] in PACKAGES and path.name != "__init__.py":
            folder = (unit / relative).parent
            own = folder / f"test_{path.name}"
            of_package = folder.with_name(f"test_{folder.name}.py")
            if not own.exists() and not of_package.exists():
                without.append(str(relative))

    assert without == []


def test_every_python_package_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in committed(".py")
        if path.relative_to(ROOT).parts[0] in PACKAGES
        and ast.get_docstring(ast.parse(path.read_text())) is None
    ]

    assert silent == []


def test_nothing_is_left_over() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in committed(".py", ".md", ".toml", ".yaml", ".yml")
        if (match := LEFTOVERS.search(path.read_text()))
    ]

    assert found == []


def test_nothing_names_a_registry_or_a_path_of_a_machine() -> None:
    files = committed(".py", ".md", ".toml", ".lock", ".json", ".yaml", ".yml", ".in", "")
    texts = {path: path.read_text(errors="replace") for path in files if path != Path(__file__)}
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path, text in texts.items()
        for pattern in (REGISTRIES, MACHINE_PATHS)
        if (match := pattern.search(text))
    ]

    assert found == []
    assert "resolved" not in texts[ROOT / "package-lock.json"]


def test_every_link_of_the_documents_leads_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in committed(".md")
        for target, _ in LINK.findall(path.read_text())
        if not (path.parent / target).exists()
    ]

    assert broken == []
