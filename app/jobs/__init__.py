"""Jobs: ids in, one service call out; each may run twice."""
