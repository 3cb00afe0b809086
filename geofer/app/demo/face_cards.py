"""What was recognized, as the page shows it: one card a face."""

from collections.abc import Sequence
from html import escape
from math import isfinite

from geofer.app.demo.pose_icon import pose_icon
from geofer.app.recognition.recognized_face import RecognizedFace

MOST_CARDS = 12


def notice(text: str, kind: str = "hint") -> str:
    """A line that tells something.

    Args:
        text: Plain text; whatever it holds, it is shown as it is.
        kind: ``hint``, ``warning`` or ``error``.
    """
    role = "alert" if kind == "error" else "status"
    return f'<p class="notice {kind}" role="{role}">{escape(text)}</p>'


def face_cards(faces: Sequence[RecognizedFace]) -> str:
    """A card for each face, the largest face first."""
    cards = [_card(number, face, len(faces)) for number, face in enumerate(faces[:MOST_CARDS], start=1)]
    if len(faces) > MOST_CARDS:
        cards.append(notice(f"{len(faces) - MOST_CARDS} smaller faces are marked in the picture only."))
    return f'<div class="faces">{"".join(cards)}</div>'


def _card(number: int, face: RecognizedFace, of: int) -> str:
    which = f'<span class="which">face {number} of {of}</span>' if of > 1 else ""
    sure = face.probabilities[face.expression]
    bars = "".join(_bar(name, share, name == face.expression) for name, share in face.probabilities.items())
    return (
        f'<article class="face">{which}<h3><span class="expression">{escape(face.expression)}</span> '
        f'<span class="sure">{sure:.0%}</span></h3><dl class="bars">{bars}</dl>{_pose(face)}</article>'
    )


def _bar(name: str, share: float, first: bool) -> str:
    return (
        f'<div class="bar{" first" if first else ""}" data-expression="{escape(name)}"><dt>{escape(name)}</dt>'
        f'<dd><span class="track"><span class="fill" style="width:{share:.1%}"></span></span>'
        f'<span class="share">{share:.0%}</span></dd></div>'
    )


def _pose(face: RecognizedFace) -> str:
    if not all(map(isfinite, (face.yaw, face.pitch, face.roll))):
        return notice("The head pose cannot be told from these landmarks.", "warning")
    angles = {"yaw": face.yaw, "pitch": face.pitch, "roll": face.roll}
    told = "".join(f"<span><small>{name}</small> {angle:+.0f}°</span>" for name, angle in angles.items())
    known = face.reliability
    trust = "Not tested at this pose." if known is None else f"Right in {known:.0%} of tests at this pose."
    icon = pose_icon(face.yaw, face.pitch, face.roll)
    warning = notice(f"{face.warning[0].upper()}{face.warning[1:]}.", "warning") if face.warning else ""
    return f'<div class="pose">{icon}<div><p class="angles">{told}</p><p class="trust">{trust}</p></div></div>{warning}'
