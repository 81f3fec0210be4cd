"""What operators see: logs without names, metrics without ids."""
