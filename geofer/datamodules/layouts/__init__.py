"""How data sets lie on disk: lists, tables and trees of pictures, and the base of the data modules that read them."""
