"""Every command and every block of code in README.md and docs is run, or listed with the reason why it is not.

`documented_commands` tells how to add one. Quick tests parse all commands, slow ones run all pages.
"""

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from glob import glob
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from documented_commands import (
    BEFORE,
    DRY,
    ENDLESS,
    LIGHTNING_COMMANDS,
    NOT_RUN,
    PLANTED,
    PLANTED_FOR_PAGE,
    SMALLER,
    data_settings,
    shortened,
    smaller,
)
from documented_pages import (
    PAGES,
    REPOSITORY,
    Block,
    Command,
    blocks,
    commands,
    documented_commands,
    outside_of_blocks,
)

from geofer.cli import main
from geofer.cli.command import COMMANDS

LANGUAGES = {"console", "python", "yaml", "toml", "bash", "bibtex", ""}
QUICK_PAGES = ("docs/recognize.md",)
DOCUMENTED = documented_commands()
PROJECT = tomllib.loads(REPOSITORY.joinpath("pyproject.toml").read_text())["project"]


def code_blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page) if block.language == language]


def test_the_pages_are_found() -> None:
    assert {"README.md", "docs/configuration.md"} <= set(PAGES)
    assert len(DOCUMENTED) > 50


def test_no_command_hides_from_these_tests() -> None:
    for page in PAGES:
        for block in blocks(page):
            assert block.language in LANGUAGES, f"{page}:{block.line}: nothing looks at {block.language}"
            if block.language == "":
                assert not re.search(r"^\$? ?(geofer|python|pip|make) ", block.text, re.MULTILINE), (
                    f"{page}:{block.line}"
                )
        indented = re.findall(
            r"^(?: {4,}|\t)((?:geofer|python|pip|make|torchrun) .*)", outside_of_blocks(page), re.MULTILINE
        )
        assert not indented, f"{page} has commands without ```console: {indented}"


@pytest.mark.parametrize("command", DOCUMENTED, ids=str)
def test_command_is_run_or_listed(command: Command) -> None:
    if command.text in NOT_RUN:
        return
    words = [word for word in shlex.split(command.text) if not re.fullmatch(r"[A-Z_]+=\S*", word)]
    assert words[0] in ("geofer", *DRY), (
        f"{command}: add it to NOT_RUN of tests/helpers/documented_commands.py, or let it be run"
    )
    assert not {"&&", "|", ";", ">"} & set(words), f"{command}: one command a line, please"
    if words[0] == "geofer" and not words[1].startswith("--"):
        assert words[1] in COMMANDS, f"{command}: there is no such command"


def test_lists_hold_nothing_that_left_the_pages() -> None:
    texts = {command.text for command in DOCUMENTED} | {block.text for block in code_blocks("bash")}
    assert set(NOT_RUN) <= texts
    everything = "\n".join([*texts, *(block.text for block in code_blocks("python"))])
    assert [old for old, _ in SMALLER if old not in everything] == []
    assert set(BEFORE) <= {block.text.splitlines()[0] for block in code_blocks("python")}


def test_names_in_the_prose_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", REPOSITORY.joinpath("Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for code in re.findall(r"`([^`\n]+)`", outside_of_blocks(page)):
            words = code.split()
            where = f"{page}: `{code}`"
            if words[0] == "geofer" and len(words) > 1 and not words[1].startswith("-"):
                assert set(words[1].split("|")) <= set(COMMANDS), where
            elif words[0] == "python" and len(words) > 1 and words[1].endswith(".py"):
                assert REPOSITORY.joinpath(words[1]).exists(), where
            elif words[0] == "make" and len(words) > 1:
                assert words[1] in targets, where
            elif words[:2] == ["pip", "install"]:
                check_extras(code)


def check_extras(text: str) -> None:
    """That the extras of geofer in a text exist."""
    for extras in re.findall(r"(?:geofer|\.)\[([\w,]+)\]", text):
        assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"]), text


