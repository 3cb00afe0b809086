"""What the paper compares: a study a table or figure."""
