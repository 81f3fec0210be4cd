"""The way in: what the EMR has changed is read, matched and told to the rooms it concerns."""
