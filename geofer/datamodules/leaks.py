"""The guard against the commonest mistake of the field: one person on both sides of a split."""

from collections.abc import Mapping
from itertools import combinations

from geofer.errors import LeakError


def check_subjects_apart(splits: Mapping[str, frozenset[int]]) -> None:
    """Refuses splits that share a subject.

    Args:
        splits: Subject numbers by the split's name.

    Raises:
        LeakError: Two splits share subjects; the message names both and lists the subjects.
    """
    for (left, left_subjects), (right, right_subjects) in combinations(splits.items(), 2):
        if shared := sorted(left_subjects & right_subjects):
            listed = ", ".join(map(str, shared[:10])) + (", …" if len(shared) > 10 else "")
            raise LeakError(
                f"{len(shared)} subject(s) are in both the {left} and the {right} split: {listed}. "
                "Results on people seen in training say nothing; assign each subject to one split."
            )
