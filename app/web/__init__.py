"""Screens by audience: each view is one service call and one render; no rule, no SQL, no commit."""