def parsed(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict:
    """The configuration that a command of the trainer comes to."""
    with pytest.raises(SystemExit) as end:
        main([*words, "--print_config"])
    printed = capsys.readouterr()
    assert end.value.code == 0, printed.err
    return yaml.safe_load(printed.out)


def trainer_words(command: Command) -> list[str] | None:
    """What `geofer fit` and its like get as arguments; None for other commands."""
    words = shlex.split(command.text)
    if "geofer" not in words[:-1] or words[0] == "git":
        return None
    command, *rest = words[words.index("geofer") + 1 :]
    if command == "cross-validate":
        return ["fit", *(rest[2:] if rest[0] == "--folds" else rest)]
    if command == "prepare" and "--config" in rest:
        own = {
            place + after for place, word in enumerate(rest) if word in ("--engine", "--address") for after in (0, 1)
        }
        return ["fit", *(word for place, word in enumerate(rest) if place not in own)]
    if command not in LIGHTNING_COMMANDS or any(word.startswith("runs/") and word.endswith(".yaml") for word in rest):
        return None
    return [command, *rest]


TRAINER_COMMANDS = {" ".join(words): command for command in DOCUMENTED if (words := trainer_words(command))}


@pytest.mark.parametrize("command", TRAINER_COMMANDS.values(), ids=str)
def test_command_of_the_trainer_parses(command: Command, capsys, monkeypatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    words = trainer_words(command)
    assert words is not None
    config = parsed(words, capsys)
    for name, value in pairwise(words):
        if name in ("--data.root", "--data.table"):
            assert config["data"]["init_args"][name.rpartition(".")[2]].rstrip("/") == value.rstrip("/")


@pytest.mark.parametrize("block", code_blocks("yaml"), ids=lambda block: f"{block.page}:{block.line}")
def test_configuration_parses(block: Block, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    file = tmp_path / "documented.yaml"
    file.write_text(block.text)
    base = "face-table" if "preparation" in block.text else "kdef"
    configs = ["--config", "experiment/tuned-64", "--config", f"data/{base}", "--config", str(file)]
    config = parsed(["fit", *configs], capsys)
    for part, settings in yaml.safe_load(block.text).items():
        if "class_path" in settings:
            assert config[part]["class_path"] == settings["class_path"]
            settings, config[part] = settings.get("init_args", {}), config[part]["init_args"]
        assert set(settings) <= set(config[part])


@pytest.mark.parametrize("block", code_blocks("toml"), ids=lambda block: f"{block.page}:{block.line}")
def test_toml_parses(block: Block) -> None:
    assert tomllib.loads(block.text)


@pytest.mark.parametrize("command", [command for command in DOCUMENTED if command.text.split()[0] in DRY], ids=str)
def test_command_that_is_only_looked_at(command: Command) -> None:
    if command.text in NOT_RUN:
        return
    program, *arguments = shlex.split(command.text)
    if program == "make":
        done = subprocess.run(["make", "-n", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    elif program == "pip":
        assert arguments[0] in ("install", "wheel")
        check_extras(command.text)
    elif arguments[:2] == ["-m", "geofer"]:
        assert arguments[2] in COMMANDS
    else:
        source = REPOSITORY.joinpath(arguments[0]).read_text()
        for option in (argument for argument in arguments[1:] if argument.startswith("--")):
            assert f'"{option}"' in source, f"{command}: {option}"


@pytest.mark.parametrize(
    "command", [command for command in DOCUMENTED if set(command.text.split()[1:2]) & ENDLESS.keys()], ids=str
)
def test_command_that_never_ends_has_its_options(command: Command, capsys) -> None:
    _, command, *arguments = shlex.split(command.text)
    assert main([command, "--help"]) == 0
    told = capsys.readouterr().out
    assert all(argument in told for argument in arguments if argument.startswith("--"))


class Workplace:
    """The folder in which a reader follows one page, from its first block to its last."""

    def __init__(self, page: str, folder: Path, shared: Path, faces: list) -> None:
        self.page = page
        self.folder = folder
        self.shared = shared
        self.faces = faces
        self.planters = {**PLANTED, **PLANTED_FOR_PAGE.get(page, {})}
        for name in ("configs", "experiments", "tools", "training", "benchmarks"):
            folder.joinpath(name).symlink_to(REPOSITORY / name)
        folder.joinpath("data").symlink_to(shared / "data")

    def plant(self, text: str) -> None:
        """Put what a command or a block of code names where it looks for it."""
        for name, planter in self.planters.items():
            if names(name, text) and not self.folder.joinpath(name).exists():
                planter(self.folder / name, self.faces)
        for name in ("quickstart", "quickstart-classifier"):
            run = self.folder / "runs" / name
            if names(f"runs/{name}", text) and not run.exists():
                shutil.copytree(trained(self.shared) / name, run)

    def run(self, command: Command, capsys: pytest.CaptureFixture[str]) -> None:
        """Run one command of the page, and compare what it prints with what the page says."""
        if command.text in NOT_RUN or command.text.split()[0] in DRY or command.text.split()[1] in ENDLESS:
            return
        words = shlex.split(smaller(command.text))
        with pytest.MonkeyPatch.context() as environment:
            while "=" in words[0]:
                environment.setenv(*words.pop(0).split("=", 1))
            self.plant(" ".join(w for o, w in pairwise(["", *words]) if o not in ("--output", "--annotate")))
            words = [found for word in words[1:] for found in expanded(word)]
            if words[0] in (*LIGHTNING_COMMANDS, "cross-validate", "prepare") and "--config" in words:
                self.plant(str(data_settings(words)) if not any("root" in word for word in words) else "")
            if words[0] in LIGHTNING_COMMANDS[1:]:
                self.train_first(words, capsys)
            geofer(shortened(words), command, capsys)

    def train_first(self, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        """A test needs a run, which the page's reader has made."""
        config = Path(words[words.index("--config") + 1])
        if not config.is_relative_to("runs") and not Path("runs", config.stem).exists():
            geofer(shortened(["fit", *words[1:]]), f"before {words}", capsys)

    def execute(self, block: Block) -> None:
        """Run a block of Python, as if in a file of its own."""
        text = smaller(block.text)
        before = BEFORE.get(block.text.splitlines()[0], "")
        self.plant(re.sub(r"#.*", "", f"{before}\n{text}"))
        exec(compile(before + "\n" + text, f"{block.page}:{block.line}", "exec"), {"__name__": "documented"})


def names(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w-]|\.\w)", text) is not None


def expanded(word: str) -> list[str]:
    """What a shell makes of a word; an ellipsis stands for a digest that the page cannot know."""
    pattern = word.replace("…", "*")
    return sorted(glob(pattern)) or [word] if "*" in pattern and " " not in pattern else [word]


def geofer(words: list[str], told: object, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(words)
    printed = capsys.readouterr()
    assert code == 0, f"{told}\nran as geofer {shlex.join(words)}\n{printed.err[-3000:]}"
    if isinstance(told, Command):
        compare(told, printed.out)


def compare(command: Command, printed: str) -> None:
    """That a command prints the lines that its page shows, numbers within two of each other."""
    lines = [line.rstrip() for line in printed.splitlines()]
    for line in command.output:
        if line.strip() not in ("", "…"):
            assert any(alike(line.rstrip(), other) for other in lines), (
                f"{command} did not print\n{line}\nbut\n{printed}"
            )


def alike(one: str, other: str) -> bool:
    number = r"[-+−]?\d+(?:\.\d+)?"
    if re.sub(number, "0", one) != re.sub(number, "0", other):
        return False
    pairs = zip(re.findall(number, one), re.findall(number, other), strict=True)
    return all(abs(float(a.replace("−", "-")) - float(b.replace("−", "-"))) <= 2 for a, b in pairs)


def trained(shared: Path) -> Path:
    """The folder of the quickstart's two runs, trained and tested when they are first asked for."""
    runs = shared / "runs"
    if not runs.exists():
        before = Path.cwd()
        os.chdir(shared)
        try:
            for name in ("quickstart", "quickstart-classifier"):
                for command in ("fit", "test"):
                    assert main(shortened([command, "--config", name])) == 0
        finally:
            os.chdir(before)
    return runs


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all pages have in common: data sets, two trained runs."""
    folder = tmp_path_factory.mktemp("documented")
    folder.joinpath("data").mkdir()
    return folder


@pytest.mark.filterwarnings("ignore::UserWarning")  # the sets are larger than those planted
@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=() if page in QUICK_PAGES else pytest.mark.slow) for page in PAGES]
)
def test_page_runs(page: str, shared, geofer_cache, tmp_path, rendered_pictures, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEOFER_CACHE", str(geofer_cache))
    monkeypatch.setenv("WANDB_MODE", "offline")
    workplace = Workplace(page, tmp_path, shared, rendered_pictures)
    for block in blocks(page):
        if block.language == "console":
            for command in commands(block):
                workplace.run(command, capsys)
        elif block.language == "python":
            workplace.execute(block)
