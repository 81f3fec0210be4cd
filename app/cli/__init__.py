"""flask <noun> <verb>, and the supervisor behind `make run`."""
