"""What accompanies a run: pictures, tables, guards."""
