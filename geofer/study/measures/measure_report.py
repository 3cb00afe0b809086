"""What a study's report says of the measures beside accuracy: synthetic faces, and robustness."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from geofer.callbacks.synthesis import Gallery
from geofer.figures import save_figure
from geofer.metrics.groups import groups_csv
from geofer.metrics.synthesis_report import synthesis_csv
from geofer.paths import written_whole
from geofer.study.design import Study
from geofer.study.measures.measured import Measures
from geofer.study.report.cells import cells_as_markdown
from geofer.study.report.group_figures import groups_figure
from geofer.study.report.robustness_tables import pooled_curves
from geofer.study.report.synthesis_figures import generators_figure, strips_figure
from geofer.study.report.synthesis_tables import EXPLANATION, synthesis_lines

SHOWN = (1, 2)
"""Which poses of `geofer.callbacks.synthesis.Gallery` stand beside each other."""


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
