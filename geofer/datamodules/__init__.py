"""One LightningDataModule per data set, over one store of faces."""
