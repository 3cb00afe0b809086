"""The way from pictures to a cache of cropped faces: configuration, listing, detection, index, files, opening."""
