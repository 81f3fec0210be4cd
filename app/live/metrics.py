"""Figures of the live engine for /metrics: how many look, how much is sent, and what had to be healed."""

from prometheus_client import Counter, Gauge, Histogram

connections = Gauge("annae_live_connections", "Open sockets of this process", multiprocess_mode="livesum")
sent = Counter("annae_live_sent", "Frames handed to a socket")
conflated = Counter("annae_live_conflated", "Frames replaced by a newer one before a slow reader took them")
flooded = Counter("annae_live_flooded", "Readers whose backlog overflowed and who get a snapshot")
dropped = Counter("annae_live_dropped", "Sockets cut off: no progress, or no pong")
refused = Counter("annae_live_refused", "Sockets not admitted", ["limit"])
gaps = Counter("annae_live_gaps", "Notices that showed that an earlier one was lost")
healed = Counter("annae_live_healed", "Topics that moved without a notice, found by the database check")
failed = Counter("annae_live_failed", "Renders or checks that failed")
publish_to_send = Histogram(
    "annae_live_publish_to_send_seconds",
    "From the notice's arrival to the last socket's frame",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2),
)
