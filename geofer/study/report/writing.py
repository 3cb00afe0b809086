"""From finished runs to the files of a study: tables, figures, and a report beside the numbers of the paper."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from geofer.callbacks.synthesis import Gallery
from geofer.figures import save_figure
from geofer.metrics.groups import groups_csv
from geofer.metrics.report import RecognitionReport
from geofer.metrics.synthesis_report import synthesis_csv
from geofer.paths import written_whole
from geofer.study.design import Row, Study
from geofer.study.measures.runs import Measures
from geofer.study.report.accuracy import as_csv, as_latex, as_markdown, figure, headings, table
from geofer.study.report.cells import Lines, cells_as_csv, cells_as_markdown
from geofer.study.report.groups import Group, group_lines, groups_figure, pooled_curves, pooled_groups
from geofer.study.report.rows import CONFUSION, FORMATS, POSE_EXPRESSION, expression_lines, pooled, write_row_tables
from geofer.study.report.synthesis import EXPLANATION, generators_figure, strips_figure, synthesis_lines
from geofer.study.running import Result

SHOWN = (1, 2)
"""Which poses of `geofer.callbacks.synthesis.Gallery` stand beside each other."""


def write_report(
    study: Study,
    results: Sequence[Result],
    folder: Path,
    settings: str,
    measures: Mapping[tuple[str, int], Measures] = MappingProxyType({}),
    differences: Sequence[str] = (),
) -> Path:
    """Writes ``table.csv``, ``.md`` and ``.tex``, ``figure.png`` and ``.pdf``, tables of each row, and ``report.md``.

    The rows' own tables lie in ``rows/<row>/``, see `geofer.study.report.rows.write_row_tables`; what all rows
    recognize of each expression, in ``expressions.csv`` and ``.md``. If it is known whom the faces show, there are
    ``groups.csv`` and ``.md``, too; and what `write_measure_report` writes of measures.

    Args:
        study: What was compared.
        results: All finished runs, at least one.
        folder: Where to write.
        settings: The command that made them, for the reader.
        measures: What was measured of finished runs beside their accuracy, by row and seed.
        differences: In what the faces differ from those of the paper's numbers.

    Returns:
        The path of ``report.md``.
    """
    lines, heads = table(study, results), headings(study, not differences)
    for suffix, text in (
        ("csv", as_csv(heads, lines)),
        ("md", as_markdown(heads, lines)),
        ("tex", as_latex(heads, lines)),
    ):
        _write(folder / f"table.{suffix}", text)
    drawn = figure(study, lines)
    for suffix in ("png", "pdf"):
        save_figure(drawn, folder / f"figure.{suffix}")
    reports = _reports(study, results)
    for row, report in reports.items():
        write_row_tables(report, row.title, folder / "rows" / row.name)
    expressions = expression_lines({row.title: report for row, report in reports.items()})
    _write_cells(expressions, folder / "expressions")
    people = group_lines(_groups(study, results))
    if len(people) > 1:
        _write_cells(people, folder / "groups")
    measured = write_measure_report(study, measures, results[0].report.expressions, folder)
    path = folder / "report.md"
    _write(path, _report(study, as_markdown(heads, lines), expressions, results, settings, differences) + measured)
    return path


def _reports(study: Study, results: Sequence[Result]) -> dict[Row, RecognitionReport]:
    """What each row with a finished run recognizes, its seeds counted together."""
    seeds = {row: [result.report for result in results if result.row == row.name] for row in study.rows}
    return {row: pooled(reports) for row, reports in seeds.items() if reports}


def _write_cells(lines: Lines, path: Path) -> None:
    """Writes a table as ``.csv`` and ``.md``."""
    for suffix, text in (("csv", cells_as_csv(lines)), ("md", cells_as_markdown(lines))):
        _write(path.with_suffix(f".{suffix}"), text)


def _report(
    study: Study, lines: str, expressions: Lines, results: Sequence[Result], settings: str, differences: Sequence[str]
) -> str:
    subjects = sorted({result.report.subjects for result in results})
    faces = sorted({result.report.faces for result in results})
    of_each = "Mean over expressions of the share of their faces that is recognized, over all"
    score = "Accuracy over all" if study.score == "accuracy" else of_each
    return (
        f"# {study.title}\n\nIn the paper: {study.source}.\n\n    {settings}\n\n"
        f"{score} test faces in percent ({_range(faces)} faces of {_range(subjects)} unseen people a run). "
        "± is the standard deviation over seeds, 95 % the confidence interval of their mean (Student's t); differences "
        f"are to the row “{study.row(study.reference).title}”, seed by seed.{_protocol(study, differences)}\n\n"
        f"{lines}\n![{study.title}](figure.png)\n\n{_not_run(study)}{_expressions(expressions)}"
        f"{_rows(study, {result.row for result in results})}{_people(study, results)}"
    )


def _protocol(study: Study, differences: Sequence[str]) -> str:
    """What the paper's numbers stand on, beside what ours do."""
    if study.protocol is None:
        return ""
    paper = f" The paper's numbers are of {study.protocol.name}: {study.protocol.text}."
    if not differences:
        return f"{paper} These are such faces."
    return f"{paper} These are other faces ({'; '.join(differences)}): compare differences, not values."


def _not_run(study: Study) -> str:
    """Rows of the paper's table that are not run, each with its reason."""
    if not study.quoted:
        return ""
    reasons = "".join(f"- {quoted.title}: {quoted.reason}\n" for quoted in study.quoted)
    return f"## Rows of the paper that are not run\n\n{reasons}\n"


def _expressions(lines: Lines) -> str:
    """Accuracy by expression."""
    return (
        "## By expression\n\nAs in Table X of the paper, in percent of each expression's faces, the faces of all seeds "
        f"together.\n\n{cells_as_markdown(lines)}\n"
    )


