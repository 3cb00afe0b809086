"""Pictures in, faces with their expressions out."""
