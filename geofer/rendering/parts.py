"""What a triangle of a head belongs to: skin, eyes and so on; locks of hair and frames of glasses are put on."""

SKIN, EYE, TEETH, TONGUE, LASH, HAIR, FRAME = range(7)
