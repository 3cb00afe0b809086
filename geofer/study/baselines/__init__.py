"""Other people's methods that the paper compares with."""