def _groups(study: Study, results: Sequence[Result]) -> dict[str, dict[Group, float]]:
    """Title of each row whose people are known, and the accuracy of their groups."""
    seeds = {row.title: [r.groups for r in results if r.row == row.name and r.groups] for row in study.rows}
    return {title: pooled_groups(groups) for title, groups in seeds.items() if groups}


def _people(study: Study, results: Sequence[Result]) -> str:
    """Accuracy by groups of people, where it is known whom the faces show."""
    lines = group_lines(_groups(study, results))
    if len(lines) == 1:
        return ""
    return (
        "\n## By groups of people\n\nAccuracy in percent by gender, age and largest share of ancestry of the people, "
        "who are rendered; the faces of all seeds together. The gap is the largest difference between groups of one "
        "kind: with few people it is mostly chance.\n\n"
        f"{cells_as_markdown(lines)}"
    )


def _rows(study: Study, finished: Collection[str]) -> str:
    """Links to what each row recognizes, and the reference row's pictures."""

    def links(row: Row, name: str) -> str:
        return ", ".join(f"[{suffix}](rows/{row.name}/{name}.{suffix})" for suffix in FORMATS)

    rows = "".join(
        f"| {row.title} | {links(row, POSE_EXPRESSION)} | {links(row, CONFUSION)} |\n"
        for row in study.rows
        if row.name in finished
    )
    text = (
        "## By pose and expression\n\nAs Tables III and V and Fig. 4 of the paper, the faces of all seeds together; "
        "the interval of a table is the mean of the seeds' intervals.\n\n"
        f"| row | accuracy by pose and expression | confusion |\n| --- | --- | --- |\n{rows}"
    )
    if study.reference in finished:
        title, folder = study.row(study.reference).title, f"rows/{study.reference}"
        text += f"\n![{title}, by pose and expression]({folder}/{POSE_EXPRESSION}.png)\n"
        text += f"\n![{title}, confusion]({folder}/{CONFUSION}.png)\n"
    return text


def _range(values: Sequence[int]) -> str:
    return f"{values[0]:,}" if len(values) == 1 else f"{values[0]:,}–{values[-1]:,}"


def write_measure_report(
    study: Study, measures: Mapping[tuple[str, int], Measures], expressions: Sequence[str], folder: Path
) -> str:
    """Writes tables and figures of what was measured.

    Of synthetic faces ``synthesis.csv``, a line a run with all measures and intervals, ``synthesis.md``, ``faces.jpg``
    and ``strips.jpg``; of robustness ``robustness.csv`` and ``.png``.

    Args:
        study: Whose rows they are.
        measures: By row and seed.
        expressions: Names of the expressions.
        folder: Where to write.

    Returns:
        Sections of the report in Markdown; empty if nothing was measured.
    """
    return _synthesis(study, measures, expressions, folder) + _robustness(study, measures, folder)


def _synthesis(
    study: Study, measures: Mapping[tuple[str, int], Measures], expressions: Sequence[str], folder: Path
) -> str:
    runs = {key: found.synthesis for key, found in sorted(measures.items()) if found.synthesis is not None}
    if not runs:
        return ""
    by_row = {row.title: [runs[key] for key in runs if key[0] == row.name] for row in study.rows}
    lines = synthesis_lines({title: reports for title, reports in by_row.items() if reports})
    _write(folder / "synthesis.csv", synthesis_csv({f"{row}-{seed}": report for (row, seed), report in runs.items()}))
    _write(folder / "synthesis.md", cells_as_markdown(lines))
    text = f"\n## Synthetic faces\n\n{EXPLANATION}\n\n{cells_as_markdown(lines)}"
    seed = min((seed for (_, seed), found in measures.items() if found.pictures is not None), default=0)
    shown = {
        row.title: found.pictures
        for row in study.rows
        if (found := measures.get((row.name, seed))) is not None and found.pictures is not None
    }
    if shown:
        figures = {"faces": generators_figure(shown, Gallery.pose_names, expressions, SHOWN)}
        if all(len(pictures.strip) for pictures in shown.values()):
            figures["strips"] = strips_figure(shown)
        for name, figure in figures.items():
            save_figure(figure, folder / f"{name}.jpg")
        titles = {"faces": "One test person, as Fig. 7", "strips": "From one expression to another, as Fig. 8"}
        text += "".join(f"\n![{titles[name]}]({name}.jpg)\n" for name in figures)
    return text


def _robustness(study: Study, measures: Mapping[tuple[str, int], Measures], folder: Path) -> str:
    seeds = {row: [m.robustness for (name, _), m in measures.items() if name == row.name] for row in study.rows}
    curves = {row: pooled_curves(found) for row, found in seeds.items() if any(found)}
    if not curves:
        return ""
    lines = [f"row,{line}" for line in groups_csv([]).splitlines()]
    for row, groups in curves.items():
        lines += [f"{row.name},{line}" for line in groups_csv(groups).splitlines()[1:]]
    _write(folder / "robustness.csv", "".join(f"{line}\n" for line in lines))
    figure = groups_figure({row.title: groups for row, groups in curves.items()}, study.title)
    save_figure(figure, folder / "robustness.png")
    return (
        "\n## Robustness\n\nAccuracy in percent by yaw and pitch, and on test faces that are partly covered, of lower "
        "resolution, and in other light, with 95 % intervals over people; the numbers are in "
        "[robustness.csv](robustness.csv).\n\n![Robustness](robustness.png)\n"
    )


def _write(path: Path, text: str) -> None:
    with written_whole(path) as file:
        file.write(text.encode())
