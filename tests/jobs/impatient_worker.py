"""The product's own worker, in a hurry: `python -m tests.jobs.impatient_worker`; a test cannot wait a minute."""

import worker

worker.WORKER_TTL_SECONDS = 16  # RQ looks around after this less 15
worker.MAINTENANCE_SECONDS = 1
worker.MONITORING_SECONDS = 1
worker.SILENCE_SECONDS = 2

if __name__ == "__main__":
    worker.work()
